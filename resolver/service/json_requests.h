// SPDX-License-Identifier: Apache-2.0
//
// Requests in JSON as one connection sends them, in lines or in messages: whole ones, and steps of
// transactions.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "resolver/service/dialect.h"
#include "resolver/service/transactions.h"

namespace postern::service {

class JsonRequests {
  public:
    explicit JsonRequests(Scratch& scratch) : scratch_(scratch) {}

    // A question for the pipeline, or a malformed one, whose error is valid until the next call.
    Intake read(std::string_view json);
    // The id of what was read last, as far as it was understood.
    const std::string& id() const { return scratch_.request.id; }
    // To be told of every answer.
    void settle(const Answer& answer);

    bool is_busy() const { return transactions_ && !transactions_->empty(); }
    std::size_t kept() const { return transactions_ ? transactions_->size() : 0; }

  private:
    Scratch& scratch_;
    std::unique_ptr<Transactions> transactions_;  // most connections have none
};

}  // namespace postern::service
