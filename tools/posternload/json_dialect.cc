// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <charconv>
#include <optional>

#include "policy/report/json_string.h"
#include "tools/posternload/dialect.h"

namespace postern::load {

namespace {

// Longer than any decision about one recipient.
constexpr std::size_t line_size_max = 1U << 20;

std::optional<Action> action_named(std::string_view name) {
    for (const Action action : {Action::accept, Action::reject, Action::defer}) {
        if (name == to_string(action)) return action;
    }
    return std::nullopt;
}

class Json final : public Dialect {
  public:
    explicit Json(const Envelope& envelope) {
        rest_ = R"(","mail_from":)";
        policy::append_json_string(rest_, envelope.from);
        rest_ += R"(,"recipients":[)";
        policy::append_json_string(rest_, envelope.to);
        rest_ += "]}\n";
    }

    const char* name() const override { return "json"; }
    // The answers are in order all the same; the id shows that they are.
    bool tagged() const override { return true; }
    bool tells_degraded() const override { return true; }

    void append_request(std::string& out, const IpAddress& client, std::uint32_t number) override {
        out += R"({"id":")";
        out += std::to_string(number);
        out += R"(","client":")";
        out += client.to_string();
        out += rest_;
    }

    Reply read(std::string_view bytes) override {
        if (bytes[0] != '{') return {.malformed = "a line of JSON was expected"};
        const std::size_t length = bytes.find('\n');
        if (length == bytes.npos) {
            if (bytes.size() > line_size_max) return {.malformed = "a line of more than 1 MiB"};
            return {};
        }
        simdjson::dom::object object;
        if (parser_.parse(bytes.data(), length).get(object) != simdjson::SUCCESS) {
            return {.malformed = "a line that is no JSON object"};
        }
        return read_object(object, length + 1);
    }

  private:
    static Reply read_object(const simdjson::dom::object& object, std::size_t size) {
        Reply reply{.size = size};
        std::string_view id;
        if (object["id"].get(id) != simdjson::SUCCESS || !read_number(id, reply.number)) {
            return {.malformed = "an answer without the id of a request"};
        }
        std::string_view error;
        if (object["error"].get(error) == simdjson::SUCCESS) {
            reply.complaint = error;
            return reply;
        }
        std::string_view name;
        if (object["action"].get(name) != simdjson::SUCCESS ||
            object["degraded"].get(reply.degraded) != simdjson::SUCCESS) {
            return {.malformed = "a decision without \"action\" or \"degraded\""};
        }
        const std::optional<Action> action = action_named(name);
        if (!action) return {.malformed = "a decision with an unknown action"};
        reply.action = *action;
        return reply;
    }

    static bool read_number(std::string_view text, std::uint32_t& number) {
        const char* const end = text.data() + text.size();
        const auto [at, error] = std::from_chars(text.data(), end, number);
        return error == std::errc{} && at == end;
    }

    simdjson::dom::parser parser_;
    std::string rest_;
};

}  // namespace

std::unique_ptr<Dialect> make_json(const Envelope& envelope) {
    return std::make_unique<Json>(envelope);
}

}  // namespace postern::load
