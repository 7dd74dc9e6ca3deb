// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/standings.h"

#include <utility>

namespace postern::health {

Standings::Standings(const std::vector<WatchedList>& lists) {
    for (const WatchedList& list : lists) standings_.emplace_back(list);
}

void Standings::on_answer(ListIndex list, const dns::ListAnswer& answer, TimePoint now) {
    Standing& standing = standings_[list];
    {
        const std::lock_guard alone(standing.mutex);
        if (answer.listing.state == Listing::State::listed) ++standing.listed;
        if (answer.listing.state == Listing::State::clear) ++standing.clear;
        const State before = standing.health.state();
        const bool round_wanted = standing.health.on_answer(answer, now);
        publish(list);
        if (!round_wanted && standing.health.state() == before) return;
        standing.attention.round_wanted |= round_wanted;
        if (std::exchange(standing.attention_called, true)) return;
    }
    attendant_->on_attention(list);
}

void Standings::on_question(ListIndex list, WallTime now) {
    Standing& standing = standings_[list];
    {
        const std::lock_guard alone(standing.mutex);
        if (!standing.budget.add(now)) return;
        standing.attention.budget_reached = standing.budget.today(now);
        if (std::exchange(standing.attention_called, true)) return;
    }
    attendant_->on_attention(list);
}

Attention Standings::take_attention(ListIndex list) {
    Standing& standing = standings_[list];
    const std::lock_guard alone(standing.mutex);
    standing.attention_called = false;
    return std::exchange(standing.attention, {});
}

ListHealth Standings::health(ListIndex list) const {
    const Standing& standing = standings_[list];
    const std::lock_guard alone(standing.mutex);
    return standing.health;
}

Standings::Counts Standings::counts(ListIndex list, WallTime now) const {
    const Standing& standing = standings_[list];
    const std::lock_guard alone(standing.mutex);
    return {.listed = standing.listed,
            .clear = standing.clear,
            .queries_today = standing.budget.today(now),
            .budget = standing.budget.budget()};
}

// With the list's lock held, so that an older state never replaces a newer one.
void Standings::publish(ListIndex list) {
    Standing& standing = standings_[list];
    const State state = standing.health.state();
    if (standing.state.load(std::memory_order_relaxed) == state) return;
    standing.state.store(state, std::memory_order_release);
    const ListMask mask = mask_of(list);
    if (state == State::healthy) {
        voting_.fetch_or(mask, std::memory_order_acq_rel);
    } else {
        voting_.fetch_and(static_cast<ListMask>(~mask), std::memory_order_acq_rel);
    }
}

}  // namespace postern::health
