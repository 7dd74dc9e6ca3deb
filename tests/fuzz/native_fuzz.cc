// SPDX-License-Identifier: Apache-2.0
//
// The native dialect: replies are whole frames, and what decodes encodes to the same bytes.
#include <string_view>

#include "resolver/service/native.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/two_ways.h"

namespace postern::fuzz {

namespace {

using namespace service;

bool same(const native::Fixed& frame, std::string_view bytes) {
    return std::string_view(frame.data(), frame.size()) == bytes;
}

void require_round_trip(std::string_view bytes) {
    if (bytes.size() < native::fixed_size) return;
    const std::string_view frame = bytes.substr(0, native::fixed_size);
    if (static_cast<std::uint8_t>(frame[0]) != native::mark) return;

    const native::Header header = native::read_header(frame);
    if (header.kind == native::Kind::query) {
        const auto query = native::decode_query(frame);
        if (query)
            require(same(native::encode(*query), frame), "encode(decode(query)) is the query");
    }
    if (header.kind == native::Kind::answer) {
        const auto answer = native::decode_answer(frame);
        if (answer)
            require(same(native::encode(*answer), frame), "encode(decode(answer)) is the answer");
    }
}

std::size_t frame_size(std::string_view replies) {
    require(static_cast<std::uint8_t>(replies[0]) == native::mark, "replies begin with the mark");
    require(replies.size() >= native::text_header_size, "replies have headers");
    if (!native::has_text(native::read_header(replies).kind)) return native::fixed_size;
    return native::text_header_size + native::text_length(replies);
}

}  // namespace

void run(std::string_view bytes) {
    require_round_trip(bytes);
    if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != native::mark) return;

    const std::string replies = converse_two_ways(bytes);
    for (std::string_view rest = replies; !rest.empty();) {
        const std::size_t size = frame_size(rest);
        require(size <= rest.size(), "replies are whole frames");
        rest.remove_prefix(size);
    }
}

}  // namespace postern::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    postern::fuzz::run({reinterpret_cast<const char*>(data), size});
    return 0;
}
