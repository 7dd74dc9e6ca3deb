// SPDX-License-Identifier: Apache-2.0
//
// The JSON dialect: each reply is one line that is a JSON object with an action or an error.
#include <nlohmann/json.hpp>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/two_ways.h"

namespace postern::fuzz {

void run(std::string_view bytes) {
    // Behind a line end, the rest is JSON whatever it begins with.
    const std::string replies = converse_two_ways("\n" + std::string(bytes));
    for (std::string_view rest = replies; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        require(end != rest.npos, "a reply ends in a line end");
        const auto reply = nlohmann::json::parse(rest.substr(0, end), nullptr, false);
        require(reply.is_object(), "a reply is an object");
        require(reply.contains("action") != reply.contains("error"), "a decision or an error");
        rest.remove_prefix(end + 1);
    }
}

}  // namespace postern::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    postern::fuzz::run({reinterpret_cast<const char*>(data), size});
    return 0;
}
