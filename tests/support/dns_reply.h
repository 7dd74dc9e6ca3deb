// SPDX-License-Identifier: Apache-2.0
//
// Makes DNS replies for tests: `ReplyBuilder(query).a("127.0.0.2", 300).soa(60, 60).bytes()`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resolver/dns/query_name.h"

namespace postern::support {

class ReplyBuilder {
  public:
    // Repeats the question of `query`, to the letter.
    explicit ReplyBuilder(const dns::Query& query) : ReplyBuilder(query.bytes()) {}
    explicit ReplyBuilder(std::span<const std::byte> query) : bytes_(query.begin(), query.end()) {
        bytes_[2] = std::byte{0x81};  // a response, recursion desired
        bytes_[3] = std::byte{0x80};  // recursion available
    }

    ReplyBuilder& rcode(unsigned code) {
        bytes_[3] = (bytes_[3] & std::byte{0xF0}) | static_cast<std::byte>(code);
        return *this;
    }
    ReplyBuilder& truncated() {
        bytes_[2] |= std::byte{0x02};
        return *this;
    }
    ReplyBuilder& id(std::uint16_t id) {
        bytes_[0] = static_cast<std::byte>(id >> 8);
        bytes_[1] = static_cast<std::byte>(id & 0xFF);
        return *this;
    }
    ReplyBuilder& a(std::string_view address, std::uint32_t ttl) {
        const IpAddress::Bytes bytes = IpAddress::parse(address)->bytes();
        return record(1, {reinterpret_cast<const char*>(&bytes[12]), 4}, ttl);
    }
    // Before soa(), which opens the authority section.
    ReplyBuilder& record(std::uint16_t type, std::string_view data, std::uint32_t ttl) {
        bytes_[7] = static_cast<std::byte>(std::to_integer<unsigned>(bytes_[7]) + 1);
        return append(type, data, ttl);
    }
    ReplyBuilder& soa(std::uint32_t ttl, std::uint32_t minimum) {
        bytes_[9] = std::byte{1};
        std::string data(2 + 16, '\0');  // both names are the root; serial, refresh, retry, expire
        for (int shift = 24; shift >= 0; shift -= 8)
            data += static_cast<char>(minimum >> shift & 0xFF);
        return append(6, data, ttl);
    }

    std::span<const std::byte> bytes() const { return bytes_; }
    std::size_t last_record_size() const { return last_record_size_; }

  private:
    ReplyBuilder& append(std::uint16_t type, std::string_view data, std::uint32_t ttl) {
        const std::size_t before = bytes_.size();
        put16(0xC00C);  // the name of the question (RFC 1035 section 4.1.4)
        put16(type);
        put16(1);
        put16(static_cast<std::uint16_t>(ttl >> 16));
        put16(static_cast<std::uint16_t>(ttl & 0xFFFF));
        put16(static_cast<std::uint16_t>(data.size()));
        for (const char c : data) bytes_.push_back(static_cast<std::byte>(c));
        last_record_size_ = bytes_.size() - before;
        return *this;
    }
    void put16(std::uint16_t value) {
        bytes_.push_back(static_cast<std::byte>(value >> 8));
        bytes_.push_back(static_cast<std::byte>(value & 0xFF));
    }

    std::vector<std::byte> bytes_;
    std::size_t last_record_size_ = 0;
};

}  // namespace postern::support
