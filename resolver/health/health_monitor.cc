// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/health_monitor.h"

#include <utility>

namespace postern::health {

HealthMonitor::HealthMonitor(io::Loop& loop, WatchedSource& source, Standings& standings,
                             cache::ListingCache& cache, HealthEvents& events,
                             const std::vector<WatchedList>& lists)
    : loop_(loop), source_(source), standings_(standings), cache_(cache), events_(events) {
    for (const WatchedList& options : lists) {
        const auto list = static_cast<ListIndex>(watches_.size());
        Watch& watch = watches_.emplace_back(*this, list, options);
        watch.since = loop_.wall_now();
        watch.next_round.set(
            [](void* due) {
                auto& of_list = *static_cast<Watch*>(due);
                of_list.monitor.start_round(of_list);
            },
            &watch);
    }
    inquest_.set([](void* monitor) { static_cast<HealthMonitor*>(monitor)->close_inquest(); },
                 this);
    pulse_.set([](void* monitor) { static_cast<HealthMonitor*>(monitor)->on_pulse(); }, this);
    source_.deliver_probes_to(*this);
    standings_.attended_by(*this);
}

void HealthMonitor::start(std::function<void()> first_rounds_over) {
    if (watches_.empty()) return first_rounds_over();
    first_rounds_ = watches_.size();
    first_rounds_over_ = std::move(first_rounds_over);
    for (Watch& watch : watches_) start_round(watch);
    loop_.timers().arm(pulse_, loop_.now() + pulse_interval);
}

void HealthMonitor::on_pulse() {
    const bool slept = loop_.now() >= pulse_.deadline() + sleep_min;
    loop_.timers().arm(pulse_, loop_.now() + pulse_interval);
    if (!slept) return;
    for (Watch& watch : watches_) {
        standings_.change(watch.list, [](ListHealth& health) { health.on_sleep(); });
        attend_to(watch);
        // One that is under way began before.
        if (watch.state == State::unproven) start_round(watch);
    }
}

// On whatever worker's loop the answer came to.
void HealthMonitor::on_attention(ListIndex list) {
    loop_.post([this, list] { attend_to(watches_[list]); });
}

void HealthMonitor::attend_to(Watch& watch) {
    const Attention attention = standings_.take_attention(watch.list);
    if (attention.budget_reached != 0) {
        events_.on_budget(watch.list, attention.budget_reached, watch.options.budget);
    }
    const bool changed = note_state(watch);
    // A round under way answers whether a silent list is dead.  Whether a suspect lies only one can
    // tell all of whose questions come after the suspicion.
    const bool suspected = watch.state == State::suspect;
    if (attention.round_wanted && (suspected || watch.round.complete())) return start_round(watch);
    if (changed) schedule_round(watch);
}

void HealthMonitor::on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) {
    Watch& watch = watches_[list];
    if (ticket >> 32 != watch.round_number) return;  // of a round that was given up for a newer one
    watch.round.on_answer(ticket & (dns::ticket_bit_of_sources - 1), answer);
    if (watch.round.complete()) finish_round(watch);
}

void HealthMonitor::start_round(Watch& watch) {
    watch.next_round.cancel();
    const ProbeScope scope{.ipv4 = watch.options.ipv4,
                           .ipv6 = watch.options.ipv6,
                           .random_addresses = standings_.health(watch.list).random_addresses()};
    watch.round = ProbeRound(watch.options.probe, scope, loop_.random());
    ++watch.round_number;
    const dns::Ticket ticket = dns::Ticket{watch.round_number} << 32 | dns::ticket_bit_of_sources;
    for (std::size_t i = 0; i < watch.round.size(); ++i) {
        const ProbeRound::Question& question = watch.round[i];
        const dns::ListQuestion probe{.list = watch.list,
                                      .address = question.address,
                                      .form = question.form,
                                      .purpose = dns::Purpose::probe};
        if (source_.ask(probe, ticket | i)) continue;
        // We are overloaded, which is not the list's fault; the retry asks all again.
        watch.round = {};
        ++watch.round_number;
        return loop_.timers().arm(watch.next_round, loop_.now() + ListHealth::retry_min);
    }
}

void HealthMonitor::finish_round(Watch& watch) {
    const Finding finding = watch.round.finding();
    const bool first = watch.probes.empty();
    const bool clean = finding.verdict == Finding::Verdict::clean;
    watch.probes.push_front({loop_.wall_now(), clean ? "clean" : to_string(finding.cause)});
    if (watch.probes.size() > probes_kept) watch.probes.pop_back();

    const bool counts = standings_.change(watch.list, [&](ListHealth& health) {
        // Else it fell under suspicion while the round was under way, which proves nothing then.
        if (health.state() != watch.state) return false;
        health.on_round(finding, loop_.now());
        return true;
    });
    if (counts) {
        const bool caught =
            finding.verdict == Finding::Verdict::lying && watch.state != State::suspended;
        if (caught) open_inquest(watch);
        note_state(watch);
        schedule_round(watch);
    }
    if (first && --first_rounds_ == 0) std::exchange(first_rounds_over_, nullptr)();
}

void HealthMonitor::schedule_round(Watch& watch) {
    const ListHealth::Pause pause = standings_.health(watch.list).pause();
    const auto spread = static_cast<std::uint64_t>((pause.max - pause.min).count()) + 1;
    const Duration random{static_cast<Duration::rep>(loop_.random() % spread)};
    loop_.timers().arm(watch.next_round, loop_.now() + pause.min + random);
}

// After everything that may have changed a list's state.  True: something has.
bool HealthMonitor::note_state(Watch& watch) {
    const State state = standings_.state(watch.list);
    if (state == watch.state) return false;
    watch.state = state;
    watch.since = loop_.wall_now();
    tell(watch);
    return true;
}

void HealthMonitor::tell(Watch& watch) {
    if (watch.told == watch.state || (liars_ & mask_of(watch.list)) != 0) return;
    const State from = std::exchange(watch.told, watch.state);
    events_.on_transition(watch.list, from, watch.state,
                          to_string(standings_.health(watch.list).cause()));
}

// A resolver that rewrites names makes all lists lie, so the first liar is a reason to ask the
// others at once.  The operator is told when it is clear which it is.
void HealthMonitor::open_inquest(Watch& liar) {
    liars_ |= mask_of(liar.list);
    if (count(liars_) > 1) {
        for (Watch& watch : watches_) {
            if ((liars_ & mask_of(watch.list)) == 0) continue;
            standings_.change(watch.list, [](ListHealth& health) { health.blame_resolver(); });
        }
    }
    if (inquest_.armed()) return;
    loop_.timers().arm(inquest_, loop_.now() + inquest_length);
    for (Watch& watch : watches_) {
        const bool believed = standings_.state(watch.list) == State::healthy;
        if (believed && watch.round.complete()) start_round(watch);
    }
}

void HealthMonitor::close_inquest() {
    const ListMask liars = std::exchange(liars_, ListMask{0});
    // What they said before they were caught; while a list does not vote, nothing is added to it.
    cache_.forget_lists(liars);
    const bool resolver = count(liars) > 1;
    for (Watch& watch : watches_) {
        if ((liars & mask_of(watch.list)) == 0) continue;
        if (resolver && watch.state == State::suspended) watch.told = watch.state;
        tell(watch);
    }
    if (!resolver) return;
    events_.on_resolver_suspected(liars, to_string(Cause{Cause::Kind::rewritten}));
}

HealthReport HealthMonitor::report(ListIndex list) const {
    const Watch& watch = watches_[list];
    const Standings::Counts counts = standings_.counts(list, loop_.wall_now());
    return {.state = watch.state,
            .since = watch.since,
            .why = to_string(standings_.health(list).cause()),
            .probes = {watch.probes.begin(), watch.probes.end()},
            .listed = counts.listed,
            .clear = counts.clear,
            .queries_today = counts.queries_today,
            .budget = counts.budget};
}

}  // namespace postern::health
