// SPDX-License-Identifier: Apache-2.0
#include "resolver/retry_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>

#include "policy/config/rfc3339.h"
#include "policy/report/json_string.h"

namespace postern {

namespace {

constexpr std::size_t lines_max = 20;

// Addresses are whatever the other side said, and must not look like a line of ours.
std::string quoted(const std::string& address) {
    std::string text;
    policy::append_json_string(text, address);
    return text;
}

}  // namespace

void log_failed_retries(const std::vector<policy::MemoryTable::FailedRetry>& failed) {
    const std::size_t told = std::min(failed.size(), lines_max);
    for (std::size_t i = 0; i < told; ++i) {
        spdlog::info(
            "event=sender_failed_to_retry client={} sender={} recipient={} first_attempt={}",
            failed[i].client.to_string(), quoted(failed[i].sender), quoted(failed[i].recipient),
            to_rfc3339(failed[i].first_attempt));
    }
    if (told < failed.size())
        spdlog::info("event=senders_failed_to_retry more={}", failed.size() - told);
}

}  // namespace postern
