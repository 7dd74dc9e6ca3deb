// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/dialect.h"

namespace postern::load {

namespace {

// Longer than any reply of a server that means it.
constexpr std::size_t reply_size_max = 64U << 10;

class Postfix final : public Dialect {
  public:
    explicit Postfix(const Envelope& envelope)
        : rest_("\nclient_name=unknown\nhelo_name=mx.sender.example\nsender=" + envelope.from +
                "\nrecipient=" + envelope.to + "\n\n") {}

    const char* name() const override { return "postfix"; }
    bool tagged() const override { return false; }
    bool tells_degraded() const override { return false; }

    void append_request(std::string& out, const IpAddress& client, std::uint32_t) override {
        out += "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=";
        out += client.to_string();
        out += rest_;
    }

    Reply read(std::string_view bytes) override {
        constexpr std::string_view start = "action=";
        constexpr std::string_view end = "\n\n";
        const std::string_view begun = bytes.substr(0, start.size());
        if (begun != start.substr(0, begun.size()))
            return {.malformed = "\"action=\" was expected"};
        const std::size_t length = bytes.find(end);
        if (length == bytes.npos) {
            if (bytes.size() > reply_size_max) return {.malformed = "a reply without an end"};
            return {};
        }
        if (length < start.size()) return {.malformed = "a reply without an action"};
        return read_action(bytes.substr(start.size(), length - start.size()), length + end.size());
    }

  private:
    // access(5).  What neither refuses nor complains lets the mail pass.
    static Reply read_action(std::string_view action, std::size_t size) {
        if (action.starts_with("DUNNO") || action.starts_with("PREPEND ")) {
            return {.size = size, .action = Action::accept};
        }
        if (action.starts_with('5')) return {.size = size, .action = Action::reject};
        if (action.starts_with('4') || action.starts_with("DEFER_IF_PERMIT ")) {
            return {.size = size, .action = Action::defer};
        }
        if (action.starts_with("WARN ")) {
            return {.size = size, .complaint = action.substr(action.find(' ') + 1)};
        }
        return {.malformed = "an action that Postern does not use"};
    }

    std::string rest_;
};

}  // namespace

std::unique_ptr<Dialect> make_postfix(const Envelope& envelope) {
    return std::make_unique<Postfix>(envelope);
}

}  // namespace postern::load
