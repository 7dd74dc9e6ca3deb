// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/pack.h"

#include <cstdlib>

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

}  // namespace

Pack::Pack() { bytes_.reserve(bytes_max + decisions_max * head_size_max); }

bool Pack::has_room_for(const Packed& decision) const {
    if (is_empty()) return true;
    return decisions_ < decisions_max && bytes_.size() + decision.record.size() <= bytes_max &&
           std::abs(decision.time - first_time_) <= span_max;
}

void Pack::add(const Packed& decision) {
    Appender out(bytes_);
    if (is_empty()) {
        first_id_ = decision.id;
        first_time_ = decision.time;
        first_size_ = decision.record.size();
    } else {
        put_number(out, static_cast<std::uint64_t>(decision.id - last_));
        put_number(out, folded(decision.time - first_time_));
        put_number(out, decision.record.size());
    }
    out.bytes(decision.record);
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
            std::vector<Packed>& decisions) {
    decisions.assign(1, first);
    ByteReader in(rest);
    for (DecisionId id = first.id; !in.at_end();) {
        const std::uint64_t step = in.number();
        const std::uint64_t time = in.number();
        const std::span<const std::byte> record = in.piece();
        const std::uint64_t left =
            last > id ? static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(id) : 0;
        if (!in.ok() || step == 0 || step > left || time > folded(Pack::span_max)) return;
        id += static_cast<DecisionId>(step);
        decisions.push_back({.id = id, .time = sum(first.time, unfolded(time)), .record = record});
    }
}

}  // namespace postern::tracking
