// SPDX-License-Identifier: Apache-2.0
//
// The transactions that a gateway tells step by step over one connection, by the names that it gave
// them.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include <tl/expected.hpp>

#include "policy/request.h"
#include "resolver/service/exchange.h"
#include "resolver/service/transaction.h"

namespace postern::service {

class Transactions {
  public:
    // Open at the same time.  A gateway that speaks for many SMTP sessions over one connection has
    // one for each.
    static constexpr std::size_t open_max = 1024;

    // Adds to the transaction that `step` names and returns what is to be asked, valid until the
    // next call.  `connect` opens a transaction, `end` closes it.
    tl::expected<const Request*, std::string> add(Request& step);
    // What was decided about a step; of a transaction that is closed, nothing happens.
    void settle(const Answer& answer);

    bool empty() const { return open_.empty(); }
    // Bytes that are kept, at an estimate.
    std::size_t size() const { return size_; }

  private:
    using Table = std::unordered_map<std::string, Transaction>;

    void close(Table::iterator which);

    Table open_;
    Transaction ended_;  // the last one that was, for what is still asked about it
    std::size_t size_ = 0;
};

}  // namespace postern::service
