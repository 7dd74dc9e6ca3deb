// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/recorder.h"

#include "resolver/tracking/record.h"

namespace postern::journal {

void Recorder::on_decision(const service::Origin& origin, const service::Answer& answer) {
    if (!wanted_.load(std::memory_order_relaxed)) return;
    const TimePoint now = loop_.now();
    const auto room = queue_.reserve(tracking::encoded_size(origin, answer, now));
    if (room.empty()) {
        dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return;
    }
    tracking::encode(origin, answer, now, room);
    queue_.publish();
}

}  // namespace postern::journal
