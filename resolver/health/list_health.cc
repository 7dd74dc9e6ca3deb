// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/list_health.h"

#include <algorithm>

namespace postern::health {

const char* to_string(State state) {
    switch (state) {
        case State::unproven:
            return "unproven";
        case State::healthy:
            return "healthy";
        case State::suspect:
            return "suspect";
        case State::suspended:
            return "suspended";
        case State::open:
            return "open";
        case State::refused:
            return "refused";
    }
    return "";
}

bool ListHealth::on_answer(const dns::ListAnswer& answer, TimePoint now) {
    if (answer.listing.state == Listing::State::refused) {
        enter(State::refused, {Cause::Kind::refusal, answer.listing.code});
        return false;
    }
    // What was still under way when the list lost its vote tells nothing new.
    if (state_ != State::healthy) return false;
    if (is_unknown(answer.listing.state)) {
        // A list that fails requests but not rounds must not be probed all the time.
        return ++failures_ >= failures_max && now >= last_round_ + retry_min;
    }
    failures_ = 0;
    if (!surge_.on_opinion(answer.listing.state == Listing::State::listed, now)) return false;
    enter(State::suspect, {Cause::Kind::surge});
    return true;
}

void ListHealth::on_round(const Finding& finding, TimePoint now) {
    using Verdict = Finding::Verdict;
    last_round_ = now;
    clean_rounds_ = finding.verdict == Verdict::clean ? clean_rounds_ + 1 : 0;
    silent_rounds_ = finding.verdict == Verdict::silent ? silent_rounds_ + 1 : 0;
    missing_rounds_ = finding.verdict == Verdict::missing ? missing_rounds_ + 1 : 0;
    if (in_disgrace()) {
        const Duration longer = std::min(back_off_ * 2, std::max(back_off_max, interval_));
        back_off_ = clean_rounds_ > 0 ? interval_ : longer;
    }
    switch (finding.verdict) {
        case Verdict::clean:
            return on_clean_round(now);
        case Verdict::unfinished:
            return;
        case Verdict::silent:
            if (in_disgrace()) return;
            if (silent_rounds_ < silent_rounds_max && failures_ < failures_max) return;
            return enter(State::open, finding.cause);
        case Verdict::missing:
            if (in_disgrace() || missing_rounds_ < missing_rounds_max) return;
            return enter(State::suspended, finding.cause);
        case Verdict::lying:
            if (state_ == State::suspended) return;  // the first cause says most
            return enter(State::suspended, finding.cause);
        case Verdict::refused:
            return enter(State::refused, finding.cause);
    }
}

void ListHealth::on_clean_round(TimePoint now) {
    failures_ = 0;
    if (in_disgrace() && clean_rounds_ < clean_rounds_for_release) return;
    // Only a round that began after the alarm disproves it; the monitor sees to that.
    if (state_ == State::suspect) surge_.on_disproved(now);
    // What it said before it fell into disgrace is not what is usual for it.
    if (in_disgrace()) surge_ = Surge();
    enter(State::healthy, {});
}

void ListHealth::enter(State state, const Cause& cause) {
    if (!in_disgrace()) back_off_ = interval_;
    state_ = state;
    cause_ = cause;
}

ListHealth::Pause ListHealth::pause() const {
    if (in_disgrace()) return {back_off_ * 9 / 10, back_off_ * 11 / 10};
    if (clean_rounds_ == 0) return {retry_min, retry_max};
    // Never longer than the interval, the round itself included: it bounds how long a list that
    // lists few addresses in a minute can lie unnoticed.
    return {interval_ * 90 / 100, interval_ * 98 / 100};
}

}  // namespace postern::health
