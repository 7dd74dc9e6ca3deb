// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/attempts.h"

namespace postern::dns {

void count_silence(Question& question, TimePoint last_reply_of_list, TimePoint now,
                   Duration timeout) {
    for (Attempt& attempt : question.made()) {
        if (!attempt.in_window) continue;
        attempt.in_window = false;
        if (last_reply_of_list > attempt.sent) {
            attempt.upstream->window().on_loss(now, timeout);
        } else {
            attempt.upstream->window().on_silence();
        }
        attempt.upstream->on_failure(question.asked.list, attempt.sent);
    }
}

void blame_others(const Question& question, const Upstream& answered) {
    for (const Attempt& attempt : question.made()) {
        const bool silent = attempt.live && !attempt.in_window;
        if (silent && attempt.upstream != &answered) attempt.upstream->reachability().on_blame();
    }
}

void close_attempts(Question& question) {
    for (Attempt& attempt : question.made()) {
        if (attempt.upstream == nullptr) continue;
        attempt.upstream->forget(attempt);
        if (attempt.in_window) attempt.upstream->window().on_silence();
        attempt.in_window = false;
    }
}

}  // namespace postern::dns
