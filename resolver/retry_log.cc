// SPDX-License-Identifier: Apache-2.0
#include "resolver/retry_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>

#include "policy/config/rfc3339.h"
#include "resolver/log/key_value.h"

namespace postern {

namespace {

constexpr std::size_t lines_max = 20;

}  // namespace

void log_failed_retries(const std::vector<policy::MemoryTable::FailedRetry>& failed) {
    const std::size_t told = std::min(failed.size(), lines_max);
    for (std::size_t i = 0; i < told; ++i) {
        spdlog::info(
            "event=sender_failed_to_retry client={} sender={} recipient={} first_attempt={}",
            failed[i].client.to_string(), log::value(failed[i].sender),
            log::value(failed[i].recipient), to_rfc3339(failed[i].first_attempt));
    }
    if (told < failed.size())
        spdlog::info("event=senders_failed_to_retry more={}", failed.size() - told);
}

}  // namespace postern
