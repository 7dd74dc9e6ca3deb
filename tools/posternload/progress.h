// SPDX-License-Identifier: Apache-2.0
//
// The line that shows how it goes, drawn over itself; only on a terminal.
#pragma once

#include "tools/posternload/engine.h"

namespace postern::load {

class Progress final : public Onlooker {
  public:
    // Standard error is a terminal.
    static bool is_wanted();

    void on_progress(Duration elapsed, const Counts& counts, std::uint64_t in_flight,
                     const Histogram& recent) override;
    // Wipes the line.
    void end();

  private:
    Duration last_{};
    std::uint64_t last_sent_ = 0;
};

}  // namespace postern::load
