// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/request_cost.h"

#include <algorithm>

namespace postern::service {

namespace {

// The verdict in JSON, with the reply text, the permit, the lists and the content steps.
constexpr std::size_t reply_part = 1024;

std::size_t cost_of(const std::string& text) { return sizeof text + text.size(); }

std::size_t cost_of(const std::vector<std::string>& texts) {
    std::size_t cost = 0;
    for (const std::string& text : texts) cost += cost_of(text);
    return cost;
}

}  // namespace

std::uint32_t cost_of(const Request& request) {
    std::size_t cost = reply_part * (1 + request.recipients.size());
    for (const std::string* text :
         {&request.id, &request.instance, &request.queue_id, &request.hostname, &request.helo,
          &request.auth.spf, &request.auth.dkim, &request.auth.dmarc, &request.context}) {
        cost += text->size();
    }
    if (request.mail_from) cost += request.mail_from->size();
    if (request.headers) {
        for (const Header& header : *request.headers) {
            cost += cost_of(header.name) + cost_of(header.value);
        }
    }
    cost += cost_of(request.recipients) + cost_of(request.urls);
    return static_cast<std::uint32_t>(std::min<std::size_t>(cost, cost_max));
}

}  // namespace postern::service
