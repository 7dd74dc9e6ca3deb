// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/record_writer.h"

#include <cstring>

namespace postern::tracking {

std::optional<std::size_t> RecordWriter::write(const service::Origin& origin,
                                               const service::Answer& answer, TimePoint at,
                                               std::span<std::byte> room) {
    const bool may_repeat = answer.alike != 0 && is_bare(answer.request);
    const bool is_known = may_repeat && answer.alike == alike_;
    const std::uint8_t flags = is_known ? flags_ : flags_of(answer);
    const std::optional<std::size_t> head = encode_head(origin, answer, at, flags, room);
    if (!head) return std::nullopt;
    const std::span<std::byte> rest = room.subspan(*head);
    if (is_known) {
        if (tail_.size() > rest.size()) return std::nullopt;
        std::memcpy(rest.data(), tail_.data(), tail_.size());
        return *head + tail_.size();
    }
    const std::optional<std::size_t> tail = encode_tail(answer, rest);
    if (!tail) return std::nullopt;
    if (may_repeat) {
        alike_ = answer.alike;
        flags_ = flags;
        tail_.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(*tail));
    }
    return *head + *tail;
}

}  // namespace postern::tracking
