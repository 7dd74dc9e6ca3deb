// SPDX-License-Identifier: Apache-2.0
//
// What a scenario expects.
//
// An answer that has not come yet is waited for, until a little after the deadline; everything else
// is looked at as it is.
#include <algorithm>

#include "tests/simulator/criteria.h"
#include "tests/simulator/scenario.h"

namespace postern::simulator {

namespace {

using enum Rule::When;

Outcome expect(bool holds, const std::string& otherwise) {
    if (holds) return {};
    return failure(otherwise);
}

Outcome expect_number(std::uint64_t found, const std::string& op, std::uint64_t wanted) {
    return expect(compare(found, op, wanted), "expected " + op + " " + std::to_string(wanted) +
                                                  ", found " + std::to_string(found));
}

const Told* answer_to(const Asked& asked) {
    const auto answer = asked.client->answers().find(asked.number);
    return answer == asked.client->answers().end() ? nullptr : &answer->second;
}

const std::vector<Asked>* find_asked(const Scenario& scenario, const std::string& name) {
    const auto asked = scenario.asked.find(name);
    return asked == scenario.asked.end() ? nullptr : &asked->second;
}

bool all_answered(const std::vector<Asked>& asked) {
    return std::all_of(asked.begin(), asked.end(),
                       [](const Asked& one) { return answer_to(one) != nullptr; });
}

void wait_for_answers(Scenario& scenario, const std::vector<Asked>& asked) {
    const Duration patience = scenario.plan.config.gateway.deadline + World::grace;
    const TimePoint end = scenario.world->now() + patience;
    while (!all_answered(asked) && scenario.world->now() < end) {
        scenario.world->advance(std::chrono::milliseconds{1});
    }
}

// "expect NAME CRITERIA": of every question that the latest step of that name asked.
Outcome expect_answers(Scenario& scenario, const Arguments& arguments) {
    const std::vector<Asked>* const asked = find_asked(scenario, arguments.word(0));
    if (asked == nullptr) {
        return failure("nothing was asked as \"" + arguments.word(0) + "\"");
    }
    const auto criteria = parse_criteria(arguments.from(1), scenario.plan.list_names());
    if (!criteria) return failure(criteria.error());
    wait_for_answers(scenario, *asked);
    for (const Asked& one : *asked) {
        const Told* const told = answer_to(one);
        if (told == nullptr) return failure("there is no answer");
        const std::string wrong = first_unmet(*criteria, *told);
        if (!wrong.empty()) return failure("expected " + wrong + ", was told " + describe(*told));
    }
    return {};
}

Outcome expect_unanswered(Scenario& scenario, const Arguments& arguments) {
    const std::vector<Asked>* const asked = find_asked(scenario, arguments.word(0));
    if (asked == nullptr) return failure("nothing was asked as \"" + arguments.word(0) + "\"");
    const bool none = std::none_of(asked->begin(), asked->end(),
                                   [](const Asked& one) { return answer_to(one) != nullptr; });
    return expect(none, "there is an answer");
}

// "expect count NAME CRITERIA OP NUMBER": how many of them are so.
Outcome expect_count(Scenario& scenario, const Arguments& arguments) {
    std::vector<std::string> words = arguments.from(1);
    if (words.size() < 2 || !problem_with("OP", words[words.size() - 2]).empty() ||
        !problem_with("NUMBER", words.back()).empty()) {
        return failure("a count ends in a comparison; write it like <= 100");
    }
    const std::uint64_t wanted = std::stoull(words.back());
    const std::string op = words[words.size() - 2];
    words.resize(words.size() - 2);
    const std::vector<Asked>* const asked = find_asked(scenario, arguments.word(0));
    if (asked == nullptr) return failure("nothing was asked as \"" + arguments.word(0) + "\"");
    const auto criteria = parse_criteria(words, scenario.plan.list_names());
    if (!criteria) return failure(criteria.error());
    wait_for_answers(scenario, *asked);
    const auto found = std::count_if(asked->begin(), asked->end(), [&](const Asked& one) {
        const Told* const told = answer_to(one);
        return told != nullptr && first_unmet(*criteria, *told).empty();
    });
    return expect_number(static_cast<std::uint64_t>(found), op, wanted);
}

health::HealthReport report_on(Scenario& scenario, const ScriptedList& list) {
    return scenario.world->health().report(scenario.index_of(list));
}

Outcome expect_list_within(Scenario& scenario, const Arguments& arguments, Duration patience) {
    const ScriptedList* const list = scenario.find_list(arguments.word(0));
    if (list == nullptr) return failure(no_such_list(scenario, arguments.word(0)));
    const TimePoint end = scenario.world->now() + patience;
    std::string state = to_string(report_on(scenario, *list).state);
    while (state != arguments.word(1) && scenario.world->now() < end) {
        scenario.world->advance(std::chrono::milliseconds{100});
        state = to_string(report_on(scenario, *list).state);
    }
    return expect(state == arguments.word(1), "the list is " + state);
}

Outcome expect_cause(Scenario& scenario, const Arguments& arguments) {
    const ScriptedList* const list = scenario.find_list(arguments.word(0));
    if (list == nullptr) return failure(no_such_list(scenario, arguments.word(0)));
    const std::string why = report_on(scenario, *list).why;
    return expect(why.find(arguments.word(1)) != why.npos, "the reason is \"" + why + "\"");
}

template <std::uint64_t QueryCounts::*count>
Outcome expect_queries(Scenario& scenario, const Arguments& arguments) {
    if (scenario.find_list(arguments.word(0)) == nullptr) {
        return failure(no_such_list(scenario, arguments.word(0)));
    }
    return expect_number(scenario.world->servers().counts(arguments.word(0)).*count,
                         arguments.word(1), arguments.number(2));
}

Outcome expect_server(Scenario& scenario, const Arguments& arguments) {
    const std::uint64_t number = arguments.number(0);
    if (number < 1 || number > scenario.plan.servers) return failure("there is no such server");
    return expect_number(scenario.world->servers().server(number - 1).queries, arguments.word(1),
                         arguments.number(2));
}

bool has_event(Scenario& scenario, const Arguments& arguments) {
    std::string wanted;
    for (const std::string& word : arguments.from(0)) wanted += wanted.empty() ? word : " " + word;
    const std::vector<std::string>& lines = scenario.world->events().lines();
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.starts_with(wanted); });
}

Outcome expect_event(Scenario& scenario, const Arguments& arguments) {
    if (has_event(scenario, arguments)) return {};
    std::string log;
    for (const std::string& line : scenario.world->events().lines()) log += "\n    " + line;
    return failure("there is no such event, but" + (log.empty() ? " none at all" : log));
}

Outcome expect_client_end(Scenario& scenario, const Arguments& arguments) {
    return expect(scenario.client(arguments.word(0)).at_end(), "the connection is open");
}

// clang-format off
constexpr Rule rules[] = {
    {running, "expect NAME unanswered", "no answer has come; does not wait", expect_unanswered},
    {running, "expect count NAME CRITERIA...",
     "ends in OP NUMBER: so many of the answers meet the criteria", expect_count},
    {running, "expect list LIST is STATE", "as it is now",
     [](Scenario& s, const Arguments& a) { return expect_list_within(s, a, {}); }},
    {running, "expect list LIST is STATE within DURATION", "lets time pass until it is",
     [](Scenario& s, const Arguments& a) { return expect_list_within(s, a, a.duration(2)); }},
    {running, "expect list LIST because TEXT", "the reason contains the text", expect_cause},
    {running, "expect queries LIST OP NUMBER", "for requests, retries included",
     expect_queries<&QueryCounts::queries>},
    {running, "expect probes LIST OP NUMBER", "for self-tests",
     expect_queries<&QueryCounts::probes>},
    {running, "expect tcp LIST OP NUMBER", "queries over TCP",
     expect_queries<&QueryCounts::over_tcp>},
    {running, "expect server NUMBER asked OP NUMBER", "queries to that name server", expect_server},
    {running, "expect event WORD...", "a line of the log begins with these words", expect_event},
    {running, "expect no event WORD...", "none does",
     [](Scenario& s, const Arguments& a) {
         return expect(!has_event(s, a), "there is such an event"); }},
    {running, "expect client CLIENT closed", "Postern has ended the connection",
     expect_client_end},
    {running, "expect client CLIENT open", "it has not",
     [](Scenario& s, const Arguments& a) {
         return expect(!s.client(a.word(0)).at_end(), "the connection is closed"); }},
    {running, "expect client CLIENT has OP NUMBER answers", "all that it got",
     [](Scenario& s, const Arguments& a) {
         return expect_number(s.client(a.word(0)).answers().size(), a.word(1), a.number(2)); }},
    {running, "expect client CLIENT has OP NUMBER complaints", "replies that it made no sense",
     [](Scenario& s, const Arguments& a) {
         return expect_number(s.client(a.word(0)).complaints(), a.word(1), a.number(2)); }},
    {running, "expect waiting OP NUMBER", "requests that have no answer yet",
     [](Scenario& s, const Arguments& a) {
         return expect_number(s.world->parts().pipeline.waiting(), a.word(0), a.number(1)); }},
    {running, "expect overload OP NUMBER", "requests answered at once because tables were full",
     [](Scenario& s, const Arguments& a) {
         return expect_number(s.world->parts().pipeline.stats().answered_in_overload, a.word(0),
                              a.number(1)); }},
    {running, "expect NAME CRITERIA...", "what was answered to the latest questions of that name",
     expect_answers},
    {running, "count from here", "queries and events so far are forgotten",
     [](Scenario& s, const Arguments&) -> Outcome {
         s.world->servers().count_from_here();
         s.world->events().forget();
         return {}; }},
};
// clang-format on

}  // namespace

std::span<const Rule> expectation_rules() { return rules; }

}  // namespace postern::simulator
