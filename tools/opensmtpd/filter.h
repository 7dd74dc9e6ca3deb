// SPDX-License-Identifier: Apache-2.0
//
// The words of OpenSMTPD's filter protocol (smtpd-filters(7), versions 0.5 to 0.7): its lines
// become policy requests for Postern, Postern's actions become its decisions.
//
// What is known of a session is kept from its first event until it disconnects; smtpd bounds their
// number (max-sessions).  No I/O here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace postern::opensmtpd {

// What smtpd waits for: an answer with the same two words.
struct Question {
    std::string session;
    std::string token;
    std::string request;  // in the dialect of Postfix
};

class Filter {
  public:
    // `context` is the policy_context of every request.
    explicit Filter(std::string context) : context_(std::move(context)) {}

    // Takes a line without its end.  What must be said at once is appended to `out`; a question is
    // returned and answered later, in any order.
    std::optional<Question> on_line(std::string_view line, std::string& out);

    // Appends the decision that `action` amounts to ("DUNNO", "550 5.7.1 text", …).  What is no
    // refusal lets the mail through.
    static void append_decision(std::string& out, const Question& question,
                                std::string_view action);

  private:
    struct Session {
        std::string client = "unknown";
        std::string hostname;
        std::string helo;
        std::string user;
        std::string sender;
    };
    struct Fields;

    void on_report(const Fields& fields);
    Question on_filter(const Fields& fields);

    const std::string context_;
    std::unordered_map<std::string, Session> sessions_;
};

}  // namespace postern::opensmtpd
