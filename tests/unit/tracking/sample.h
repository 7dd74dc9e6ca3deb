// SPDX-License-Identifier: Apache-2.0
//
// Decisions to record: a policy set with three lists, and answers made by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "policy/config/document.h"
#include "resolver/service/exchange.h"
#include "resolver/tracking/record.h"
#include "resolver/tracking/record_writer.h"

namespace postern::tracking {

inline ListCatalogue sample_lists() {
    return {{.name = "zen", .info_url = "https://zen.example/?{ip}"},
            {.name = "psbl"},
            {.name = "friends", .kind = ListKind::permit}};
}

inline std::shared_ptr<const policy::PolicySet> sample_policies() {
    Problems problems;
    const Document document = Document::parse(
        "[organization]\ninternal_domains = [\"corp.example\"]\n"
        "[definition.reputation.default]\ndescription = \"test\"\n"
        "[[policy]]\nid = \"no-thanks\"\ntype = \"blocked_senders\"\nnarrative = \"x\"\n"
        "option = \"block_sender\"\nfrom = \"domain:spam.example\"\n",
        "test.toml", problems);
    auto policies = policy::PolicySet::load(document, sample_lists(), problems);
    for (const Problem& problem : problems) ADD_FAILURE() << problem.to_string();
    return policies;
}

inline bool decode(std::span<const std::byte> bytes, Record& record) {
    const auto tail = decode_head(bytes, record);
    return tail && decode_tail(*tail, record);
}

// An answer that owns what it speaks of; change it and call answer().
struct Sample {
    std::shared_ptr<const policy::PolicySet> policies = sample_policies();
    Request request;
    Decision decision;
    Evidence evidence;
    service::Origin origin{.stream = {}, .door = service::Door::postfix};
    service::Mode mode = service::Mode::enforce;

    // A message from a listed client to one recipient, rejected.
    explicit Sample(std::string_view client = "5.9.0.12") {
        request.id = "q1";
        request.client = *IpAddress::parse(client);
        request.helo = "mx.shop.example";
        request.mail_from = "news@shop.example";
        evidence.listings[0] = {.state = Listing::State::listed, .code = 0x7F000002};
        evidence.listings[1] = {.state = Listing::State::clear, .stale = true};
        evidence.listings[2] = {.state = Listing::State::timeout};
        decision.policy_set = policies->hash();
        decision.degraded = true;
        decision.verdict = {.action = Action::reject,
                            .reason = Reason::reputation,
                            .stage = Stage::envelope,
                            .code = 550,
                            .policy = {.kind = PolicyRef::Kind::built_in, .index = 7}};
        add_recipient("Ann@Corp.example");
    }
    void add_recipient(std::string address) {
        request.recipients.push_back(std::move(address));
        RecipientDecision recipient;
        recipient.verdict = decision.verdict;
        recipient.reputation = {.state = Reputation::State::checked,
                                .hits = 1,
                                .threshold = 1,
                                .listed = 1,
                                .unknown = 0};
        decision.recipients.push_back(recipient);
    }

    service::Answer answer() const {
        return {.request = request,
                .decision = decision,
                .evidence = evidence,
                .policies = *policies,
                .elapsed = std::chrono::microseconds{1234},
                .mode = mode};
    }
    std::vector<std::byte> encoded(TimePoint at = TimePoint(std::chrono::seconds{5})) const {
        std::vector<std::byte> bytes(std::size_t{64} * 1024);
        bytes.resize(RecordWriter().write(origin, answer(), at, bytes).value());
        return bytes;
    }
};

}  // namespace postern::tracking
