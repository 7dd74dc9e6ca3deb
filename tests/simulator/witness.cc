// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/witness.h"

#include "policy/config/duration_text.h"

namespace postern::simulator {

void Witness::watch(WorkerParts& parts, const health::Standings& standings) {
    parts_ = &parts;
    standings_ = &standings;
    replies_ = 0;
    parts.pipeline.observe(*this);
}

void Witness::on_decision(const service::Origin&, const service::Answer& answer) {
    ++replies_;
    if (answer.elapsed > deadline_ + grace) {
        complain(answer, "answered after " + to_string(answer.elapsed));
    }
    for (ListIndex list = 0; list < servers_.lists().size(); ++list) check_listing(answer, list);
}

void Witness::check_listing(const service::Answer& answer, ListIndex list) {
    const Listing& listing = answer.evidence.listings[list];
    if (listing.state != Listing::State::listed) return;
    const ScriptedList& scripted = servers_.lists()[list];
    if (!scripted.has_listed(answer.request.client)) {
        complain(answer, "listed by " + scripted.name() + ", which never said so");
    }
    // What a list said while it was believed still counts when it cannot be reached.
    const bool votes = (standings_->voting() & mask_of(list)) != 0;
    const bool unreachable = standings_->state(list) == health::State::open;
    if (!votes && !unreachable) {
        complain(answer, "listed by " + scripted.name() + ", which has no vote");
    }
    // A list that is unreachable cannot be caught lying.
    if (votes && !listing.stale) check_lie(answer, scripted);
}

void Witness::check_lie(const service::Answer& answer, const ScriptedList& list) {
    const std::optional<TimePoint> onset = servers_.lying_since(list);
    if (!onset || list.lists(answer.request.client)) return;
    const auto wrong =
        lies_.on_wrong_listing(list.name(), answer.request.client, *onset, servers_.now());
    if (wrong) complain(answer, *wrong);
}

void Witness::complain(const service::Answer& answer, const std::string& what) {
    violations_.push_back(answer.request.client.to_string() + ": " + what);
}

}  // namespace postern::simulator
