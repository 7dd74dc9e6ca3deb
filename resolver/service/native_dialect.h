// SPDX-License-Identifier: Apache-2.0
//
// The native dialect: frames of 32 bytes that are read where they lie, answered in any order by
// tag.
//
// A query and its answer cost no allocation.  A message is a frame with a request in JSON.
#pragma once

#include "resolver/service/dialect.h"
#include "resolver/service/json_requests.h"

namespace postern::service {

class NativeDialect final : public Dialect {
  public:
    explicit NativeDialect(Scratch& scratch)
        : Dialect(Door::native, Order::by_tag),
          requests_(scratch),
          last_frame_(scratch.last_frame) {}

    bool is_busy() const override { return requests_.is_busy(); }
    std::size_t kept() const override { return requests_.kept(); }

    Cut cut(std::string_view bytes, std::size_t seen, bool last) const override;
    void read_queries(std::string_view bytes, Queries& queries) const override;
    Intake read(std::string_view bytes, std::string& reply) override;
    void append_answer(std::string& out, Ticket ticket, const Answer& answer) override;
    void append_lost(std::string& out, std::string_view error) const override;

  private:
    Intake read_message(std::string_view frame, std::string& reply);

    JsonRequests requests_;
    LastFrame& last_frame_;
};

}  // namespace postern::service
