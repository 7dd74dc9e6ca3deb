// SPDX-License-Identifier: Apache-2.0
//
// The milter dialect: whatever comes in, the replies are packets that a mail server understands,
// and say nothing that would break its conversation with a client.
#include <algorithm>
#include <string_view>

#include "resolver/service/milter/packet.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/two_ways.h"

namespace postern::fuzz {

namespace {

using service::milter::length_at;
using service::milter::length_size;

// An SMTP reply line, and its NUL.
bool is_smtp_reply(std::string_view data) {
    constexpr std::string_view starts[] = {"550 5.7.1 ", "451 4.7.1 ", "421 4.7.0 "};
    const bool is_known =
        std::any_of(std::begin(starts), std::end(starts),
                    [data](std::string_view start) { return data.starts_with(start); });
    return is_known && data.ends_with('\0') &&
           std::all_of(data.begin(), data.end() - 1, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_reply(char letter, std::string_view data) {
    switch (letter) {
        case 'O':
            return data.size() == 12;
        case 'c':
            return data.empty();
        case 'y':
            return is_smtp_reply(data);
        case 'h':
            return data.starts_with("X-Postern") && std::count(data.begin(), data.end(), '\0') == 2;
        case 'm':
            return data.substr(4).starts_with("X-Postern") && data.ends_with('\0');
        default:
            return false;
    }
}

}  // namespace

void run(std::string_view bytes) {
    if (bytes.empty() || bytes[0] != '\0') return;

    const std::string replies = converse_two_ways(bytes);
    for (std::string_view rest = replies; !rest.empty();) {
        require(rest.size() > length_size, "a reply has a letter");
        const std::uint32_t length = length_at(rest);
        require(length >= 1 && rest.size() - length_size >= length, "a reply is whole");
        const std::string_view packet = rest.substr(length_size, length);
        require(is_reply(packet[0], packet.substr(1)), "a mail server understands the reply");
        rest.remove_prefix(length_size + length);
    }
}

}  // namespace postern::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    postern::fuzz::run({reinterpret_cast<const char*>(data), size});
    return 0;
}
