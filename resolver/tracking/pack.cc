// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/pack.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "resolver/tracking/bytes.h"

namespace postern::tracking {

namespace {

class Appender {
  public:
    explicit Appender(std::vector<std::byte>& to) : to_(to) {}
    void byte(std::uint8_t value) { to_.push_back(static_cast<std::byte>(value)); }
    void bytes(std::span<const std::byte> from) { to_.insert(to_.end(), from.begin(), from.end()); }

  private:
    std::vector<std::byte>& to_;
};

// Small numbers of either sign become small numbers.
constexpr std::uint64_t folded(Milliseconds difference) {
    return difference < 0 ? static_cast<std::uint64_t>(-difference) * 2 - 1
                          : static_cast<std::uint64_t>(difference) * 2;
}

constexpr Milliseconds unfolded(std::uint64_t number) {
    const auto half = static_cast<Milliseconds>((number + 1) / 2);
    return number % 2 == 0 ? half : -half;
}

// Of a time that damage may have made any number.
constexpr Milliseconds sum(Milliseconds time, Milliseconds difference) {
    return static_cast<Milliseconds>(static_cast<std::uint64_t>(time) +
                                     static_cast<std::uint64_t>(difference));
}

constexpr std::size_t head_size_max = 16;  // of an entry, about
// What two records end with alike is left out from here on: less is not worth its own numbers.
constexpr std::size_t common_end_min = 8;

std::uint64_t word_before(const std::byte* end) {
    static_assert(std::endian::native == std::endian::little);  // the last octet is the highest
    std::uint64_t word = 0;
    std::memcpy(&word, end - sizeof word, sizeof word);
    return word;
}

// How many octets both end with.
std::size_t common_end(std::span<const std::byte> a, std::span<const std::byte> b) {
    const std::size_t most = std::min(a.size(), b.size());
    const std::byte* const end_of_a = a.data() + a.size();
    const std::byte* const end_of_b = b.data() + b.size();
    std::size_t same = 0;
    for (; same + sizeof(std::uint64_t) <= most; same += sizeof(std::uint64_t)) {
        const std::uint64_t differing = word_before(end_of_a - same) ^ word_before(end_of_b - same);
        if (differing != 0) return same + static_cast<std::size_t>(std::countl_zero(differing)) / 8;
    }
    while (same < most && end_of_a[-1 - static_cast<std::ptrdiff_t>(same)] ==
                              end_of_b[-1 - static_cast<std::ptrdiff_t>(same)]) {
        ++same;
    }
    return same;
}

std::span<const std::byte> join(std::span<const std::byte> begin, std::span<const std::byte> end,
                                std::pmr::memory_resource& memory) {
    auto* const bytes = static_cast<std::byte*>(memory.allocate(begin.size() + end.size(), 1));
    std::ranges::copy(end, std::ranges::copy(begin, bytes).out);
    return {bytes, begin.size() + end.size()};
}

// Empty when it is damaged.
std::span<const std::byte> read_record(ByteReader& in, std::span<const std::byte> before,
                                       std::pmr::memory_resource& joined) {
    if (const std::uint64_t size = in.number(); size != 0) return in.take(size);
    const std::uint64_t common = in.number();
    const std::span<const std::byte> begin = in.piece();
    if (!in.ok() || common > before.size() || begin.size() + common > Pack::bytes_max) return {};
    return join(begin, before.last(static_cast<std::size_t>(common)), joined);
}

}  // namespace

Pack::Pack() { bytes_.reserve(bytes_max + decisions_max * head_size_max); }

bool Pack::has_room_for(const Packed& decision) const {
    if (is_empty()) return true;
    return decisions_ < decisions_max && bytes_.size() + decision.record.size() <= bytes_max &&
           std::abs(decision.time - first_time_) <= span_max;
}

void Pack::add(const Packed& decision) {
    Appender out(bytes_);
    std::span<const std::byte> begin = decision.record;
    if (is_empty()) {
        first_id_ = decision.id;
        first_time_ = decision.time;
        first_size_ = decision.record.size();
    } else {
        put_number(out, static_cast<std::uint64_t>(decision.id - last_));
        put_number(out, folded(decision.time - first_time_));
        const std::size_t common = common_end(last_record_, decision.record);
        if (common >= common_end_min) {
            begin = begin.first(begin.size() - common);
            out.byte(0);
            put_number(out, common);
        }
        put_number(out, begin.size());
    }
    out.bytes(begin);
    last_record_.assign(decision.record.begin(), decision.record.end());
    last_ = decision.id;
    ++decisions_;
}

void Pack::clear() {
    bytes_.clear();
    decisions_ = 0;
}

Packed Pack::first() const {
    return {.id = first_id_, .time = first_time_, .record = std::span(bytes_).first(first_size_)};
}

std::span<const std::byte> Pack::rest() const { return std::span(bytes_).subspan(first_size_); }

void unpack(const Packed& first, DecisionId last, std::span<const std::byte> rest,
            std::vector<Packed>& decisions, std::pmr::memory_resource& joined) {
    decisions.assign(1, first);
    ByteReader in(rest);
    for (DecisionId id = first.id; !in.at_end();) {
        const std::uint64_t step = in.number();
        const std::uint64_t time = in.number();
        const auto record = read_record(in, decisions.back().record, joined);
        const std::uint64_t left =
            last > id ? static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(id) : 0;
        if (!in.ok() || record.empty() || step == 0 || step > left || time > folded(Pack::span_max))
            return;
        id += static_cast<DecisionId>(step);
        decisions.push_back({.id = id, .time = sum(first.time, unfolded(time)), .record = record});
    }
}

}  // namespace postern::tracking
