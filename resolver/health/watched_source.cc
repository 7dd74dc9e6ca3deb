// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/watched_source.h"

namespace postern::health {

WatchedSource::WatchedSource(const io::Loop& loop, dns::ListSource& source, Standings& standings)
    : loop_(loop), source_(source), standings_(standings) {
    source_.deliver_to(*this);
}

bool WatchedSource::ask(const dns::ListQuestion& question, dns::Ticket ticket) {
    if (!source_.ask(question, ticket)) return false;
    standings_.on_question(question.list, loop_.wall_now());
    return true;
}

void WatchedSource::on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) {
    if ((ticket & dns::ticket_bit_of_sources) != 0) {
        return prober_->on_answer(ticket, list, answer);
    }
    // First the judgement, then the answer: one that costs the list its vote does not count either.
    standings_.on_answer(list, answer, loop_.now());
    answers_->on_answer(ticket, list, answer);
}

void WatchedSource::on_late_answer(const IpAddress& address, ListIndex list,
                                   const dns::ListAnswer& answer) {
    if (!address.is_public()) return;  // a probe's; its round is over
    standings_.on_answer(list, answer, loop_.now());
    answers_->on_late_answer(address, list, answer);
}

Listing::State WatchedSource::state_without_vote(ListIndex list) const {
    switch (standings_.state(list)) {
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

}  // namespace postern::health
