// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/service/conversation.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "policy/config/document.h"
#include "resolver/service/native.h"

namespace postern::service {

namespace {

Verdict verdict_on(const IpAddress& client, Stage stage) {
    if (IpRange::parse("203.0.113.0/24")->contains(client)) {
        return {Action::reject, Reason::reputation, stage, 550, {}};
    }
    if (client == IpAddress::parse("198.51.100.99")) {
        return {Action::defer, Reason::reputation_unknown, stage, 451, {}};
    }
    if (IpRange::parse("198.51.100.0/24")->contains(client)) {
        return {Action::defer, Reason::greylisted, stage, 451, {}};
    }
    return {Action::accept, Reason::accepted, stage, 250, {}};
}

Decision decision_on(const Request& request) {
    Decision decision;
    decision.verdict =
        verdict_on(request.client, request.mail_from ? Stage::envelope : Stage::connection);
    Reputation reputation;
    if (decision.verdict.action == Action::reject) {
        reputation = {.state = Reputation::State::checked, .hits = 2, .listed = 0b11};
    }
    decision.connection_reputation = reputation;
    for (std::size_t i = 0; i < request.recipients.size(); ++i) {
        RecipientDecision recipient;
        recipient.verdict = decision.verdict;
        recipient.reputation = reputation;
        decision.recipients.push_back(std::move(recipient));
    }
    decision.final = request.client != IpAddress::parse("203.0.113.1");
    return decision;
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

}  // namespace

std::shared_ptr<const policy::PolicySet> two_lists() {
    Problems problems;
    const Document document = Document::parse("", "empty.toml", problems);
    ListCatalogue lists(2);
    lists[0].name = "zen";
    lists[1].name = "psbl";
    return policy::PolicySet::load(document, std::move(lists), problems);
}

void ScriptedPipeline::ask(const Origin& origin, const Request& request, ReplySink& replies) {
    ++requests;
    last = origin;
    unanswered_most = std::max(unanswered_most, ++unanswered);
    if (hold) {
        held.push_back({origin, request, &replies});
    } else {
        answer({origin, request, &replies});
    }
}

void ScriptedPipeline::answer(std::size_t index) {
    const Held one = held[index];
    answer(one);
}

void ScriptedPipeline::answer_all() {
    for (const Held& one : std::exchange(held, {})) answer(one);
}

void ScriptedPipeline::answer(const Held& question) {
    --unanswered;
    Decision decision = decision_on(question.request);
    if (amend) amend(question.request, decision);
    question.replies->reply(question.origin, {.request = question.request,
                                              .decision = decision,
                                              .evidence = evidence_,
                                              .policies = *policies_,
                                              .elapsed = std::chrono::microseconds(12),
                                              .mode = mode});
}

Conversation::Conversation(GatewayServer::Options options)
    : server(loop, pipeline, std::move(options)) {
    server.listen(listener);
}

io::VirtualPeer& Conversation::connect(io::PeerCredentials credentials) {
    io::VirtualPeer& peer = loop.connect(listener, credentials);
    loop.run_until_idle();
    return peer;
}

void Conversation::send(io::VirtualPeer& peer, std::string_view bytes) {
    peer.send(bytes_of(bytes));
    loop.run_until_idle();
}

std::string Conversation::received(io::VirtualPeer& peer) {
    const std::vector<std::byte> bytes = peer.read();
    loop.run_until_idle();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string Conversation::ask(io::VirtualPeer& peer, std::string_view bytes) {
    send(peer, bytes);
    return received(peer);
}

std::string Conversation::converse(const std::vector<std::string_view>& pieces) {
    io::VirtualPeer& peer = connect();
    for (const std::string_view piece : pieces) send(peer, piece);
    peer.half_close();
    loop.run_until_idle();
    return received(peer);
}

void Conversation::pass_a_tick() { loop.advance(std::chrono::milliseconds(2)); }

std::string policy_request(std::string_view client) {
    std::string text = "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=";
    text += client;
    text += "\nsender=a@sender.example\nrecipient=ann@corp.example\n\n";
    return text;
}

std::string query(std::uint32_t tag, std::string_view client) {
    const native::Fixed frame = native::encode({.tag = tag, .client = *IpAddress::parse(client)});
    return {frame.data(), frame.size()};
}

}  // namespace postern::service
