// SPDX-License-Identifier: Apache-2.0
//
// An SMTP transaction as it grows: each step adds to what is known, and is asked about with all of
// it.
//
//      connect   the client                  judges the connection
//      mail      the sender                  begins a message; the one before is forgotten
//      rcpt      recipients                  judges these; who is refused leaves the message
//      headers   the header                  judges the message for everybody who is left
//      end       what else is known of it    the same, for the last time
//
// Milter sessions and gateways that tell a transaction step by step (docs/protocol.md) share it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "policy/request.h"
#include "resolver/service/exchange.h"

namespace postern::service {

class Transaction {
  public:
    // Takes the texts of `step` and returns what is to be asked, valid until the next call.  The
    // error says which field or which order is wrong; nothing has changed then.
    tl::expected<const Request*, std::string> add(Request& step);
    // What was decided: recipients who are refused leave the message.  One whose decision is not
    // there yet when the message is judged is judged with it.
    void settle(const Answer& answer);

    const Request& known() const { return known_; }
    // No step was taken.
    bool is_empty() const { return reached_ == Step::whole; }

    // Back to the connection.
    void forget_message();
    bool has_message() const { return reached_ >= Step::mail; }

    // Bytes that are kept, at an estimate.
    std::size_t size() const { return sizeof *this + size_; }

  private:
    void connect(Request& step);
    void begin_message(Request& step);
    void add_recipients(Request& step);
    void add_message(Request& step);
    void measure();

    Request known_;
    std::vector<std::string> recipients_;  // all of the message that have not been refused
    Step reached_ = Step::whole;           // nothing yet
    std::size_t size_ = 0;
};

}  // namespace postern::service
