// SPDX-License-Identifier: Apache-2.0
#include "resolver/config/journal.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <charconv>
#include <fstream>
#include <iterator>

namespace postern::config {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t size_min = 16 * mebibyte;
constexpr std::int64_t lines_most = 1'000'000;

// "512MiB", "1GiB".
std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    if (error != std::errc{} || count > mebibyte) return std::nullopt;
    if (unit == "MiB") return count * mebibyte;
    if (unit == "GiB") return count * 1024 * mebibyte;
    return std::nullopt;
}

// The same for as long as the process lives, reloads included.
journal::HashKey random_key() {
    static const auto key = [] {
        journal::HashKey made{};
        (void)!::getrandom(made.data(), made.size(), 0);  // never fails for so few
        return made;
    }();
    return key;
}

// The first sixteen bytes of the file.
journal::HashKey read_key(Section& section) {
    const auto path = section.text("hash_key_file");
    if (!path) return random_key();
    std::ifstream file(*path, std::ios::binary);
    journal::HashKey key{};
    file.read(reinterpret_cast<char*>(key.data()), static_cast<std::streamsize>(key.size()));
    if (!file) {
        section.error(
            "hash_key_file",
            fmt::format("\"{}\" cannot be read or holds fewer than 16 bytes; make it with "
                        "`head -c 16 /dev/urandom`",
                        *path));
    }
    return key;
}

void read_log(Section section, journal::Settings& settings) {
    if (const auto which = section.choice("decisions", {"all", "refused", "none"}))
        settings.decisions = static_cast<journal::Decisions>(*which);
    if (const auto format = section.choice("format", {"text", "json"}))
        settings.line.format = static_cast<log::Format>(*format);
    if (const auto addresses = section.choice("addresses", {"full", "hash", "domain"}))
        settings.line.addresses = static_cast<journal::Addresses>(*addresses);
    settings.line.key = read_key(section);
    settings.lines_per_second = static_cast<std::uint32_t>(
        section.integer("decisions_per_second", 0, lines_most).value_or(settings.lines_per_second));
    section.finish();
}

void read_tracking(Section section, JournalConfig& journal) {
    if (const auto path = section.text("path")) {
        journal.path = *path;
        if (!path->empty() && path->front() != '/') {
            section.error("path", fmt::format("\"{}\" is not an absolute path; write \"\" to keep "
                                              "no decision log",
                                              *path));
        }
    }
    const Duration retention =
        section.duration("retention", 1h, 24h * 3650).value_or(journal.settings.retention);
    journal.settings.retention = std::chrono::floor<std::chrono::seconds>(retention);
    if (const auto text = section.text("size_max")) {
        const auto size = parse_size(*text);
        if (!size || *size < size_min) {
            section.error("size_max", fmt::format("\"{}\" is no size from 16MiB on; write it like "
                                                  "\"512MiB\" or \"1GiB\"",
                                                  *text));
        }
        journal.settings.bytes_max = size.value_or(journal.settings.bytes_max);
    }
    section.finish();
}

}  // namespace

JournalConfig read_journal(Section log, Section tracking) {
    JournalConfig journal;
    read_log(std::move(log), journal.settings);
    read_tracking(std::move(tracking), journal);
    return journal;
}

}  // namespace postern::config
