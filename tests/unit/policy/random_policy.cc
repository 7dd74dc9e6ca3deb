// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/policy/random_policy.h"

#include <string>

namespace postern::policy {

namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

const Texts domains = {"corp.example",        "eu.corp.example", "lab.example",
                       "a.lab.example",       "partner.example", "m.partner.example",
                       "x.m.partner.example", "freemail.example"};
const Texts locals = {"a", "b", "ann"};
const Texts names = {"News", "The Boss", "A. B."};
const Texts ranges = {"192.0.2.0/24",  "192.0.2.0/28",      "192.0.2.5", "198.51.100.0/24",
                      "2001:db8::/32", "2001:db8:0:1::/64", "0.0.0.0/0", "::/0"};
const Texts clients = {"192.0.2.5",   "192.0.2.9",       "192.0.2.77",      "198.51.100.10",
                       "203.0.113.4", "2001:db8:0:1::7", "2001:db8:0:1::8", "2001:db8:5::1"};
const Texts hosts = {"mx.partner.example", "*.partner.example", "*.example", "out.lab.example"};
const Texts host_names = {"",
                          "mx.partner.example",
                          "b.mx.partner.example",
                          "MX.Partner.example",
                          "out.lab.example",
                          "other.test"};

Scope scope_of(const std::string& text) { return *parse_scope(text); }

}  // namespace

WallTime world_time() { return std::chrono::sys_days(std::chrono::year(2026) / 1 / 15) + 12h; }

std::string RandomWorld::address() {
    if (chance(5)) return "";
    std::string text = pick(locals) + "@" + pick(domains);
    if (chance(10)) text[0] = static_cast<char>(text[0] - 32);
    return text;
}

std::string RandomWorld::internal_address() {
    return pick(locals) + (chance(70) ? "@corp.example" : "@a.lab.example");
}

Scope RandomWorld::scope(bool is_to) {
    switch (below(is_to ? 11 : 13)) {
        case 0:
        case 1:
            return {};
        case 2:
        case 3:
            return scope_of("internal");
        case 4:
            return scope_of("external");
        case 5:
            return scope_of("free_mail");
        case 6:
            return scope_of("domain:" + pick(domains));
        case 7:
            return scope_of("domain:*." + pick(domains));
        case 8:
            return scope_of("group:" + pick(Texts{"sales", "friends"}));
        case 9:
            return scope_of("attribute:" + pick(Texts{"dept=finance", "dept=stores"}));
        case 10:
            return scope_of("address:" + pick(locals) + "@" + pick(domains));
        default:
            return scope_of("display_name:" + pick(names));
    }
}

Policy RandomWorld::policy(int number) {
    Policy policy;
    policy.id = "p" + std::to_string(number);
    policy.type = static_cast<PolicyType>(below(static_cast<int>(policy_types)));
    const std::vector<Option>& options = info(policy.type).options;
    if (!options.empty()) policy.option = pick(options);
    policy.definition = static_cast<std::uint16_t>(below(3));
    if (policy.type == PolicyType::header_bypass)
        policy.lifts = static_cast<std::uint8_t>(1 + below(lift_all));
    if (policy.type == PolicyType::url_protection && policy.option == Option::bypass &&
        chance(50)) {
        policy.urls = {"sim.example"};
    }
    const bool client_only = info(policy.type).view == View::client;
    if (!client_only) {
        policy.from = scope(false);
        policy.to = chance(40) ? scope_of("internal") : scope(true);
        policy.based_on = static_cast<BasedOn>(below(3));
        policy.bidirectional = chance(20);
    }
    policy.enabled = chance(90);
    policy.override_rank = chance(15);
    if (client_only || chance(30)) {
        for (int i = 0; i <= below(2); ++i)
            policy.source_ips.push_back(*IpRange::parse(pick(ranges)));
    }
    if (chance(10)) policy.hostnames.push_back(pick(hosts));
    if (chance(15)) policy.valid.from = world_time() + std::chrono::minutes(below(5) - 2);
    if (chance(15)) policy.valid.until = world_time() + std::chrono::minutes(below(5));
    if (chance(30)) policy.created = world_time() - std::chrono::hours(below(3));
    return policy;
}

Model RandomWorld::model() {
    Model model;
    Organization& organization = model.organization;
    organization.internal_domains = {scope_of("domain:corp.example"),
                                     scope_of("domain:*.lab.example")};
    organization.authorized_senders = {*IpRange::parse("198.51.100.10")};
    organization.relay_exceptions = {scope_of("address:a@partner.example"),
                                     scope_of("group:friends")};
    organization.free_mail = {"freemail.example", "lab.example"};
    organization.ignore_permits_on_auth_failure = chance(50);
    model.groups = {{"sales", {"ann@corp.example", "b@corp.example"}},
                    {"friends", {"partner.example", "a@partner.example", "ann@lab.example"}}};
    model.users = {{"ann@corp.example", {"dept=finance", "floor=2"}},
                   {"b@corp.example", {"dept=stores"}}};
    if (chance(30)) model.permit_ranges = {*IpRange::parse("203.0.113.0/24")};
    model.lists = {{"zen", ListKind::block, "one", ""},
                   {"pbl", ListKind::block, "one", ""},
                   {"psbl", ListKind::block, "", ""},
                   {"bar", ListKind::block, "", ""},
                   {"white", ListKind::permit, "", ""}};
    for (int i = 0; i < 3; ++i) {
        ReputationDefinition definition;
        definition.name = "d" + std::to_string(i);
        definition.global_permitted_list = chance(60);
        definition.block_lists = static_cast<ListMask>(chance(10) ? 0 : 1 + below(15));
        definition.count_operators = chance(30);
        definition.block_list_hits = static_cast<std::uint8_t>(1 + below(3));
        definition.defer_on_unknown = chance(40);
        model.reputation.push_back(definition);
        const HeaderMatcher one{"X-Test", static_cast<HeaderMatcher::How>(below(3)),
                                pick(Texts{"yes", "y", "no"})};
        const HeaderMatcher two{"X-Other", HeaderMatcher::How::exact, "yes"};
        model.headers.push_back({"h" + std::to_string(i), "", {one, two}});
    }
    model.default_reputation = static_cast<std::uint16_t>(below(3));
    const int policies = below(40);
    for (int i = 0; i < policies; ++i) model.policies.push_back(policy(i));
    model.files = {"random"};
    return model;
}

void RandomWorld::add_headers(ReferenceRequest& made) {
    std::vector<Header>& headers = made.request.headers.emplace();
    std::string from;
    const int addresses = chance(10) ? 0 : chance(80) ? 1 : 2;
    for (int i = 0; i < addresses; ++i) {
        const bool same = chance(40) && made.request.mail_from && !made.request.mail_from->empty();
        const std::string text =
            same ? *made.request.mail_from : pick(locals) + "@" + pick(domains);
        const std::string name = chance(40) ? pick(names) : "";
        made.header_from.emplace_back(name, text);
        from +=
            (from.empty() ? "" : ", ") + (name.empty() ? text : "\"" + name + "\" <" + text + ">");
    }
    if (addresses != 0) headers.push_back({"From", from});
    if (chance(40)) headers.push_back({"x-test", pick(Texts{"yes", "y", "oh yes", "no"})});
    if (chance(20)) headers.push_back({"X-Other", pick(Texts{"yes", "Yes"})});
    if (chance(10)) headers.push_back({"Auto-Submitted", pick(Texts{"no", "auto-replied"})});
}

ReferenceRequest RandomWorld::request() {
    ReferenceRequest made;
    Request& request = made.request;
    request.client = *IpAddress::parse(pick(clients));
    request.hostname = pick(host_names);
    request.authenticated = chance(5);
    if (chance(25)) request.auth.spf = pick(Texts{"fail", "pass", "softfail"});
    if (chance(15)) return made;  // a connection
    request.mail_from = address();
    const int recipients = chance(3) ? 0 : 1 + below(2);
    for (int i = 0; i < recipients; ++i)
        request.recipients.push_back(chance(70) ? internal_address() : address());
    if (chance(50)) add_headers(made);
    return made;
}

Evidence RandomWorld::evidence(const Model& model) {
    using State = Listing::State;
    const std::vector<State> states = {State::clear,     State::clear,         State::clear,
                                       State::listed,    State::listed,        State::pending,
                                       State::timeout,   State::error,         State::refused,
                                       State::suspended, State::not_applicable};
    Evidence evidence;
    evidence.permitted = chance(5);
    for (std::size_t i = 0; i < model.lists.size(); ++i) evidence.listings[i].state = pick(states);
    if (!chance(20)) evidence.listings[4].state = State::clear;
    return evidence;
}

WallTime RandomWorld::later(WallTime now) {
    const std::vector<std::chrono::seconds> steps = {
        0s, 0s, 0s, 1s, 30s, 59s, 60s, 61s, 2min, 12h, 12h + 1s, 24h * 36, 24h * 120};
    return now + (chance(97) ? steps[static_cast<std::size_t>(below(9))] : pick(steps));
}

}  // namespace postern::policy
