// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/recorder.h"

#include <algorithm>
#include <chrono>

namespace postern::journal {

void Recorder::on_decision(const service::Origin& origin, const service::Answer& answer) {
    const Wanted wanted = wanted_.load(std::memory_order_relaxed);
    const bool has_line = gets_line(wanted, answer);
    if (has_line || wanted.rows) record(origin, answer, has_line);
}

// Apart, so that a decision that is not recorded makes no room for what recording needs.
[[gnu::noinline]] void Recorder::record(const service::Origin& origin,
                                        const service::Answer& answer, bool has_line) {
    const auto write = [&](std::span<std::byte> room) {
        if (room.size() <= entry_head) return false;
        room.front() = std::byte{has_line};
        const auto size = writer_.write(origin, answer, loop_.now(), room.subspan(entry_head));
        if (size) queue_.publish(entry_head + *size);
        return size.has_value();
    };
    if (!write(queue_.room()) && !write(room_of_next_chunk())) ++dropped_;
}

std::span<std::byte> Recorder::room_of_next_chunk() {
    const auto room = queue_.room_of_next_chunk();
    if (!room.empty() && queue_.is_filling()) on_filling_();
    return room;
}

// A second's worth may come at once.
bool Recorder::gets_line(const Wanted& wanted, const service::Answer& answer) {
    if (wanted.lines == Decisions::none) return false;
    const bool is_refused = answer.decision.verdict.action != Action::accept;
    if (wanted.lines == Decisions::refused && !is_refused) return false;
    if (wanted.lines_per_second == 0) return true;
    if (const TimePoint now = loop_.now(); now != lines_counted_) {
        const double most = wanted.lines_per_second;
        const std::chrono::duration<double> passed = now - lines_counted_;
        lines_left_ = std::min(most, lines_left_ + passed.count() * most);
        lines_counted_ = now;
    }
    if (lines_left_ < 1) {
        ++suppressed_;
        return false;
    }
    lines_left_ -= 1;
    return true;
}

}  // namespace postern::journal
