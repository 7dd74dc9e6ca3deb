// SPDX-License-Identifier: Apache-2.0
//
// Gateways: what they ask, and how they behave.
#include "policy/config/duration_text.h"
#include "tests/simulator/scenario.h"

namespace postern::simulator {

namespace {

using enum Rule::When;

// What may stand behind a question: "as NAME", "by CLIENT", "from SENDER to RECIPIENT",
// "every DURATION".
struct Manner {
    std::string name;
    std::string client = "gateway";
    std::optional<std::string> mail_from;
    std::string recipient;
    Duration pause{};
};

tl::expected<Manner, std::string> read_manner(const std::vector<std::string>& words,
                                              std::string name) {
    Manner manner{.name = std::move(name)};
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::string& key = words[i];
        if (i + 1 == words.size()) return failure("something is missing behind \"" + key + "\"");
        const std::string& value = words[i + 1];
        if (key == "as") {
            manner.name = value;
        } else if (key == "by") {
            manner.client = value;
        } else if (key == "from") {
            manner.mail_from = value;
        } else if (key == "to") {
            manner.recipient = value;
        } else if (key == "every") {
            if (auto problem = problem_with("DURATION", value); !problem.empty()) {
                return failure(std::move(problem));
            }
            manner.pause = *parse_duration(value);
        } else {
            return failure("\"" + key + "\" says nothing about a question; write as NAME, by " +
                           "CLIENT, from SENDER to RECIPIENT, or every DURATION");
        }
    }
    if (manner.mail_from.has_value() == manner.recipient.empty()) {
        return failure("\"from\" and \"to\" belong together");
    }
    return manner;
}

void ask(Scenario& scenario, const Manner& manner, GatewayClient& client,
         const IpAddress& address) {
    const std::uint32_t number = scenario.next_number++;
    client.ask(number, {address, manner.mail_from, manner.recipient});
    scenario.world->settle();
    scenario.asked[manner.name].push_back({&client, number});
    if (manner.pause > Duration::zero()) scenario.world->advance(manner.pause);
}

// Asks about `count` addresses, `step` apart.
Outcome ask_all(Scenario& scenario, const Manner& manner, const IpAddress& first,
                std::uint64_t count, std::uint32_t step) {
    scenario.asked[manner.name].clear();
    GatewayClient& client = scenario.client(manner.client);
    if (step == 0 || count == 1) {
        for (std::uint64_t i = 0; i < count; ++i) ask(scenario, manner, client, first);
        return {};
    }
    if (!first.is_v4()) return failure("write an IPv4 address to begin with");
    for (std::uint32_t i = 0; i < count; ++i) {
        ask(scenario, manner, client, IpAddress::from_v4(first.v4() + i * step));
    }
    return {};
}

Outcome ask_one(Scenario& scenario, const Arguments& arguments) {
    const auto manner = read_manner(arguments.from(1), arguments.word(0));
    if (!manner) return failure(manner.error());
    return ask_all(scenario, *manner, arguments.address(0), 1, 0);
}

Outcome ask_several(Scenario& scenario, const Arguments& arguments) {
    const auto manner = read_manner(arguments.from(2), arguments.word(1));
    if (!manner) return failure(manner.error());
    return ask_all(scenario, *manner, arguments.address(1), arguments.number(0), 1);
}

Outcome ask_often(Scenario& scenario, const Arguments& arguments) {
    const auto manner = read_manner(arguments.from(2), arguments.word(1));
    if (!manner) return failure(manner.error());
    return ask_all(scenario, *manner, arguments.address(1), arguments.number(0), 0);
}

Outcome many_clients_ask(Scenario& scenario, const Arguments& arguments) {
    const auto manner = read_manner(arguments.from(2), arguments.word(1));
    if (!manner) return failure(manner.error());
    scenario.asked[manner->name].clear();
    for (std::uint64_t i = 0; i < arguments.number(0); ++i) {
        ask(scenario, *manner, scenario.world->connect(Dialect::native), arguments.address(1));
    }
    return {};
}

Outcome connect(Scenario& scenario, const Arguments& arguments) {
    const std::string& dialect = arguments.word(1);
    static const std::map<std::string, Dialect> dialects = {
        {"json", Dialect::json}, {"native", Dialect::native}, {"postfix", Dialect::postfix}};
    const auto known = dialects.find(dialect);
    if (known == dialects.end()) {
        return failure("\"" + dialect + "\" is no dialect; write json, native or postfix");
    }
    scenario.clients[arguments.word(0)] = &scenario.world->connect(known->second);
    scenario.world->settle();
    return {};
}

template <class Change>
Outcome with_client(Scenario& scenario, const Arguments& arguments, Change change) {
    change(scenario.client(arguments.word(0)));
    scenario.world->settle();
    return {};
}

// clang-format off
constexpr Rule rules[] = {
    {running, "ask ADDRESS MANNER...",
     "MANNER: as NAME, by CLIENT, from SENDER to RECIPIENT, every DURATION", ask_one},
    {running, "ask NUMBER addresses from ADDRESS MANNER...",
     "one after the other", ask_several},
    {running, "ask NUMBER times ADDRESS MANNER...", "the same question so often", ask_often},
    {running, "NUMBER clients ask ADDRESS MANNER...", "each on a connection of its own",
     many_clients_ask},
    {running, "client CLIENT speaks DIALECT",
     "connects; DIALECT: json (that of all others), native, postfix", connect},
    {running, "client CLIENT sends TEXT", "the text, and a line end",
     [](Scenario& s, const Arguments& a) {
         return with_client(s, a, [&](auto& client) { client.send_raw(a.word(1) + "\n"); }); }},
    {running, "client CLIENT sends NUMBER bytes of nothing", "zeros without an end",
     [](Scenario& s, const Arguments& a) {
         return with_client(s, a, [&](auto& client) {
             client.send_raw(std::string(a.number(1), '0')); }); }},
    {running, "client CLIENT reads NUMBER bytes at a time", "every 10ms; 0: none at all",
     [](Scenario& s, const Arguments& a) {
         return with_client(s, a, [&](auto& client) { client.read_slowly(a.number(1)); }); }},
    {running, "client CLIENT reads freely", "and catches up",
     [](Scenario& s, const Arguments& a) {
         return with_client(s, a, [](auto& client) { client.read_freely(); }); }},
    {running, "client CLIENT half-closes", "sends no more, still reads",
     [](Scenario& s, const Arguments& a) {
         return with_client(s, a, [](auto& client) { client.half_close(); }); }},
    {running, "client CLIENT hangs up", "is gone",
     [](Scenario& s, const Arguments& a) {
         return with_client(s, a, [](auto& client) { client.hang_up(); }); }},
};
// clang-format on

}  // namespace

std::span<const Rule> gateway_rules() { return rules; }

}  // namespace postern::simulator
