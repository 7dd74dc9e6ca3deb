// SPDX-License-Identifier: Apache-2.0
//
// The dialect of Postfix: SMTP access policy delegation (SMTPD_POLICY_README, access(5)).
//
// A request is lines of name=value and an empty line; the reply is one action and an empty line, in
// the order of the requests.  No reply can do more than Postfix was going to do anyway or refuse:
// to accept is DUNNO, because OK would switch off the restrictions behind us.  An action that
// Postfix does not know makes it defer mail, so what is wrong with a request is said with WARN,
// which it logs before it goes on.
//
// A message is judged once, at its recipients where Postfix asks about them.  What was said there
// stands: at DATA and END-OF-MESSAGE those recipients who are left were accepted, whatever a reload
// or a list has changed since.
#pragma once

#include "resolver/service/dialect.h"
#include "resolver/service/postfix_request.h"

namespace postern::service {

class Postfix final : public Dialect {
  public:
    // Postfix itself sends about 600 bytes.
    static constexpr std::size_t request_size_max = 64U << 10;

    explicit Postfix(Scratch& scratch)
        : Dialect(Door::postfix, Order::as_asked), scratch_(scratch) {}

    Cut cut(std::string_view bytes, std::size_t seen, bool last) const override;
    Intake read(std::string_view bytes, std::string& reply) override;
    void append_answer(std::string& out, Ticket ticket, const Answer& answer) override;
    void append_lost(std::string& out, std::string_view error) const override;

  private:
    bool is_judged(PolicyQuestion question);

    Scratch& scratch_;
};

}  // namespace postern::service
