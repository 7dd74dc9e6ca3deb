// SPDX-License-Identifier: Apache-2.0
//
// Notices that a list suddenly lists nearly everybody, or many more than it used to.
//
// Only answers from the list itself are counted, which the cache makes one for each address.  A
// wave of spam looks the same, so an alarm is a reason to probe, not a verdict; each alarm that a
// probe disproves makes the next one harder, up to a bound that keeps the addresses wrongly listed
// by a liar below one hundred.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

#include "policy/time.h"

namespace postern::health {

class Surge {
  public:
    // True: alarm.
    bool on_opinion(bool listed, TimePoint now);
    // A probe after the alarm has shown that the list is honest.
    void on_disproved(TimePoint now);

    // Listings in a row that give the alarm: at first, and after disproved alarms.
    static constexpr unsigned run_min = 32;
    static constexpr unsigned run_max = 96;
    // After so long without an alarm the first limit applies again.
    static constexpr Duration calm = std::chrono::minutes{10};

  private:
    bool share_is_improbable() const;

    static constexpr unsigned window_min = 64;
    // How many opinions make a baseline, and over how many it is averaged from then on.
    static constexpr unsigned learned_min = 256;
    static constexpr unsigned learned_max = 1024;

    unsigned limit_ = run_min;
    unsigned run_ = 0;
    std::bitset<run_max> latest_;  // true: listed; the newest is bit 0
    unsigned latest_count_ = 0;
    double baseline_ = 0;  // the usual share of listings
    unsigned learned_ = 0;
    TimePoint disproved_{};
};

}  // namespace postern::health
