// SPDX-License-Identifier: Apache-2.0
#include "resolver/admin/decisions.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "policy/report/decision_json.h"
#include "policy/report/explain.h"
#include "policy/report/request_json.h"
#include "resolver/admin/json_text.h"
#include "resolver/admin/stalwart.h"
#include "resolver/service/json_lines.h"

namespace postern::admin {

namespace {

using nlohmann::json;
using service::Door;

constexpr std::size_t batch_max = 1000;

// What is wrong with a request is said once, so the reader's words come first; they do not say
// where the text stops being JSON.
tl::expected<void, std::string> read_request(std::string_view text, Request& request) {
    policy::RequestReader reader;
    if (const auto read = reader.read(text, request); !read) {
        const auto parsed = parse_json(text);
        return tl::unexpected(parsed ? read.error() : parsed.error());
    }
    if (request.now || request.reputation) {
        return tl::unexpected<std::string>(
            "`now` and `reputation` are for posternctl simulate; a running daemon asks the lists");
    }
    if (request.step != Step::whole) {
        return tl::unexpected<std::string>(
            "`stage` is for the gateway socket; HTTP asks about whole messages");
    }
    return {};
}

bool is_array(std::string_view body) {
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    return first != body.npos && body[first] == '[';
}

tl::expected<std::vector<Request>, std::string> read_batch(std::string_view body) {
    const auto parsed = parse_json(body);
    if (!parsed) return tl::unexpected(parsed.error());
    if (parsed->size() > batch_max) {
        return tl::unexpected(
            fmt::format("{} requests; write at most {} into an array", parsed->size(), batch_max));
    }
    std::vector<Request> requests(parsed->size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (const auto read = read_request((*parsed)[i].dump(), requests[i]); !read)
            return tl::unexpected(fmt::format("request {} of the array: {}", i + 1, read.error()));
    }
    return requests;
}

// A trial is shown what was decided, a gateway what it is to do.
void append_decided(std::string& out, const Decided& decided, Door door) {
    if (door != Door::trial) return service::append_decision(out, decided.answer());
    policy::append_json(out, *decided.policies, decided.request, decided.decision, decided.evidence,
                        decided.elapsed);
}

Response decide(Daemon& daemon, std::string_view body, Door door) {
    const bool batch = is_array(body);
    std::vector<Request> requests(1);
    if (batch) {
        auto read = read_batch(body);
        if (!read) return failed(400, read.error());
        requests = std::move(*read);
    } else if (const auto read = read_request(body, requests.front()); !read) {
        return failed(400, read.error());
    }
    Response response;
    if (batch) response.body += '[';
    for (const Decided& decided : daemon.decide(requests, door)) {
        if (response.body.size() > 1) response.body += ',';
        append_decided(response.body, decided, door);
    }
    response.body += batch ? "]\n" : "\n";
    return response;
}

Response explain_request(Daemon& daemon, const Request& request) {
    const Decided decided = daemon.decide(request);
    const policy::Explanation explanation = daemon.explain(decided);
    std::string structure;
    policy::append_json(structure, *decided.policies, decided.request, explanation,
                        decided.evidence);
    json answer = json::parse(structure);
    answer["text"] = policy::explanation_text(*decided.policies, decided.request, explanation);
    return ok(answer);
}

}  // namespace

Response check(Daemon& daemon, std::string_view body) { return decide(daemon, body, Door::trial); }

Response hook_check(Daemon& daemon, std::string_view body) {
    return decide(daemon, body, Door::http);
}

Response explain(Daemon& daemon, std::string_view body) {
    Request request;
    if (const auto read = read_request(body, request); !read) return failed(400, read.error());
    return explain_request(daemon, request);
}

Response explain_address(Daemon& daemon, std::string_view address) {
    const auto client = IpAddress::parse(address);
    if (!client) {
        return failed(
            400,
            fmt::format("\"{}\" is not an IP address; write /v1/explain?ip=192.0.2.7", address));
    }
    Request request;
    request.client = *client;
    return explain_request(daemon, request);
}

Response hook_stalwart(Daemon& daemon, std::string_view body) {
    const auto hook = read_stalwart_hook(body);
    if (!hook) return failed(400, hook.error());
    if (!hook->request) return ok(stalwart_accept());
    const auto decided = daemon.decide({&*hook->request, 1}, Door::http);
    return ok(stalwart_answer(*hook, decided.front().answer()));
}

}  // namespace postern::admin
