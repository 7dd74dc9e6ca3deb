// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "policy/report/simulate.h"
#include "resolver/config/config.h"
#include "tools/posternctl/terminal.h"

namespace postern::ctl {

namespace {

using json = nlohmann::ordered_json;

// What was decided, or would be, for one recipient or a connection.
struct Outcome {
    std::string action;
    std::string reason;
    std::string policy;  // empty: none

    friend bool operator==(const Outcome&, const Outcome&) = default;
    std::string text() const {
        return action + ' ' + reason + (policy.empty() ? "" : " (" + policy + ')');
    }
};

Outcome recorded_outcome(const json& verdict) {
    return {verdict["action"], verdict["reason"],
            verdict["policy"].is_null() ? "" : verdict["policy"].get<std::string>()};
}

struct Change {
    std::string id;
    std::string client;
    std::string from;
    std::string to;
    Outcome was;
    Outcome would_be;
};

json to_json(const Change& change) {
    const auto outcome = [](const Outcome& of) {
        return json{{"action", of.action},
                    {"reason", of.reason},
                    {"policy", of.policy.empty() ? json() : json(of.policy)}};
    };
    return {
        {"id", change.id}, {"client", change.client},    {"from", change.from},
        {"to", change.to}, {"was", outcome(change.was)}, {"would_be", outcome(change.would_be)}};
}

// Greylisting and auto-allow live by what came before, of which a replay knows only what it
// replays: their part in a difference says little about the policies.
bool is_of_memory(const json& verdict, const Change& change) {
    const bool greylisted =
        change.was.reason == "greylisted" || change.would_be.reason == "greylisted";
    return greylisted || (verdict.contains("permit") && verdict["permit"]["state"] == "auto_allow");
}

class Replay {
  public:
    explicit Replay(const policy::PolicySet& policies)
        : policies_(policies),
          simulation_(policies,
                      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())) {
        for (const ListInfo& list : policies.lists()) lists_.insert(list.name);
    }

    void decide(json decision) {
        json& request = decision["request"];
        for (const char* names : {"listed", "unknown"}) drop_unknown(request["reputation"][names]);
        const auto decided =
            simulation_.decide(request.dump(-1, ' ', false, json::error_handler_t::replace));
        if (!decided) {
            ++failed_;
            return;
        }
        ++decided_;
        if (decision.contains("more_headers")) ++more_headers_;
        const std::size_t before = changes_.size() + changes_of_memory_;
        compare(decision);
        if (changes_.size() + changes_of_memory_ == before) ++unchanged_;
    }

    std::string summary(const std::string& config) const {
        std::string text =
            fmt::format("{} recorded requests, decided by {} (policy set {}): {} as before\n",
                        decided_, config, policies_.hash_text(), unchanged_);
        std::map<std::string, std::size_t> kinds;
        for (const Change& change : changes_)
            ++kinds[change.was.action + " -> " + change.would_be.action];
        for (const auto& [kind, count] : kinds) text += fmt::format("  {:>7} {}\n", count, kind);
        for (const std::string& note : notes()) text += "  note: " + note + '\n';
        return text;
    }

    std::string table() const {
        std::string text;
        if (!changes_.empty())
            text =
                fmt::format("{:<12} {:<15} {:<22} {}\n", "id", "client", "to", "was -> would be");
        for (const Change& change : changes_) {
            text += fmt::format("{:<12} {:<15} {:<22} {} -> {}\n", change.id, change.client,
                                change.to, change.was.text(), change.would_be.text());
        }
        return text;
    }

    std::string json_lines() const {
        std::string text;
        const auto line = [&](const json& object) {
            text += object.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
        };
        for (const Change& change : changes_) line(to_json(change));
        line({{"policy_set", policies_.hash_text()},
              {"decided", decided_},
              {"as_before", unchanged_},
              {"changes", changes_.size()},
              {"changes_of_memory", changes_of_memory_},
              {"failed", failed_},
              {"more_headers", more_headers_},
              {"lists_gone", gone_}});
        return text;
    }

  private:
    // A list that the new configuration does not have has no say in it.
    void drop_unknown(json& names) {
        json kept = json::array();
        for (const json& name : names) {
            if (lists_.contains(name.get<std::string>())) {
                kept.push_back(name);
            } else {
                gone_.insert(name.get<std::string>());
            }
        }
        names = kept;
    }

    void compare(const json& decision) {
        const Decision& now = simulation_.decision();
        if (now.recipients.empty()) return compare_one(decision, decision, now.verdict, "");
        const json& recipients = decision["recipients"];
        for (std::size_t i = 0; i < std::min(recipients.size(), now.recipients.size()); ++i) {
            compare_one(decision, recipients[i], now.recipients[i].verdict,
                        recipients[i]["address"]);
        }
    }

    void compare_one(const json& decision, const json& verdict, const Verdict& now,
                     const std::string& to) {
        const json& request = decision["request"];
        Change change{.id = decision["id"],
                      .client = request["client"],
                      .from = request.value("mail_from", ""),
                      .to = to,
                      .was = recorded_outcome(verdict),
                      .would_be = {to_string(now.action), to_string(now.reason),
                                   policies_.policy_name(now.policy)}};
        if (change.was == change.would_be) return;
        if (is_of_memory(verdict, change)) {
            ++changes_of_memory_;
        } else {
            changes_.push_back(std::move(change));
        }
    }

    std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        if (changes_of_memory_ != 0) {
            notes.push_back(
                fmt::format("{} differ by greylisting or auto-allow, which start from nothing here",
                            changes_of_memory_));
        }
        if (more_headers_ != 0) {
            notes.push_back(fmt::format(
                "{} had headers beside From, which are not recorded and count as absent",
                more_headers_));
        }
        for (const std::string& list : gone_) {
            notes.push_back(fmt::format("list {} is not in the configuration any more", list));
        }
        if (failed_ != 0) notes.push_back(fmt::format("{} could not be read", failed_));
        return notes;
    }

    const policy::PolicySet& policies_;
    policy::Simulation simulation_;
    std::set<std::string> lists_;
    std::set<std::string> gone_;
    std::vector<Change> changes_;
    std::size_t decided_ = 0;
    std::size_t unchanged_ = 0;
    std::size_t changes_of_memory_ = 0;
    std::size_t failed_ = 0;
    std::size_t more_headers_ = 0;
};

}  // namespace

int replay(const std::string& socket, const ReplayOptions& options) {
    Problems problems;
    const auto config = config::load(options.config, problems);
    complain(problems);
    if (config == nullptr) return exit_no;

    std::vector<json> recorded;
    const auto last = options.filters.newest(
        socket, options.limit, [&](const json& decision) { recorded.push_back(decision); });
    if (!last) return complain(last.error());

    Replay replay(*config->policies);
    for (auto decision = recorded.rbegin(); decision != recorded.rend(); ++decision)
        replay.decide(std::move(*decision));
    print(options.json ? replay.json_lines() : replay.summary(options.config) + replay.table());
    return 0;
}

}  // namespace postern::ctl
