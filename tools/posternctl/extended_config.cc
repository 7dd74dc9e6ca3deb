// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/extended_config.h"

#include <fmt/format.h>

#include <filesystem>

#include "policy/config/config_files.h"
#include "policy/config/document_include.h"
#include "tools/posternctl/new_file.h"

namespace postern::ctl {

namespace {

namespace fs = std::filesystem;

// As an include says it: relative to the configuration's folder where it is below it.
std::string pattern_for(const std::string& config, const std::string& path) {
    const fs::path folder = fs::absolute(config).lexically_normal().parent_path();
    const fs::path file = fs::absolute(path).lexically_normal();
    const std::string relative = file.lexically_relative(folder).string();
    return relative.empty() || relative.starts_with("..") ? file.string() : relative;
}

std::nullptr_t fail(Problems& problems, const std::string& file, const std::string& message) {
    problems.push_back({.file = file, .message = message});
    return nullptr;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// Problems speak of the copies; nobody knows those names.
void rename_file(Problems& problems, const std::string& copy, const std::string& original) {
    for (Problem& problem : problems) {
        replace_all(problem.file, copy, original);
        replace_all(problem.message, copy, original);
    }
}

}  // namespace

std::string missing_include(const std::string& config, const std::string& path) {
    const auto text = read_config_file(config);
    if (!text) return config + ": " + text.error();
    const auto include = find_include(*text);
    if (!include) {
        return fmt::format(
            "{} does not include {}; add this line to it, above the first section: "
            "include = [\"{}\"]",
            config, path, pattern_for(config, path));
    }
    if (includes(*include, config, path)) return "";
    return fmt::format("{} does not include {}; add \"{}\" to its `include` in line {}", config,
                       path, pattern_for(config, path), include->line);
}

std::unique_ptr<const config::Config> load_with(const std::string& config, const AddedFile& added,
                                                Problems& problems) {
    const auto text = read_config_file(config);
    if (!text) return fail(problems, config, text.error());
    const auto include = find_include(*text);
    if (!include) return fail(problems, config, "has no `include`");

    const std::string folder = fs::temp_directory_path().string();
    const auto policies = NewFile::write(folder, added.text);
    if (!policies) return fail(problems, added.path, policies.error());
    std::vector<std::string> patterns;
    for (const std::string& pattern : include->patterns)
        patterns.push_back(rooted(pattern, config));
    patterns.push_back(policies->path());
    const auto main = NewFile::write(folder, with_patterns(*text, *include, patterns));
    if (!main) return fail(problems, config, main.error());

    auto loaded = config::load(main->path(), problems);
    rename_file(problems, policies->path(), added.path);
    rename_file(problems, main->path(), config);
    return loaded;
}

}  // namespace postern::ctl
