// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/health_monitor.h"

#include <utility>

namespace postern::health {

HealthMonitor::HealthMonitor(io::Loop& loop, dns::ListSource& source, cache::ListingCache& cache,
                             HealthEvents& events, const std::vector<WatchedList>& lists)
    : loop_(loop), source_(source), cache_(cache), events_(events) {
    for (const WatchedList& options : lists) {
        Watch& watch =
            watches_.emplace_back(*this, static_cast<ListIndex>(watches_.size()), options);
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
    source_.deliver_to(*this);
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
        watch.health.on_sleep();
        note_state(watch);
        // One that is under way began before.
        if (watch.state == State::unproven) start_round(watch);
    }
}

bool HealthMonitor::ask(const dns::ListQuestion& question, dns::Ticket ticket) {
    if (!source_.ask(question, ticket)) return false;
    count_query(watches_[question.list]);
    return true;
}

void HealthMonitor::on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) {
    Watch& watch = watches_[list];
    if ((ticket & dns::ticket_bit_of_sources) != 0) return on_probe_answer(watch, ticket, answer);
    // First the judgement, then the answer: one that costs the list its vote does not count either.
    on_request_answer(watch, answer);
    answers_->on_answer(ticket, list, answer);
}

void HealthMonitor::on_late_answer(const IpAddress& address, ListIndex list,
                                   const dns::ListAnswer& answer) {
    if (!address.is_public()) return;  // a probe's; its round is over
    on_request_answer(watches_[list], answer);
    answers_->on_late_answer(address, list, answer);
}

void HealthMonitor::on_request_answer(Watch& watch, const dns::ListAnswer& answer) {
    if (answer.listing.state == Listing::State::listed) ++watch.listed;
    if (answer.listing.state == Listing::State::clear) ++watch.clear;
    const bool round_wanted = watch.health.on_answer(answer, loop_.now());
    const bool changed = watch.health.state() != watch.state;
    note_state(watch);
    // A round under way answers whether a silent list is dead.  Whether a suspect lies only one can
    // tell all of whose questions come after the suspicion.
    if (round_wanted && (changed || watch.round.complete())) return start_round(watch);
    if (changed) schedule_round(watch);
}

void HealthMonitor::on_probe_answer(Watch& watch, dns::Ticket ticket,
                                    const dns::ListAnswer& answer) {
    if (ticket >> 32 != watch.round_number) return;  // of a round that was given up for a newer one
    watch.round.on_answer(ticket & (dns::ticket_bit_of_sources - 1), answer);
    if (watch.round.complete()) finish_round(watch);
}

void HealthMonitor::start_round(Watch& watch) {
    watch.next_round.cancel();
    const ProbeScope scope{.ipv4 = watch.options.ipv4,
                           .ipv6 = watch.options.ipv6,
                           .random_addresses = watch.health.random_addresses()};
    watch.round = ProbeRound(watch.options.probe, scope, loop_.random());
    ++watch.round_number;
    const dns::Ticket ticket = dns::Ticket{watch.round_number} << 32 | dns::ticket_bit_of_sources;
    for (std::size_t i = 0; i < watch.round.size(); ++i) {
        const ProbeRound::Question& question = watch.round[i];
        const dns::ListQuestion probe{.list = watch.list,
                                      .address = question.address,
                                      .form = question.form,
                                      .purpose = dns::Purpose::probe};
        if (ask(probe, ticket | i)) continue;
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

    watch.health.on_round(finding, loop_.now());
    const bool caught =
        finding.verdict == Finding::Verdict::lying && watch.state != State::suspended;
    if (caught) open_inquest(watch);
    note_state(watch);
    schedule_round(watch);
    if (first && --first_rounds_ == 0) std::exchange(first_rounds_over_, nullptr)();
}

void HealthMonitor::schedule_round(Watch& watch) {
    const ListHealth::Pause pause = watch.health.pause();
    const auto spread = static_cast<std::uint64_t>((pause.max - pause.min).count()) + 1;
    const Duration random{static_cast<Duration::rep>(loop_.random() % spread)};
    loop_.timers().arm(watch.next_round, loop_.now() + pause.min + random);
}

// After everything that may have changed a list's state.
void HealthMonitor::note_state(Watch& watch) {
    const State state = watch.health.state();
    if (state == watch.state) return;
    watch.state = state;
    watch.since = loop_.wall_now();
    const ListMask list = mask_of(watch.list);
    voting_ = static_cast<ListMask>(state == State::healthy ? voting_ | list : voting_ & ~list);
    tell(watch);
}

void HealthMonitor::tell(Watch& watch) {
    if (watch.told == watch.state || (liars_ & mask_of(watch.list)) != 0) return;
    const State from = std::exchange(watch.told, watch.state);
    events_.on_transition(watch.list, from, watch.state, to_string(watch.health.cause()));
}

// A resolver that rewrites names makes all lists lie, so the first liar is a reason to ask the
// others at once.  The operator is told when it is clear which it is.
void HealthMonitor::open_inquest(Watch& liar) {
    liars_ |= mask_of(liar.list);
    if (count(liars_) > 1) {
        for (Watch& watch : watches_) {
            if ((liars_ & mask_of(watch.list)) != 0) watch.health.blame_resolver();
        }
    }
    if (inquest_.armed()) return;
    loop_.timers().arm(inquest_, loop_.now() + inquest_length);
    for (Watch& watch : watches_) {
        if (watch.health.state() == State::healthy && watch.round.complete()) start_round(watch);
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

void HealthMonitor::count_query(Watch& watch) {
    const WallTime now = loop_.wall_now();
    if (!watch.budget.add(now)) return;
    events_.on_budget(watch.list, watch.budget.today(now), watch.budget.budget());
}

Listing::State HealthMonitor::state_without_vote(ListIndex list) const {
    switch (watches_[list].state) {
        case State::open:
            return Listing::State::timeout;
        case State::refused:
            return Listing::State::refused;
        case State::unproven:
        case State::healthy:
        case State::suspect:
        case State::suspended:
            return Listing::State::suspended;
    }
    return Listing::State::suspended;
}

HealthReport HealthMonitor::report(ListIndex list) const {
    const Watch& watch = watches_[list];
    return {.state = watch.state,
            .since = watch.since,
            .why = to_string(watch.health.cause()),
            .probes = {watch.probes.begin(), watch.probes.end()},
            .listed = watch.listed,
            .clear = watch.clear,
            .queries_today = watch.budget.today(loop_.wall_now()),
            .budget = watch.budget.budget()};
}

}  // namespace postern::health
