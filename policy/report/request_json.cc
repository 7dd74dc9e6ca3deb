// SPDX-License-Identifier: Apache-2.0
#include "policy/report/request_json.h"

#include <simdjson.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "policy/config/nearest.h"
#include "policy/config/rfc3339.h"

namespace postern::policy {

namespace {

using simdjson::dom::element;

// A request nests three deep; more is an attempt to waste our time.
constexpr std::size_t depth_max = 8;
// More than any mail server accepts in one transaction (RFC 5321 section 4.5.3.1.8 asks for 100).
constexpr std::size_t recipients_max = 1000;

constexpr std::size_t transaction_name_max = 64;

// A longer text is rare, and leaves nothing behind.
constexpr std::size_t memory_kept_max = 64U << 10;

// Null when all is well, else what was expected instead.
using Mistake = const char*;
constexpr Mistake no_mistake = nullptr;

Mistake read_text(const element& value, std::string& text) {
    std::string_view view;
    if (value.get(view) != simdjson::SUCCESS) return "must be a text";
    text = view;
    return no_mistake;
}

Mistake read_boolean(const element& value, bool& flag) {
    return value.get(flag) == simdjson::SUCCESS ? no_mistake : "must be true or false";
}

Mistake read_texts(const element& value, std::vector<std::string>& texts) {
    constexpr Mistake expected = "must be a list of texts";
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return expected;
    for (const element one : array) {
        if (read_text(one, texts.emplace_back()) != no_mistake) return expected;
    }
    return no_mistake;
}

Mistake read_client(const element& value, Request& request) {
    constexpr Mistake expected = "must be an IP address as a text";
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return expected;
    const std::optional<IpAddress> address = IpAddress::parse(text);
    if (!address) return expected;
    request.client = *address;
    return no_mistake;
}

Mistake read_recipients(const element& value, Request& request) {
    const Mistake mistake = read_texts(value, request.recipients);
    if (mistake != no_mistake) return mistake;
    return request.recipients.size() <= recipients_max ? no_mistake
                                                       : "must hold at most 1000 addresses";
}

Mistake read_headers(const element& value, Request& request) {
    constexpr Mistake expected = "must be a list of pairs: [[\"From\", \"a@b.example\"], ...]";
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return expected;
    std::vector<Header>& headers = request.headers.emplace();
    for (const element pair : array) {
        std::vector<std::string> texts;
        if (read_texts(pair, texts) != no_mistake || texts.size() != 2) return expected;
        headers.push_back({std::move(texts[0]), std::move(texts[1])});
    }
    return no_mistake;
}

Mistake read_transaction(const element& value, Request& request) {
    const Mistake mistake = read_text(value, request.transaction);
    const std::size_t size = request.transaction.size();
    const bool is_name = mistake == no_mistake && size >= 1 && size <= transaction_name_max;
    return is_name ? no_mistake : "must be a text of 1 to 64 bytes";
}

Mistake read_stage(const element& value, Request& request) {
    std::string_view name;
    if (value.get(name) == simdjson::SUCCESS) {
        for (const Step step : {Step::connect, Step::mail, Step::rcpt, Step::headers, Step::end}) {
            if (name == to_string(step)) request.step = step;
        }
    }
    return request.step != Step::whole ? no_mistake : "must be connect, mail, rcpt, headers or end";
}

Mistake read_now(const element& value, Request& request) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) request.now = parse_rfc3339(text);
    return request.now ? no_mistake : "must be a time like \"2026-01-15T12:00:00Z\"";
}

// One field of an object and how to read it.
template <class Target>
struct Field {
    std::string_view name;
    Mistake (*read)(const element&, Target&);
};

template <class Target, std::size_t Count>
std::string unknown_field(std::string_view name, const Field<Target> (&fields)[Count]) {
    std::vector<std::string_view> names;
    for (const Field<Target>& field : fields) names.push_back(field.name);
    return "there is no such field" + suggestion(name, names);
}

// Reads every field of an object; empty when all went well, else "field `NAME`: …".  A null is the
// same as no field.
template <class Target, std::size_t Count>
std::string read_object(const simdjson::dom::object& object, const Field<Target> (&fields)[Count],
                        Target& target) {
    bool seen[Count] = {};
    for (const auto [name, value] : object) {
        const std::string_view key = name;
        const auto at = [&](std::string_view mistake) {
            // The name came from a stranger; it is shortened, whoever shows it must escape it.
            return "field `" + std::string(key.substr(0, 64)) + "`: " + std::string(mistake);
        };
        const auto field = std::find_if(std::begin(fields), std::end(fields),
                                        [&](const Field<Target>& f) { return f.name == key; });
        if (field == std::end(fields)) return at(unknown_field(key, fields));
        bool& was_seen = seen[field - std::begin(fields)];
        if (was_seen) return at("is there twice");
        was_seen = true;
        if (value.is_null()) continue;
        const Mistake mistake = field->read(value, target);
        if (mistake != no_mistake) return at(mistake);
    }
    return {};
}

// The fields within `auth` and `reputation`.
constexpr Field<AuthResults> auth_fields[] = {
    {"spf", [](const element& value, AuthResults& auth) { return read_text(value, auth.spf); }},
    {"dkim", [](const element& value, AuthResults& auth) { return read_text(value, auth.dkim); }},
    {"dmarc", [](const element& value, AuthResults& auth) { return read_text(value, auth.dmarc); }},
};
constexpr Field<RecordedReputation> reputation_fields[] = {
    {"listed",
     [](const element& value, RecordedReputation& r) { return read_texts(value, r.listed); }},
    {"unknown",
     [](const element& value, RecordedReputation& r) { return read_texts(value, r.unknown); }},
    {"permitted",
     [](const element& value, RecordedReputation& r) { return read_boolean(value, r.permitted); }},
};

Mistake read_auth(const element& value, Request& request) {
    simdjson::dom::object object;
    if (value.get(object) == simdjson::SUCCESS &&
        read_object(object, auth_fields, request.auth).empty()) {
        return no_mistake;
    }
    return "must be an object with the texts `spf`, `dkim` and `dmarc`";
}

Mistake read_reputation(const element& value, Request& request) {
    simdjson::dom::object object;
    RecordedReputation& reputation = request.reputation.emplace();
    if (value.get(object) == simdjson::SUCCESS &&
        read_object(object, reputation_fields, reputation).empty()) {
        return no_mistake;
    }
    return "must be an object with the lists `listed` and `unknown` and the flag `permitted`";
}

constexpr Field<Request> request_fields[] = {
    {"id", [](const element& value, Request& r) { return read_text(value, r.id); }},
    {"instance", [](const element& value, Request& r) { return read_text(value, r.instance); }},
    {"queue_id", [](const element& value, Request& r) { return read_text(value, r.queue_id); }},
    {"client", read_client},
    {"hostname", [](const element& value, Request& r) { return read_text(value, r.hostname); }},
    {"helo", [](const element& value, Request& r) { return read_text(value, r.helo); }},
    {"authenticated",
     [](const element& value, Request& r) { return read_boolean(value, r.authenticated); }},
    {"mail_from",
     [](const element& value, Request& r) { return read_text(value, r.mail_from.emplace()); }},
    {"recipients", read_recipients},
    {"headers", read_headers},
    {"auth", read_auth},
    {"urls", [](const element& value, Request& r) { return read_texts(value, r.urls); }},
    {"now", read_now},
    {"reputation", read_reputation},
    {"transaction", read_transaction},
    {"stage", read_stage},
};

}  // namespace

struct RequestReader::Parser {
    simdjson::dom::parser parser{request_json_size_max};
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {}
RequestReader::~RequestReader() = default;

tl::expected<void, std::string> RequestReader::read(std::string_view json, Request& request) {
    auto result = read_step(json, request);
    if (result && request.step != Step::whole) {
        return tl::unexpected<std::string>(
            "field `stage`: only a connection to the gateway socket has transactions");
    }
    return result;
}

// The parser takes up to fourteen bytes for each of the text's, and would keep them.
tl::expected<void, std::string> RequestReader::read_step(std::string_view json, Request& request) {
    auto result = parse(json, request);
    if (json.size() > memory_kept_max) parser_ = std::make_unique<Parser>();
    return result;
}

tl::expected<void, std::string> RequestReader::parse(std::string_view json, Request& request) {
    request.clear();
    if (json.size() > request_json_size_max) {
        return tl::unexpected<std::string>("the request is larger than 4 MiB");
    }
    simdjson::dom::parser& parser = parser_->parser;
    if (parser.max_depth() != depth_max &&
        parser.allocate(json.size() + 1, depth_max) != simdjson::SUCCESS) {
        return tl::unexpected<std::string>("there is no memory for the request");
    }
    element root;
    const simdjson::error_code error = parser.parse(json.data(), json.size()).get(root);
    if (error != simdjson::SUCCESS) {
        return tl::unexpected<std::string>(std::string("the request is not JSON: ") +
                                           simdjson::error_message(error));
    }
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
        return tl::unexpected<std::string>("the request must be one JSON object");
    }
    // First of all, so that an answer about any mistake behind it can carry it.
    std::string_view id;
    if (object["id"].get(id) == simdjson::SUCCESS) request.id = id;

    const std::string mistake = read_object(object, request_fields, request);
    if (!mistake.empty()) return tl::unexpected<std::string>(mistake);
    if (request.transaction.empty() != (request.step == Step::whole)) {
        return tl::unexpected<std::string>(
            "field `transaction`: it and `stage` belong together; one of them is missing");
    }
    if (request.step > Step::connect) return {};  // which client it is was said at the beginning
    if (object["client"].is_null() || object["client"].error() != simdjson::SUCCESS) {
        return tl::unexpected<std::string>(
            "field `client`: is missing; it is the address of the connecting client");
    }
    return {};
}

}  // namespace postern::policy
