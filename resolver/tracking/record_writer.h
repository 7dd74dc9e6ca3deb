// SPDX-License-Identifier: Apache-2.0
//
// Records written one after the other.
//
// A connection that is decided like the one before has the same tail: it is copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "resolver/service/exchange.h"
#include "resolver/tracking/record.h"

namespace postern::tracking {

class RecordWriter {
  public:
    // Writes `answer` to the front of `room`; returns its size, or nothing where the room is too
    // small.  All answers with an `alike` are of one worker.
    std::optional<std::size_t> write(const service::Origin& origin, const service::Answer& answer,
                                     TimePoint at, std::span<std::byte> room);

  private:
    // Of the last bare request whose answer had an `alike`.
    std::uint64_t alike_ = 0;
    std::uint8_t flags_ = 0;
    std::vector<std::byte> tail_;
};

}  // namespace postern::tracking
