// SPDX-License-Identifier: Apache-2.0
//
// simulate_faults --seeds FIRST..LAST | --seed N: randomised runs; a run that fails prints the line
// that replays it, and --seed tells what happens in one.
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/random_run.h"

namespace {

using postern::simulator::RandomRun;

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

int replay(std::uint64_t seed) {
    std::vector<std::string> log;
    const std::string wrong = RandomRun(seed, &log).run();
    for (const std::string& line : log) std::printf("%s\n", line.c_str());
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                wrong.empty() ? "all is well" : wrong.c_str());
    return wrong.empty() ? 0 : 1;
}

int run(const char* program, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const std::string wrong = RandomRun(seed).run();
        if (wrong.empty()) continue;
        std::printf("%s --seed %llu    # %s\n", program, static_cast<unsigned long long>(seed),
                    wrong.c_str());
        return 1;
    }
    std::printf("seeds %llu..%llu: all is well\n", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(last));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 3 && std::string_view(arguments[1]) == "--seed") {
        if (const auto seed = number(arguments[2])) return replay(*seed);
    }
    if (count == 3 && std::string_view(arguments[1]) == "--seeds") {
        const std::string_view range = arguments[2];
        const std::size_t dots = range.find("..");
        const auto first = number(range.substr(0, dots));
        const auto last = dots == range.npos ? std::nullopt : number(range.substr(dots + 2));
        if (first && last) return run(arguments[0], *first, *last);
    }
    std::printf("usage: simulate_faults --seeds FIRST..LAST | --seed N\n");
    return 2;
}
