// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/json_requests.h"

#include <utility>

#include "resolver/service/request_cost.h"

namespace postern::service {

Intake JsonRequests::read(std::string_view json) {
    const auto refuse = [this](std::string error) -> Intake {
        scratch_.error = std::move(error);
        return {.kind = Intake::Kind::malformed, .error = scratch_.error};
    };
    Request& request = scratch_.request;
    request.id.clear();
    if (auto read = scratch_.reader.read_step(json, request); !read) {
        return refuse(std::move(read.error()));
    }
    if (request.step == Step::whole) {
        return {.kind = Intake::Kind::question, .weight = cost_of(request), .request = &request};
    }
    if (!transactions_) transactions_ = std::make_unique<Transactions>();
    auto known = transactions_->add(request);
    if (!known) return refuse(std::move(known.error()));
    return {.kind = Intake::Kind::question,
            .weight = cost_of(**known),
            .kept = true,
            .request = *known};
}

void JsonRequests::settle(const Answer& answer) {
    if (transactions_ && answer.request.step != Step::whole) transactions_->settle(answer);
}

}  // namespace postern::service
