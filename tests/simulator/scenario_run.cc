// SPDX-License-Identifier: Apache-2.0
//
// scenario_run FILE...: runs scenario files and tells which hold; --language prints all steps.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/simulator/scenario.h"

namespace {

using postern::simulator::Rule;

void print_language() {
    for (const Rule& rule : postern::simulator::all_rules()) {
        std::printf("%-55s %s\n", rule.pattern, rule.meaning);
    }
}

bool run(const std::string& path) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) {
        std::printf("FAIL %s: cannot be read\n", path.c_str());
        return false;
    }
    const auto outcome = postern::simulator::run_scenario(path, text);
    const std::string name = std::filesystem::path(path).stem().string();
    if (outcome) {
        std::printf("pass %s\n", name.c_str());
    } else {
        std::printf("FAIL %s\n", outcome.error().c_str());
    }
    return outcome.has_value();
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2 && std::string(arguments[1]) == "--language") {
        print_language();
        return 0;
    }
    if (count < 2) {
        std::printf("usage: scenario_run FILE... | --language\n");
        return 2;
    }
    int failed = 0;
    for (int i = 1; i < count; ++i) {
        if (!run(arguments[i])) ++failed;
    }
    std::printf("%d scenarios, %d failed\n", count - 1, failed);
    return failed == 0 ? 0 : 1;
}
