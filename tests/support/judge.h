// SPDX-License-Identifier: Apache-2.0
//
// Stands in for the pipeline: answers what the test has laid down for an address, at once or when
// it is told to.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/config/document.h"
#include "policy/policy_set.h"
#include "resolver/service/exchange.h"

namespace postern::support {

// Two block lists, "trap" and "snow", whose texts are longer than one string of a TXT record.
inline std::shared_ptr<const policy::PolicySet> two_lists() {
    Problems problems;
    const std::string url = "https://snow.example/" + std::string(160, 'x') + "?{ip}";
    ListCatalogue lists{{.name = "trap"}, {.name = "snow", .info_url = url}};
    return policy::PolicySet::load(Document::parse("", "empty.toml", problems), std::move(lists),
                                   problems);
}

// A connection refused because lists list it.
inline Decision refusal(ListMask listed) {
    Decision decision;
    decision.verdict = {.action = Action::reject, .reason = Reason::reputation, .code = 550};
    decision.connection_reputation = {.state = Reputation::State::checked,
                                      .hits = static_cast<std::uint8_t>(count(listed)),
                                      .listed = listed};
    return decision;
}

class Judge final : public service::RequestSink {
  public:
    void ask(const service::Origin& origin, const Request& request,
             service::ReplySink& replies) override {
        ++asked;
        last_origin = origin;
        held_.push_back({origin, request, &replies});
        if (!holds) answer_all();
    }
    // In the reverse order, as lists might.
    void answer_all() {
        while (!held_.empty()) {
            const Held held = held_.back();
            held_.pop_back();
            held.replies->reply(held.origin, {.request = held.request,
                                              .decision = of(held.request.client),
                                              .evidence = evidence_,
                                              .policies = *policies_,
                                              .mode = mode});
        }
    }
    Decision& decision_about(std::string_view address) {
        return decisions_[*IpAddress::parse(address)];
    }
    std::size_t held() const { return held_.size(); }

    bool holds = false;
    service::Mode mode = service::Mode::enforce;
    std::size_t asked = 0;
    service::Origin last_origin;

  private:
    struct Held {
        service::Origin origin;
        Request request;
        service::ReplySink* replies;
    };

    // Whom nobody has spoken of is accepted.
    const Decision& of(const IpAddress& client) const {
        const auto found = decisions_.find(client);
        return found == decisions_.end() ? accepted_ : found->second;
    }

    std::vector<Held> held_;
    std::map<IpAddress, Decision> decisions_;
    Decision accepted_;
    Evidence evidence_;
    std::shared_ptr<const policy::PolicySet> policies_ = two_lists();
};

}  // namespace postern::support
