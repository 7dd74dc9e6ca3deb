// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <unordered_set>

#include "policy/index/index.h"
#include "policy/model/lint.h"
#include "policy/recipe/recipe_text.h"
#include "resolver/config/config.h"
#include "tools/posternctl/extended_config.h"
#include "tools/posternctl/new_file.h"
#include "tools/posternctl/terminal.h"

namespace postern::ctl {

namespace {

namespace fs = std::filesystem;

// What a recipe comes to in one configuration.
struct Addition {
    AddedFile file;
    std::size_t policies = 0;
    std::string ids_taken;  // "a, b"; empty: all are free
};

std::string ids_taken_by(const policy::Model& model, const std::vector<policy::RecipeStep>& steps) {
    std::unordered_set<std::string> known;
    for (const policy::Policy& policy : model.policies) known.insert(policy.id);
    std::string taken;
    for (const policy::RecipeStep& step : steps) {
        for (const policy::Policy& policy : step.policies) {
            if (known.count(policy.id) != 0) taken += (taken.empty() ? "" : ", ") + policy.id;
        }
    }
    return taken;
}

std::string output_of(const RecipeOptions& options, const policy::Recipe& recipe) {
    if (!options.output.empty()) return options.output;
    return (fs::path(options.config).parent_path() / "policies.d" / (recipe.name + ".toml"))
        .string();
}

// Null after saying what is wrong.
std::optional<Addition> prepare(const RecipeOptions& options) {
    Problems problems;
    const auto config = config::load(options.config, problems);
    if (config == nullptr) {
        complain(problems);
        complain(options.config + " must be in order before anything is added to it");
        return std::nullopt;
    }
    problems.clear();
    const Document document = Document::load(options.recipe, problems);
    const auto recipe = policy::load_recipe(document, problems);
    complain(problems);
    if (!recipe) return std::nullopt;

    const policy::Model& model = config->policies->index().model;
    const auto steps = policy::recipe_steps(*recipe, model.organization.internal_domains);
    Addition addition{
        .file = {.path = output_of(options, *recipe), .text = policy::recipe_text(*recipe, steps)},
        .ids_taken = ids_taken_by(model, steps)};
    for (const policy::RecipeStep& step : steps) addition.policies += step.policies.size();
    return addition;
}

// What stands in the way of adding it, problems of the resulting configuration apart.
std::string obstacle(const RecipeOptions& options, const Addition& addition) {
    if (!addition.ids_taken.empty())
        return "there are policies of these ids already: " + addition.ids_taken;
    if (fs::exists(addition.file.path)) return addition.file.path + " exists already";
    return missing_include(options.config, addition.file.path);
}

// False after saying what would be wrong; warnings are told too.
bool would_load(const RecipeOptions& options, const Addition& addition) {
    const std::string in_the_way = obstacle(options, addition);
    if (!in_the_way.empty()) {
        complain(in_the_way);
        return false;
    }
    Problems problems;
    const auto config = load_with(options.config, addition.file, problems);
    if (config != nullptr) {
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const Problems warnings = policy::lint(*config->policies, now);
        problems.insert(problems.end(), warnings.begin(), warnings.end());
    }
    complain(problems);
    return config != nullptr;
}

tl::expected<void, std::string> write(const AddedFile& file) {
    const std::string folder = fs::absolute(file.path).parent_path().string();
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return tl::unexpected("cannot make " + folder + ": " + error.message());
    auto written = NewFile::write(folder, file.text);
    if (!written) return tl::unexpected(written.error());
    return written->publish(fs::absolute(file.path).string());
}

}  // namespace

int show_recipe(const RecipeOptions& options) {
    const auto addition = prepare(options);
    if (!addition) return exit_no;
    print(addition->file.text);
    return would_load(options, *addition) ? 0 : exit_no;
}

int apply_recipe(const RecipeOptions& options) {
    const auto addition = prepare(options);
    if (!addition) return exit_no;
    if (!would_load(options, *addition)) return complain("nothing was changed");
    const std::string& path = addition->file.path;
    if (!options.yes) {
        print(addition->file.text);
        const std::string question =
            fmt::format("\nWrite these {} policies to {}?", addition->policies, path);
        if (!confirm(question))
            return complain("nothing was changed; --yes agrees without being asked");
    }
    if (const auto written = write(addition->file); !written) return complain(written.error());
    print(fmt::format("{}: {} policies; `posternctl reload` makes the daemon use them\n", path,
                      addition->policies));
    return 0;
}

}  // namespace postern::ctl
