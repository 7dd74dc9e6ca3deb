// SPDX-License-Identifier: Apache-2.0
#include "cache/cell.h"

namespace postern::cache {

namespace {

constexpr std::uint32_t code_bits = 0xFF'FFFF;
constexpr unsigned failures_max = 5;  // from here on failure_ttl_max holds

}  // namespace

Cell Cell::of_opinion(const Listing& listing, Tick now, Tick expires) {
    Cell cell;
    cell.expires_ = expires & tick_max;
    cell.state_ = static_cast<unsigned>(listing.state) & 7U;
    cell.code_ = listing.code & code_bits;
    cell.extra_ = static_cast<unsigned>(std::bit_width((expires - now) / 10)) & 31U;
    return cell;
}

Cell Cell::after_failure(const Listing& failure, Tick now, const StaleLimits& limits) const {
    Cell cell = *this;
    if (is_good_opinion(now)) {
        cell.extra_ = 0;
        return cell;
    }
    const unsigned failures = std::min<unsigned>(cell.failures_ + 1U, failures_max);
    const Duration ttl = std::min(failure_ttl_min * (1U << (failures - 1)), failure_ttl_max);
    cell = {};
    cell.expires_ = (now + ticks_in(ttl)) & tick_max;
    cell.state_ = static_cast<unsigned>(failure.state) & 7U;
    cell.failures_ = failures & 7U;
    if (failure.state == Listing::State::refused) {
        cell.code_ = failure.code & code_bits;
    } else if (const auto kept = stale(now, limits);
               kept && (kept->code != 0 || kept->state == Listing::State::clear)) {
        cell.extra_ = (*opinion_expired() / unit % units + 1) & 31U;
        cell.code_ = kept->code & code_bits;
    }
    return cell;
}

std::optional<Listing> Cell::stale(Tick now, const StaleLimits& limits) const {
    const std::optional<Tick> expired = opinion_expired();
    if (!expired || *expired > now) return std::nullopt;
    const auto code = static_cast<std::uint32_t>(code_);
    if (opinion() == Listing::State::clear) {
        if (now - *expired >= limits.clear) return std::nullopt;
        return Listing{.state = Listing::State::clear, .stale = true};
    }
    if (now - *expired >= limits.listed) return std::nullopt;
    return Listing{
        .state = Listing::State::listed, .stale = true, .code = code == 0 ? 0 : loopback | code};
}

std::optional<Tick> Cell::opinion_expired() const {
    if (is_opinion()) return static_cast<Tick>(expires_);
    if (state() == Listing::State::refused || extra_ == 0) return std::nullopt;
    const Tick latest = static_cast<Tick>(expires_) / unit;
    const Tick age = (latest % units + units - (static_cast<Tick>(extra_) - 1)) % units;
    return (latest - age) * unit;
}

Listing::State Cell::opinion() const {
    if (is_opinion()) return state();
    return code_ == 0 ? Listing::State::clear : Listing::State::listed;
}

}  // namespace postern::cache
