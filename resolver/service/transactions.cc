// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/transactions.h"

#include <utility>

namespace postern::service {

tl::expected<const Request*, std::string> Transactions::add(Request& step) {
    auto found = open_.find(step.transaction);
    if (found == open_.end()) {
        if (step.step != Step::connect) {
            return tl::unexpected<std::string>(
                "field `transaction`: is not open; a transaction begins with stage `connect`");
        }
        if (open_.size() >= open_max) {
            return tl::unexpected<std::string>(
                "field `transaction`: 1024 are open on this connection; end one of them");
        }
        found = open_.try_emplace(step.transaction).first;
        size_ += found->second.size();
    }
    Transaction& transaction = found->second;
    const std::size_t before = transaction.size();
    const bool is_last = step.step == Step::end;
    const auto request = transaction.add(step);
    size_ += transaction.size() - before;
    if (request && is_last) {
        ended_ = std::move(transaction);
        close(found);
        return &ended_.known();
    }
    if (transaction.is_empty()) close(found);
    return request;
}

void Transactions::close(Table::iterator which) {
    size_ -= which->second.size();
    open_.erase(which);
}

void Transactions::settle(const Answer& answer) {
    const auto found = open_.find(answer.request.transaction);
    if (found != open_.end()) found->second.settle(answer);
}

}  // namespace postern::service
