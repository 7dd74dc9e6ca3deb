// SPDX-License-Identifier: Apache-2.0
//
// A From field of any bytes gives mailboxes that hold no more than the field did, and is said to be
// from an address alone only when that is its mailbox.
#include <string>
#include <string_view>
#include <vector>

#include "policy/stages/header_from.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postern::policy;
    const std::vector<postern::Header> headers = {
        {"From", std::string(reinterpret_cast<const char*>(data), size)}};
    const auto mailboxes = header_from(headers, std::pmr::get_default_resource());
    std::size_t held = 0;
    for (const Mailbox& mailbox : mailboxes)
        held += mailbox.address.size() + mailbox.display_name.size();
    // ISO-8859-1 grows to twice its size in UTF-8; an encoded word is longer than that by itself.
    postern::fuzz::require(held <= 2 * size, "mailboxes hold what the field held");

    std::string_view guess = headers.front().value;
    guess = guess.substr(guess.find('<') + 1);
    guess = guess.substr(0, guess.find('>'));
    if (!is_from_alone(headers, guess)) return 0;
    postern::fuzz::require(mailboxes.size() == 1, "there is no other mailbox");
    postern::fuzz::require(mailboxes.front().address == guess, "it has that address");
    return 0;
}
