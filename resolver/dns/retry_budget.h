// SPDX-License-Identifier: Apache-2.0
//
// How many of a list's questions may be asked again.
//
// First tries earn, retries pay, so that over time at most a tenth of what is asked is asked twice:
// whoever is in trouble is not given twice the work.  The reserve lets a quiet service get over a
// lost datagram; it is full at the start, and a list's own self-tests (three questions a minute)
// fill it again when there is no mail at night.
#pragma once

#include <algorithm>

namespace postern::dns {

class RetryBudget {
  public:
    void on_first_try() { earned_ = std::min(earned_ + 1, reserve * first_tries_per_retry); }
    // Pays for one retry; false when there is not enough.
    bool take() {
        if (earned_ < first_tries_per_retry) return false;
        earned_ -= first_tries_per_retry;
        return true;
    }

    static constexpr unsigned first_tries_per_retry = 10;
    static constexpr unsigned reserve = 10;  // retries

  private:
    unsigned earned_ = reserve * first_tries_per_retry;  // first tries
};

}  // namespace postern::dns
