// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/criteria.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "policy/config/duration_text.h"
#include "policy/config/nearest.h"
#include "tests/simulator/statement.h"

namespace postern::simulator {

namespace {

using Criteria = std::vector<Criterion>;

constexpr std::array<std::string_view, 3> actions = {"accept", "reject", "defer"};
constexpr std::array<std::string_view, 8> reasons = {
    "accepted",       "reputation",    "reputation_unknown", "blocked_sender",
    "blocked_client", "anti_spoofing", "greylisted",         "open_relay"};
// Of one list; "unknown" is any of those from "timeout" on, "stale" and "fresh" say whether the
// opinion was kept beyond its time.
constexpr std::array<std::string_view, 9> list_words = {
    "clear", "listed", "timeout", "error", "refused", "suspended", "unknown", "stale", "fresh"};
constexpr std::array<std::string_view, 3> value_words = {"within", "after", "code"};
constexpr std::array<std::string_view, 3> flags = {"degraded", "whole", "complaint"};

template <class Words>
bool contains(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool has_opinion(const std::string& state) { return state == "clear" || state == "listed"; }

bool list_is(const Told& told, const std::string& list, const std::string& word) {
    const auto found = told.lists.find(list);
    const bool stale = contains(told.stale, list);
    if (found == told.lists.end()) return false;
    if (word == "stale") return stale;
    if (word == "fresh") return has_opinion(found->second) && !stale;
    if (word == "unknown") return !has_opinion(found->second);
    return found->second == word;
}

bool flag_is(const Told& told, const std::string& word) {
    if (word == "complaint") return told.complaint;
    return told.degraded == (word == "degraded");
}

Criterion plain(const std::string& word) {
    if (contains(actions, word)) {
        return {word, [word](const Told& told) { return word == to_string(told.action); }};
    }
    if (contains(reasons, word)) {
        return {word, [word](const Told& told) { return word == told.reason; }};
    }
    return {word, [word](const Told& told) { return flag_is(told, word); }};
}

tl::expected<Criterion, std::string> with_value(const std::string& word, const std::string& value) {
    const std::string text = word + " " + value;
    const bool is_code = word == "code";
    std::string problem = problem_with(is_code ? "NUMBER" : "DURATION", value);
    if (!problem.empty()) return failure(std::move(problem));
    if (is_code) {
        return Criterion{text, [value](const Told& t) { return std::to_string(t.code) == value; }};
    }
    const Duration bound = *parse_duration(value);
    if (word == "within") {
        return Criterion{text, [bound](const Told& told) { return told.at - told.asked <= bound; }};
    }
    return Criterion{text, [bound](const Told& told) { return told.at - told.asked >= bound; }};
}

std::string no_criterion(const std::string& word) {
    std::vector<std::string_view> known(actions.begin(), actions.end());
    known.insert(known.end(), reasons.begin(), reasons.end());
    known.insert(known.end(), list_words.begin(), list_words.end());
    known.insert(known.end(), value_words.begin(), value_words.end());
    known.insert(known.end(), flags.begin(), flags.end());
    std::string all;
    for (const std::string_view one : known) (all += ' ') += one;
    return "\"" + word + "\" cannot be expected" + suggestion(word, known) + "; write one of" + all;
}

}  // namespace

tl::expected<Criteria, std::string> parse_criteria(const std::vector<std::string>& words,
                                                   const std::vector<std::string>& lists) {
    Criteria criteria;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        const bool of_list = contains(list_words, word);
        const bool of_value = contains(value_words, word);
        if (!of_list && !of_value) {
            if (!contains(actions, word) && !contains(reasons, word) && !contains(flags, word)) {
                return failure(no_criterion(word));
            }
            criteria.push_back(plain(word));
            continue;
        }
        if (++i == words.size()) return failure("something is missing behind \"" + word + "\"");
        const std::string& value = words[i];
        if (of_value) {
            auto criterion = with_value(word, value);
            if (!criterion) return failure(criterion.error());
            criteria.push_back(std::move(*criterion));
            continue;
        }
        if (!contains(lists, value)) return failure("no list is called \"" + value + "\"");
        criteria.push_back({word + " " + value, [value, word](const Told& told) {
                                return list_is(told, value, word);
                            }});
    }
    return criteria;
}

std::string first_unmet(const Criteria& criteria, const Told& told) {
    for (const Criterion& criterion : criteria) {
        if (!criterion.met(told)) return criterion.text;
    }
    return "";
}

std::string describe(const Told& told) {
    std::string text = told.complaint ? "that it makes no sense" : to_string(told.action);
    text += " " + told.reason + " " + std::to_string(told.code);
    if (told.degraded) text += " degraded";
    for (const auto& [list, state] : told.lists) {
        text += ", " + list + " " + state + (contains(told.stale, list) ? " stale" : "");
    }
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(told.at - told.asked);
    return text + ", after " + std::to_string(ms.count()) + "ms";
}

}  // namespace postern::simulator
