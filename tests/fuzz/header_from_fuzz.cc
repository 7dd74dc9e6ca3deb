// SPDX-License-Identifier: Apache-2.0
//
// A From field of any bytes gives mailboxes that hold no more than the field did.
#include <string>

#include "policy/stages/header_from.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string field(reinterpret_cast<const char*>(data), size);
    std::size_t held = 0;
    for (const auto& mailbox :
         postern::policy::header_from({{"From", field}}, std::pmr::get_default_resource())) {
        held += mailbox.address.size() + mailbox.display_name.size();
    }
    // ISO-8859-1 grows to twice its size in UTF-8; an encoded word is longer than that by itself.
    postern::fuzz::require(held <= 2 * size, "mailboxes hold what the field held");
    return 0;
}
