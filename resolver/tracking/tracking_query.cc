// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/tracking_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>

#include "policy/config/duration_text.h"
#include "policy/config/nearest.h"
#include "policy/config/rfc3339.h"
#include "policy/model/mail_address.h"

namespace postern::tracking {

namespace {

using Mistake = std::string;  // empty: none

Mistake wrong(std::string_view name, std::string_view value, std::string_view instead) {
    return std::string(name) + ": \"" + std::string(value) + "\" " + std::string(instead);
}

template <std::size_t count>
bool is_one_of(std::string_view text, const std::array<std::string, count>& names) {
    return std::find(names.begin(), names.end(), text) != names.end();
}

const std::array<std::string, 3> actions = {"accept", "reject", "defer"};
const std::array<std::string, 8> reasons = {
    "accepted",       "reputation",    "reputation_unknown", "blocked_sender",
    "blocked_client", "anti_spoofing", "greylisted",         "open_relay"};

template <std::size_t count>
Mistake not_one_of(std::string_view name, std::string_view value,
                   const std::array<std::string, count>& names) {
    std::string all;
    for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
    return wrong(name, value, "is none; write one of " + all);
}

class QueryReader {
  public:
    explicit QueryReader(Milliseconds now) : now_(now) {}

    Mistake read(const std::string& name, const std::string& value) {
        for (const Argument& argument : arguments) {
            if (argument.name == name) return (this->*argument.read)(name, value);
        }
        std::vector<std::string_view> names;
        for (const Argument& argument : arguments) names.push_back(argument.name);
        return "there is no argument \"" + name + '"' + suggestion(name, names);
    }

    TrackingQuery finish() {
        for (auto& [kind, terms] : wanted_) query_.wanted.push_back(std::move(terms));
        // Only where all of the ranges can be looked up by a term do terms help.
        std::vector<Term> networks;
        for (const IpRange& range : query_.clients) networks.push_back(term_of(range));
        if (std::find(networks.begin(), networks.end(), Term{0}) == networks.end() &&
            !networks.empty()) {
            query_.wanted.push_back(std::move(networks));
        }
        return std::move(query_);
    }

  private:
    struct Argument {
        std::string_view name;
        Mistake (QueryReader::*read)(const std::string& name, const std::string& value);
    };
    static const Argument arguments[14];

    void want(TermKind kind, std::string_view text) {
        wanted_[kind].push_back(term_of(kind, text));
    }

    Mistake client(const std::string& name, const std::string& value) {
        const auto range = IpRange::parse(value);
        if (!range) return wrong(name, value, "is no address and no range like 192.0.2.0/24");
        query_.clients.push_back(*range);
        return {};
    }
    Mistake from(const std::string&, const std::string& value) {
        want(TermKind::from, address(value));
        return {};
    }
    Mistake to(const std::string&, const std::string& value) {
        want(TermKind::to, address(value));
        return {};
    }
    // "domain.example" and "@domain.example" are the domain.
    static std::string address(std::string_view value) {
        if (value.starts_with('@')) value.remove_prefix(1);
        const bool is_domain = value.find('@') == value.npos;
        return std::string(is_domain ? policy::canonical_domain(value)
                                     : policy::canonical_address(value));
    }
    Mistake action(const std::string& name, const std::string& value) {
        if (!is_one_of(value, actions)) return not_one_of(name, value, actions);
        want(TermKind::action, value);
        return {};
    }
    Mistake reason(const std::string& name, const std::string& value) {
        if (!is_one_of(value, reasons)) return not_one_of(name, value, reasons);
        want(TermKind::reason, value);
        return {};
    }
    Mistake policy(const std::string&, const std::string& value) {
        want(TermKind::policy, value);
        return {};
    }
    Mistake list(const std::string&, const std::string& value) {
        want(TermKind::list, value);
        return {};
    }
    Mistake id(const std::string&, const std::string& value) {
        query_.id = parse_id(value);
        want(TermKind::id, value);
        return {};
    }
    Mistake rejected(const std::string& name, const std::string& value) {
        if (value != "true") return wrong(name, value, "is not true; leave it out");
        want(TermKind::action, "reject");
        want(TermKind::action, "defer");
        return {};
    }
    Mistake since(const std::string& name, const std::string& value) {
        return read_time(name, value, query_.since);
    }
    Mistake until(const std::string& name, const std::string& value) {
        return read_time(name, value, query_.until);
    }
    Mistake read_time(const std::string& name, const std::string& value,
                      std::optional<Milliseconds>& time) const {
        using std::chrono::milliseconds;
        if (const auto instant = parse_rfc3339(value)) {
            time = milliseconds(instant->time_since_epoch()).count();
        } else if (const auto ago = parse_duration(value)) {
            time = now_ - std::chrono::floor<milliseconds>(*ago).count();
        } else {
            return wrong(name, value, "is no time; write it like 2026-01-15T12:00:00Z or 2h");
        }
        return {};
    }
    Mistake before(const std::string& name, const std::string& value) {
        return read_id(name, value, query_.before);
    }
    Mistake after(const std::string& name, const std::string& value) {
        return read_id(name, value, query_.after);
    }
    static Mistake read_id(const std::string& name, const std::string& value,
                           std::optional<DecisionId>& id) {
        id = parse_id(value);
        return id ? Mistake() : wrong(name, value, "is no id of a decision");
    }
    Mistake limit(const std::string& name, const std::string& value) {
        const char* const end = value.data() + value.size();
        const auto [stop, error] = std::from_chars(value.data(), end, query_.limit);
        const bool good = error == std::errc{} && stop == end && query_.limit >= 1 &&
                          query_.limit <= TrackingQuery::limit_max;
        return good ? Mistake() : wrong(name, value, "is no number from 1 to 1000");
    }

    const Milliseconds now_;
    TrackingQuery query_;
    std::map<TermKind, std::vector<Term>> wanted_;
};

constexpr QueryReader::Argument QueryReader::arguments[] = {
    {"client", &QueryReader::client},
    {"from", &QueryReader::from},
    {"to", &QueryReader::to},
    {"action", &QueryReader::action},
    {"reason", &QueryReader::reason},
    {"policy", &QueryReader::policy},
    {"list", &QueryReader::list},
    {"id", &QueryReader::id},
    {"rejected", &QueryReader::rejected},
    {"since", &QueryReader::since},
    {"until", &QueryReader::until},
    {"before", &QueryReader::before},
    {"after", &QueryReader::after},
    {"limit", &QueryReader::limit},
};

}  // namespace

tl::expected<TrackingQuery, std::string> parse_query(const Arguments& arguments, Milliseconds now) {
    QueryReader reader(now);
    for (const auto& [name, value] : arguments) {
        const Mistake mistake = reader.read(name, value);
        if (!mistake.empty()) return tl::unexpected(mistake);
    }
    return reader.finish();
}

bool matches(const TrackingQuery& query, Milliseconds time, const Record& record,
             std::span<const Term> terms) {
    if (query.since && time < *query.since) return false;
    if (query.until && time >= *query.until) return false;
    if (!query.clients.empty() &&
        std::none_of(query.clients.begin(), query.clients.end(),
                     [&](const IpRange& range) { return range.contains(record.client); })) {
        return false;
    }
    const auto is_there = [&](Term term) {
        return std::find(terms.begin(), terms.end(), term) != terms.end();
    };
    return std::all_of(query.wanted.begin(), query.wanted.end(), [&](const auto& alternatives) {
        return std::any_of(alternatives.begin(), alternatives.end(), is_there);
    });
}

}  // namespace postern::tracking
