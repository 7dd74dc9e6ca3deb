// SPDX-License-Identifier: Apache-2.0
//
// The JSON dialect: one request a line, one decision a line, in the order of the requests.
#pragma once

#include "resolver/service/dialect.h"
#include "resolver/service/json_requests.h"

namespace postern::service {

class JsonLines final : public Dialect {
  public:
    static constexpr std::size_t line_size_max = 1U << 20;

    explicit JsonLines(Scratch& scratch)
        : Dialect(Door::json, Order::as_asked), requests_(scratch) {}

    bool is_busy() const override { return requests_.is_busy(); }
    std::size_t kept() const override { return requests_.kept(); }

    Cut cut(std::string_view bytes, std::size_t seen, bool last) const override;
    Intake read(std::string_view bytes, std::string& reply) override;
    void append_answer(std::string& out, Ticket ticket, const Answer& answer) override;
    void append_lost(std::string& out, std::string_view error) const override;

  private:
    JsonRequests requests_;
};

// The decision as the gateway is told it, without a line end; unless the mode is `enforce`, it
// names the mode.  The native dialect's messages are answered with it too.
void append_decision(std::string& out, const Answer& answer);

}  // namespace postern::service
