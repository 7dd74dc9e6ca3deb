// SPDX-License-Identifier: Apache-2.0
//
// Whether a name server answers at all, and when one that does not is tried again.
//
// A list whose own servers are dead is silent through every resolver.  So a server is called down
// for failures in a row of more than half of the lists, or of a question that another server has
// answered meanwhile.  One answer to anything, and it is up again.
#pragma once

#include <algorithm>

#include "policy/listing.h"
#include "policy/time.h"

namespace postern::dns {

class Reachability {
  public:
    explicit Reachability(std::size_t lists) : lists_(static_cast<int>(lists)) {}

    bool up() const { return up_; }

    void on_answer(TimePoint now) {
        last_answer_ = now;
        failures_ = 0;
        failed_lists_ = 0;
        up_ = true;
    }
    // An attempt that was made at `sent` came to nothing.  True when this is what the server is
    // called down for.
    bool on_failure(ListIndex list, TimePoint sent, TimePoint now) {
        if (!up_ || sent <= last_answer_) return false;
        ++failures_;
        failed_lists_ |= mask_of(list);
        if (failures_ < failures_max || count(failed_lists_) * 2 <= lists_) return false;
        return go_down(now);
    }
    // Another server has answered what this one was asked in vain: the list is not to blame.
    void on_blame() { failed_lists_ = all_lists; }
    // Its host says that nobody listens there.  True as above.
    bool on_refusal(TimePoint now) {
        if (up_) return go_down(now);
        give_up_ = now;
        return false;
    }

    // Only for a server that is down.  A try is one question whose answer is awaited until
    // `give_up`; each one that fails makes the pause before the next longer.
    void on_try(TimePoint now, TimePoint give_up) {
        pause_ = std::min(pause_ * 2, pause_max);
        next_try_ = now + pause_;
        give_up_ = give_up;
    }
    bool may_be_tried(TimePoint now) const { return now >= next_try_; }
    bool being_tried(TimePoint now) const { return now < give_up_; }
    TimePoint next_try() const { return next_try_; }

    static constexpr unsigned failures_max = 8;
    static constexpr Duration pause_min = std::chrono::milliseconds{250};
    // Well below the five seconds within which a server that is back must be in use, and below the
    // shortest pause between two self-tests of a list, which wait for such a try.
    static constexpr Duration pause_max = std::chrono::seconds{1};

  private:
    static constexpr ListMask all_lists = static_cast<ListMask>(~ListMask{0});

    bool go_down(TimePoint now) {
        up_ = false;
        pause_ = pause_min / 2;
        next_try_ = now;
        give_up_ = now;
        return true;
    }

    int lists_;
    bool up_ = true;
    TimePoint last_answer_{};
    unsigned failures_ = 0;  // in a row
    ListMask failed_lists_ = 0;
    Duration pause_{};
    TimePoint next_try_{};
    TimePoint give_up_{};
};

}  // namespace postern::dns
