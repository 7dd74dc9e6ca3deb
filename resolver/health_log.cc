// SPDX-License-Identifier: Apache-2.0
#include "resolver/health_log.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "resolver/config/endpoint_text.h"
#include "resolver/log/key_value.h"

namespace postern {

using health::State;

HealthLog::HealthLog(ListCatalogue lists) : lists_(std::move(lists)) {}

void HealthLog::on_transition(ListIndex list, State from, State to, const std::string& why) {
    const auto level = to == State::healthy ? spdlog::level::info : spdlog::level::warn;
    spdlog::log(level, "event=list_state list={} from={} to={} why={}", lists_[list].name,
                to_string(from), to_string(to), log::value(why));
}

void HealthLog::on_resolver_suspected(ListMask lists, const std::string& why) {
    std::string names;
    for (ListIndex list = 0; list < lists_.size(); ++list) {
        if ((lists & mask_of(list)) == 0) continue;
        if (!names.empty()) names += ',';
        names += lists_[list].name;
    }
    spdlog::error("event=resolver_suspected lists={} why={}", names, log::value(why));
}

void HealthLog::on_budget(ListIndex list, std::uint64_t queries, std::uint64_t budget) {
    spdlog::warn("event=list_budget list={} queries_today={} budget={}", lists_[list].name, queries,
                 budget);
}

void log_name_server(const io::Endpoint& server, bool up) {
    if (up) {
        spdlog::info("event=name_server_up server={}", config::to_string(server));
    } else {
        spdlog::error("event=name_server_down server={} why=\"answers nothing any more\"",
                      config::to_string(server));
    }
}

}  // namespace postern
