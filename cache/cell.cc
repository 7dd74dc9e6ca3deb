// SPDX-License-Identifier: Apache-2.0
#include "cache/cell.h"

namespace postern::cache {

namespace {

constexpr unsigned failures_max = 5;  // from here on failure_ttl_max holds

}  // namespace

Cell Cell::of_opinion(const Listing& listing, Tick now, Tick expires) {
    Cell cell;
    cell.set(expires_field, expires);
    cell.set(state_field, static_cast<std::uint32_t>(listing.state));
    cell.set(extra_field, static_cast<std::uint32_t>(std::bit_width((expires - now) / 10)));
    if (listing.state == Listing::State::listed) cell.set(code_field, listing.code);
    return cell;
}

Cell Cell::after_failure(const Listing& failure, Tick now, const StaleLimits& limits) const {
    Cell cell = *this;
    if (is_good_opinion(now)) {
        cell.set(extra_field, 0);
        return cell;
    }
    const unsigned failures = std::min(get(failures_field) + 1, failures_max);
    const Duration ttl = std::min(failure_ttl_min * (1U << (failures - 1)), failure_ttl_max);
    cell = {};
    cell.set(expires_field, now + ticks_in(ttl));
    cell.set(state_field, static_cast<std::uint32_t>(failure.state));
    cell.set(failures_field, failures);
    if (failure.state == Listing::State::refused) {
        cell.set(code_field, failure.code);
    } else if (const auto kept = stale(now, limits);
               kept && (kept->code != 0 || kept->state == Listing::State::clear)) {
        cell.set(extra_field, *opinion_expired() / unit % units + 1);
        cell.set(code_field, kept->code);
    }
    return cell;
}

std::optional<Listing> Cell::stale(Tick now, const StaleLimits& limits) const {
    const std::optional<Tick> expired = opinion_expired();
    if (!expired || *expired > now) return std::nullopt;
    const bool is_clear = opinion() == Listing::State::clear;
    if (now - *expired >= (is_clear ? limits.clear : limits.listed)) return std::nullopt;
    return Listing{.state = opinion(), .stale = true, .code = code()};
}

std::optional<Tick> Cell::opinion_expired() const {
    if (is_opinion()) return expires();
    if (state() == Listing::State::refused || get(extra_field) == 0) return std::nullopt;
    const Tick latest = expires() / unit;
    const Tick age = (latest % units + units - (get(extra_field) - 1)) % units;
    return (latest - age) * unit;
}

Listing::State Cell::opinion() const {
    if (is_opinion()) return state();
    return code() == 0 ? Listing::State::clear : Listing::State::listed;
}

}  // namespace postern::cache
