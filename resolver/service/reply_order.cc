// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/reply_order.h"

namespace postern::service {

void ReplyOrder::put(std::uint32_t place, std::string_view reply, std::string& out) {
    if (place != turn_) {
        early_.emplace(place, reply);
        early_bytes_ += reply.size();
        return;
    }
    out += reply;
    ++turn_;
    for (auto next = early_.find(turn_); next != early_.end(); next = early_.find(turn_)) {
        out += next->second;
        early_bytes_ -= next->second.size();
        early_.erase(next);
        ++turn_;
    }
}

}  // namespace postern::service
