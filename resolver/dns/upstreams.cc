// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/upstreams.h"

#include <algorithm>

namespace postern::dns {

Upstreams::Upstreams(io::Loop& loop, Upstream::Owner& owner,
                     const std::vector<io::Endpoint>& servers, std::size_t lists,
                     unsigned sources) {
    for (const io::Endpoint& server : servers) {
        const auto number = static_cast<std::uint8_t>(upstreams_.size());
        upstreams_.push_back(
            std::make_unique<Upstream>(loop, owner, number, server, lists, sources));
    }
}

bool Upstreams::any_up() const {
    return std::any_of(upstreams_.begin(), upstreams_.end(),
                       [](const auto& upstream) { return upstream->reachability().up(); });
}

Upstream* Upstreams::for_attempt(unsigned attempt) {
    const auto up = std::count_if(upstreams_.begin(), upstreams_.end(), [](const auto& upstream) {
        return upstream->reachability().up();
    });
    if (up == 0) return nullptr;
    auto turn = attempt % static_cast<unsigned>(up);
    for (const auto& upstream : upstreams_) {
        if (upstream->reachability().up() && turn-- == 0) return upstream.get();
    }
    return nullptr;
}

Upstream* Upstreams::to_try(TimePoint now) {
    for (const auto& upstream : upstreams_) {
        const Reachability& reachability = upstream->reachability();
        if (!reachability.up() && reachability.may_be_tried(now)) return upstream.get();
    }
    return nullptr;
}

bool Upstreams::being_tried(TimePoint now) const {
    return std::any_of(upstreams_.begin(), upstreams_.end(), [&](const auto& upstream) {
        return upstream->reachability().being_tried(now);
    });
}

TimePoint Upstreams::next_try() const {
    TimePoint next = TimePoint::max();
    for (const auto& upstream : upstreams_) {
        next = std::min(next, upstream->reachability().next_try());
    }
    return next;
}

unsigned Upstreams::room() const {
    unsigned room = 0;
    for (const auto& upstream : upstreams_) {
        if (upstream->reachability().up()) room += upstream->window().size();
    }
    return std::max(room, 1U);
}

void Upstreams::rotate_ports() {
    for (const auto& upstream : upstreams_) upstream->rotate_port();
}

std::vector<ServerReport> Upstreams::report() const {
    std::vector<ServerReport> reports;
    for (const auto& upstream : upstreams_) {
        reports.push_back({.up = upstream->reachability().up(),
                           .window = upstream->window().size(),
                           .in_flight = upstream->window().in_flight(),
                           .strays = upstream->strays()});
    }
    return reports;
}

}  // namespace postern::dns
