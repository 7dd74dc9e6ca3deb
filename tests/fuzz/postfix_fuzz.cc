// SPDX-License-Identifier: Apache-2.0
//
// The Postfix dialect: whatever comes in, each reply is one printable line with an action that
// Postfix knows, since an unknown one would make it defer mail.
#include <algorithm>
#include <array>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/two_ways.h"

namespace postern::fuzz {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_known(std::string_view reply) {
    constexpr std::array<std::string_view, 4> refusals_and_warnings = {
        "action=550 5.7.1 ", "action=451 4.7.1 ", "action=DEFER_IF_PERMIT 4.7.1 ",
        "action=WARN postern: "};
    if (reply == "action=DUNNO") return true;
    return std::any_of(refusals_and_warnings.begin(), refusals_and_warnings.end(),
                       [reply](std::string_view start) { return reply.starts_with(start); });
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

void run(std::string_view bytes) {
    if (bytes.empty() || !is_letter(bytes[0])) return;

    const std::string replies = converse_two_ways(bytes);
    for (std::string_view rest = replies; !rest.empty();) {
        const std::size_t end = rest.find("\n\n");
        require(end != rest.npos, "a reply ends in an empty line");
        require(is_known(rest.substr(0, end)), "Postfix knows the action");
        require(is_printable(rest.substr(0, end)), "a reply is one printable line");
        rest.remove_prefix(end + 2);
    }
}

}  // namespace postern::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    postern::fuzz::run({reinterpret_cast<const char*>(data), size});
    return 0;
}
