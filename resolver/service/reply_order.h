// SPDX-License-Identifier: Apache-2.0
//
// Puts the replies of a connection into the order of its requests.
//
// For the dialects without tags.  A reply that comes before its turn is kept until those before it
// are out; one whose turn it is passes through without being kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace postern::service {

class ReplyOrder {
  public:
    // The place of the next request.  Wraps around, long after the reply of that number is out.
    std::uint32_t take_place() { return next_place_++; }

    // Appends to `out` the reply of that place if it is its turn, and those that waited for it.
    void put(std::uint32_t place, std::string_view reply, std::string& out);

    // Replies that are kept, and their length.
    std::size_t waiting() const { return early_.size(); }
    std::size_t waiting_bytes() const { return early_bytes_; }

  private:
    std::uint32_t next_place_ = 0;
    std::uint32_t turn_ = 0;
    std::map<std::uint32_t, std::string> early_;  // no memory while it is empty
    std::size_t early_bytes_ = 0;
};

}  // namespace postern::service
