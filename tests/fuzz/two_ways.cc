// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/two_ways.h"

#include <memory>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/unit/service/conversation.h"

namespace postern::fuzz {

namespace {

// A virtual loop keeps the peers it has had; now and then it makes room for a new one.
service::Conversation& conversation() {
    constexpr std::size_t conversations_max = 1000;
    static std::unique_ptr<service::Conversation> current;
    static std::size_t conversations = 0;
    if (conversations++ % conversations_max == 0) {
        current = std::make_unique<service::Conversation>();
    }
    return *current;
}

// The bytes themselves say where they are cut, so that a fuzzer can learn where it matters.
std::vector<std::string_view> pieces_of(std::string_view bytes) {
    std::vector<std::string_view> pieces;
    while (!bytes.empty()) {
        const std::size_t size = 1 + static_cast<unsigned char>(bytes.front()) % 13;
        pieces.push_back(bytes.substr(0, size));
        bytes.remove_prefix(pieces.back().size());
    }
    return pieces;
}

}  // namespace

std::string converse_two_ways(std::string_view bytes) {
    std::vector<std::string_view> whole;
    if (!bytes.empty()) whole.push_back(bytes);
    const std::string replies = conversation().converse(whole);
    require(conversation().converse(pieces_of(bytes)) == replies,
            "the same answers in whatever pieces the request comes");
    return replies;
}

}  // namespace postern::fuzz
