// SPDX-License-Identifier: Apache-2.0
//
// Numbers and texts as the tracking file holds them: numbers in groups of seven bits, the lowest
// first, each group but the last with the eighth bit set; texts behind their size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace postern::tracking {

// `out` takes one byte(std::uint8_t) after the other.
template <class Out>
void put_number(Out& out, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) out.byte(static_cast<std::uint8_t>(number | 0x80));
    out.byte(static_cast<std::uint8_t>(number));
}

// Reads what was written so.  Once something is missing, everything behind it is zero and ok() is
// false.
class ByteReader {
  public:
    explicit ByteReader(std::span<const std::byte> bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool ok() const { return ok_; }
    bool at_end() const { return at_ == end_; }
    std::span<const std::byte> rest() const { return {at_, end_}; }

    std::uint8_t byte() { return at_end() ? missing() : static_cast<std::uint8_t>(*at_++); }
    std::uint64_t number() {
        const std::uint8_t first = byte();
        return first < 0x80 ? first : long_number(first & 0x7FU);
    }
    template <class Enum>
    Enum one_of(Enum last) {
        const std::uint8_t value = byte();
        if (value > static_cast<std::uint8_t>(last)) ok_ = false;
        return ok_ ? static_cast<Enum>(value) : Enum{};
    }
    // Views into the bytes that are read; a piece lies behind its size.
    std::span<const std::byte> piece() { return take(number()); }
    std::span<const std::byte> take(std::uint64_t size) {
        if (size > static_cast<std::size_t>(end_ - at_)) {
            missing();
            return {};
        }
        const std::byte* const begin = at_;
        at_ += size;
        return {begin, static_cast<std::size_t>(size)};
    }
    std::string_view text() {
        const auto taken = piece();
        return {reinterpret_cast<const char*>(taken.data()), taken.size()};
    }
    template <class Value>
    void raw(Value& value) {
        const auto taken = take(sizeof value);
        if (!taken.empty()) std::memcpy(&value, taken.data(), sizeof value);
    }

  private:
    std::uint64_t long_number(std::uint64_t value) {
        for (unsigned shift = 7; shift < 64; shift += 7) {
            const std::uint8_t group = byte();
            value |= std::uint64_t{group & 0x7FU} << shift;
            if (group < 0x80) return value;
        }
        return missing();
    }
    std::uint8_t missing() {
        ok_ = false;
        at_ = end_;
        return 0;
    }

    const std::byte* at_;
    const std::byte* end_;
    bool ok_ = true;
};

}  // namespace postern::tracking
