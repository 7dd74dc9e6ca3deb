// SPDX-License-Identifier: Apache-2.0
//
// The dialect of milters: a mail server tells of one SMTP session after another as they go on.
//
//      negotiate     what we do and need: change headers; see no body
//      connect       the lists are asked, so that they have answered when it matters; no reply
//      helo, mail    remembered
//      recipient     decided with what is known: accepted, or refused for that recipient alone
//      header …      gathered
//      end           decided with the header, for those who were accepted; results as headers
//
// A refusal comes no earlier than at the recipient, so that it is known in the mail server's log
// who wrote to whom, and that a policy for the recipient can still permit it.  One packet is taken
// at a time: the next waits until the decision on a recipient or a message is there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "resolver/service/dialect.h"
#include "resolver/service/milter/packet.h"
#include "resolver/service/milter/results.h"
#include "resolver/service/transaction.h"

namespace postern::service::milter {

struct Options {
    // A message that is refused at its end, for whichever recipient, is accepted and held by the
    // mail server.  Otherwise it is refused when it is for all, and marked when it is for some.
    bool quarantine = false;
};

class Session final : public Dialect {
  public:
    // Of one message, as many bytes of header fields are looked at; their names and values, and 64
    // for each.
    static constexpr std::size_t headers_size_max = 256U << 10;
    // A message with more forged header fields is refused: removing them would cost too much.
    static constexpr std::size_t forged_max = 1000;

    explicit Session(const Options& options)
        : Dialect(Door::milter, Order::one_by_one), options_(options) {}

    bool is_busy() const override { return transaction_.has_message(); }
    std::size_t kept() const override;

    Cut cut(std::string_view bytes, std::size_t seen, bool last) const override;
    Intake read(std::string_view bytes, std::string& reply) override;
    void append_answer(std::string& out, Ticket ticket, const Answer& answer) override;
    // A mail server knows what to do when a milter leaves it, and nothing that it could be told.
    void append_lost(std::string&, std::string_view) const override {}

  private:
    Intake negotiate(std::string_view data, std::string& reply);
    void take_macros(std::string_view data);
    Intake connect(std::string_view data, std::string& reply);
    Intake helo(std::string_view data, std::string& reply);
    Intake mail(std::string_view data, std::string& reply);
    Intake recipient(std::string_view data, std::string& reply);
    Intake header(std::string_view data, std::string& reply);
    Intake end_of_message(std::string& reply);
    Intake answer_unless(std::uint32_t step, std::string& reply) const;
    Intake ask(Request& step, Intake::Kind kind);
    Intake refuse(std::string_view error);
    void append_end(std::string& out, const Answer& answer) const;
    void forget_message();
    void forget_session();

    Options options_;
    Negotiation agreed_;  // version 0: not yet
    Transaction transaction_;
    bool has_client_ = false;  // an address to judge
    // What macros said.
    std::string looked_up_;  // "_": name and address, and whether they belong together
    std::string queue_id_;
    bool authenticated_ = false;

    std::string helo_;
    std::vector<Header> headers_;
    std::size_t headers_size_ = 0;
    ForgedHeaders forged_;
    std::string error_;
};

}  // namespace postern::service::milter
