// SPDX-License-Identifier: Apache-2.0
//
// How many queries may be under way to one name server.
//
// A default name server's socket buffer overruns at a few hundred; each datagram lost costs a whole
// timeout.  So the number grows with each answer until the first loss, then by one per window of
// answers, and halves on a loss (slow start, additive increase and multiplicative decrease, as in
// RFC 5681 section 3.1), between 8 and 128.  Several workers that ask the same server share these
// between them.
#pragma once

#include <algorithm>

#include "policy/time.h"

namespace postern::dns {

class Window {
  public:
    // One of so many windows to the same server.
    explicit Window(unsigned windows = 1)
        : size_max_(std::max(size_max / windows, 2.0)),
          size_min_(std::min(size_min, size_max_ / 2)),
          size_(size_max_ / 2),
          threshold_(size_max_) {}

    bool has_room() const { return in_flight_ < static_cast<unsigned>(size_); }
    unsigned in_flight() const { return in_flight_; }
    unsigned size() const { return static_cast<unsigned>(size_); }

    void on_sent() { ++in_flight_; }
    void on_reply() {
        --in_flight_;
        size_ = std::min(size_ + (size_ < threshold_ ? 1.0 : 1.0 / size_), size_max_);
    }
    // An attempt was given up without counting as a loss.
    void on_silence() { --in_flight_; }
    // Losses come in bursts: one halving in `pause`, which is the time in which they are noticed.
    void on_loss(TimePoint now, Duration pause) {
        --in_flight_;
        if (now < shrunk_ + pause) return;
        shrunk_ = now;
        size_ = threshold_ = std::max(size_ / 2, size_min_);
    }
    // The name server answers nothing any more.  When it is back, it is not met with all at once.
    void on_down() {
        threshold_ = std::max(size_ / 2, size_min_);
        size_ = size_min_;
    }

    // Of one that is alone.
    static constexpr double size_min = 8;
    static constexpr double size_max = 128;

  private:
    double size_max_;
    double size_min_;
    double size_;
    double threshold_;  // below it the window grows fast
    unsigned in_flight_ = 0;
    TimePoint shrunk_{};
};

}  // namespace postern::dns
