// SPDX-License-Identifier: Apache-2.0
//
// A client of the DNS door for tests: makes queries, and reads replies by the letter of RFC 1035.
// Knows nothing of the code it tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern::support {

using Bytes = std::vector<std::byte>;

inline void put16(Bytes& bytes, unsigned value) {
    bytes.push_back(static_cast<std::byte>(value >> 8 & 0xFF));
    bytes.push_back(static_cast<std::byte>(value & 0xFF));
}

// "2.0.0.127.bl.example" in wire form.
inline Bytes wire_name(std::string_view name) {
    Bytes bytes;
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        bytes.push_back(static_cast<std::byte>(label.size()));
        for (const char c : label) bytes.push_back(static_cast<std::byte>(c));
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    bytes.push_back(std::byte{0});
    return bytes;
}

namespace type {
inline constexpr std::uint16_t a = 1, ns = 2, soa = 6, hinfo = 13, mx = 15, txt = 16, aaaa = 28,
                               opt = 41, axfr = 252, any = 255;
}

struct DoorQuery {
    std::string name;
    std::uint16_t type = support::type::a;
    std::uint16_t rclass = 1;
    std::uint16_t id = 0x1234;
    std::optional<std::uint16_t> edns_size = {};
    std::uint8_t edns_version = 0;

    Bytes bytes() const {
        Bytes out;
        put16(out, id);
        put16(out, 0x0100);
        put16(out, 1);
        put16(out, 0);
        put16(out, 0);
        put16(out, edns_size ? 1 : 0);
        const Bytes wire = wire_name(name);
        out.insert(out.end(), wire.begin(), wire.end());
        put16(out, type);
        put16(out, rclass);
        if (!edns_size) return out;
        out.push_back(std::byte{0});
        put16(out, support::type::opt);
        put16(out, *edns_size);
        put16(out, edns_version);
        put16(out, 0x8000);
        put16(out, 0);
        return out;
    }
};

struct DoorRecord {
    std::string owner;
    std::uint16_t type = 0;
    std::uint32_t ttl = 0;
    Bytes data;

    // Of an A record: "127.0.0.2".
    std::string address() const {
        std::string text;
        for (const std::byte byte : data) {
            if (!text.empty()) text += '.';
            text += std::to_string(std::to_integer<unsigned>(byte));
        }
        return text;
    }
    // Of a TXT record: its strings.
    std::vector<std::string> strings() const {
        std::vector<std::string> texts;
        for (std::size_t at = 0; at < data.size();) {
            const auto size = std::to_integer<std::size_t>(data[at]);
            texts.emplace_back(reinterpret_cast<const char*>(&data[at] + 1), size);
            at += 1 + size;
        }
        return texts;
    }
};

struct DoorReply {
    std::uint16_t id = 0;
    unsigned flags = 0;
    unsigned rcode = 0;  // with the upper bits of an OPT record
    std::string name;    // of the question, as written
    std::vector<DoorRecord> answers;
    std::vector<DoorRecord> authorities;
    std::optional<DoorRecord> opt;
    std::optional<std::uint16_t> opt_size;

    bool authoritative() const { return (flags & 0x0400) != 0; }
    bool truncated() const { return (flags & 0x0200) != 0; }
    std::vector<std::string> addresses() const {
        std::vector<std::string> texts;
        for (const DoorRecord& record : answers) {
            if (record.type == type::a) texts.push_back(record.address());
        }
        return texts;
    }
};

// Reads a whole message; null when a single octet is not as it should be.
class DoorReplyReader {
  public:
    static std::optional<DoorReply> read(std::span<const std::byte> bytes) {
        DoorReplyReader reader(bytes);
        DoorReply reply = reader.read_reply();
        if (reader.failed_ || reader.at_ != bytes.size()) return std::nullopt;
        return reply;
    }

  private:
    explicit DoorReplyReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    DoorReply read_reply() {
        DoorReply reply;
        reply.id = static_cast<std::uint16_t>(number(2));
        reply.flags = number(2);
        reply.rcode = reply.flags & 0xF;
        const unsigned questions = number(2);
        const unsigned answers = number(2);
        const unsigned authorities = number(2);
        const unsigned additional = number(2);
        if ((reply.flags & 0x8000) == 0 || questions > 1 || additional > 1) failed_ = true;
        if (questions == 1) {
            reply.name = name(at_);
            number(4);
        }
        for (unsigned i = 0; i < answers && !failed_; ++i) reply.answers.push_back(record());
        for (unsigned i = 0; i < authorities && !failed_; ++i)
            reply.authorities.push_back(record());
        if (additional == 1) read_opt(reply);
        return reply;
    }
    void read_opt(DoorReply& reply) {
        reply.opt = record();
        if (reply.opt->type != type::opt || !reply.opt->owner.empty()) failed_ = true;
        reply.opt_size = last_class_;
        reply.rcode |= reply.opt->ttl >> 24 << 4;
    }
    DoorRecord record() {
        DoorRecord record;
        record.owner = name(at_);
        record.type = static_cast<std::uint16_t>(number(2));
        last_class_ = static_cast<std::uint16_t>(number(2));
        record.ttl = number(4);
        const std::size_t size = number(2);
        if (at_ + size > bytes_.size()) failed_ = true;
        for (std::size_t i = 0; i < size && !failed_; ++i) record.data.push_back(bytes_[at_++]);
        return record;
    }
    std::uint32_t number(int octets) {
        std::uint32_t value = 0;
        for (int i = 0; i < octets; ++i) {
            if (at_ >= bytes_.size()) failed_ = true;
            value = value << 8 | (failed_ ? 0 : std::to_integer<std::uint32_t>(bytes_[at_++]));
        }
        return value;
    }
    // A pointer must lead back, so this ends.
    std::string name(std::size_t& at) {
        std::string text;
        while (!failed_ && at < bytes_.size()) {
            const std::size_t start = at;
            const auto size = std::to_integer<std::size_t>(bytes_[at++]);
            if (size == 0) return text;
            if (size >= 0xC0) {
                std::size_t target = (size & 0x3F) << 8 | number_at(at);
                ++at;
                if (target >= start) failed_ = true;
                const std::string rest = name(target);
                return text.empty() ? rest : text + "." + rest;
            }
            if (size > 63 || at + size > bytes_.size()) break;
            if (!text.empty()) text += '.';
            text.append(reinterpret_cast<const char*>(&bytes_[at]), size);
            at += size;
        }
        failed_ = true;
        return {};
    }
    std::size_t number_at(std::size_t at) {
        if (at >= bytes_.size()) failed_ = true;
        return failed_ ? 0 : std::to_integer<std::size_t>(bytes_[at]);
    }

    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    std::uint16_t last_class_ = 0;
    bool failed_ = false;
};

}  // namespace postern::support
