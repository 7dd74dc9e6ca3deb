// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/zone_entry.h"

#include <algorithm>
#include <string_view>

#include "policy/report/decision_text.h"

namespace postern::dns_door {

namespace {

using namespace std::chrono_literals;

// How long an answer holds that a silent list could have changed.
constexpr Duration degraded_ttl = 1s;

constexpr IpAddress listed_test_point = IpAddress::from_v4(0x7F000002);
constexpr IpAddress clear_test_point = IpAddress::from_v4(0x7F000001);
constexpr const char* test_text = "Test entry (RFC 5782 section 5)";

constexpr std::uint32_t record_of(Code code, int more = 0) {
    return 0x7F000000U | (static_cast<std::uint32_t>(code) + static_cast<std::uint32_t>(more));
}

std::optional<Code> verdict_code(const Decision& decision, service::Mode mode) {
    if (decision.verdict.action == Action::accept) return std::nullopt;
    if (mode == service::Mode::tag) return Code::tag;
    if (decision.verdict.action == Action::defer) return Code::defer;
    return decision.final ? Code::reject : Code::undecided;
}

// Lists that list a client whom no permit spares the check.
int score_of(const Decision& decision) {
    const Reputation& reputation = decision.connection_reputation;
    return reputation.state == Reputation::State::checked ? count(reputation.listed) : 0;
}

void append_list_names(std::string& text, const ListCatalogue& lists, ListMask listed) {
    text += "Listed by ";
    std::string_view before;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if ((listed & mask_of(static_cast<ListIndex>(i))) == 0) continue;
        text += before;
        text += lists[i].name;
        before = ", ";
    }
}

// The words of a refusal, also where it is only marked; else who lists the client.
void append_reason(std::string& text, const service::Answer& answer) {
    const Decision& decision = answer.decision;
    const Reputation& reputation = decision.connection_reputation;
    if (decision.verdict.action == Action::accept)
        return append_list_names(text, answer.policies.lists(), reputation.listed);
    policy::append_reply_text(text, answer.policies, answer.request, decision.verdict, reputation);
}

void add_refusal(const service::Answer& answer, CodeMask codes, ZoneEntry& entry) {
    const auto wanted = [&](Code code) { return (codes & bit_of(code)) != 0; };
    const auto code = verdict_code(answer.decision, answer.mode);
    if (code && wanted(*code)) entry.add(record_of(*code));
    const int score = score_of(answer.decision);
    if (score > 0 && wanted(Code::score)) entry.add(record_of(Code::score, score));
}

// Permit lists, permit ranges, permit policies for everyone, and clients that are not checked.
bool is_permitted(const Decision& decision) {
    using State = Reputation::State;
    const Reputation& reputation = decision.connection_reputation;
    if (decision.verdict.action != Action::accept) return false;
    return reputation.state == State::permit_listed || reputation.state == State::overridden ||
           (reputation.state == State::skipped &&
            reputation.policy.kind == PolicyRef::Kind::written);
}

}  // namespace

void ZoneEntry::clear() {
    count = 0;
    text.clear();
    ttl = {};
}

void make_entry(const service::Answer& answer, Zones zone, const DoorOptions& options,
                WithText with_text, ZoneEntry& entry) {
    entry.clear();
    entry.ttl = answer.decision.degraded ? std::min(degraded_ttl, options.ttl) : options.ttl;
    if (answer.mode == service::Mode::monitor) return;
    if (zone == Zones::refusals) {
        add_refusal(answer, options.codes, entry);
        if (entry.exists() && with_text == WithText::yes) append_reason(entry.text, answer);
    } else if (answer.mode == service::Mode::enforce && is_permitted(answer.decision)) {
        // A permit switches other checks off, which is more than to mark.
        entry.add(record_of(Code::reject));
        entry.text = "Permitted";
    }
}

bool is_test_point(const IpAddress& address) {
    return address == listed_test_point || address == clear_test_point;
}

void make_test_entry(const IpAddress& address, const DoorOptions& options, ZoneEntry& entry) {
    entry.clear();
    entry.ttl = options.ttl;
    if (address != listed_test_point) return;
    entry.add(record_of(Code::reject));
    entry.text = test_text;
}

}  // namespace postern::dns_door
