// SPDX-License-Identifier: Apache-2.0
//
// Looks at every decision on its way to a gateway: is it in time, and does it count only what a
// believed list has really said.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "resolver/service/exchange.h"
#include "resolver/worker_parts.h"
#include "tests/simulator/lie_limits.h"
#include "tests/simulator/name_servers.h"

namespace postern::simulator {

class Witness final : public service::DecisionObserver {
  public:
    // `servers` must outlive the witness.
    explicit Witness(NameServers& servers) : servers_(servers) {}

    // From now on these parts are looked at.
    void watch(WorkerParts& parts, const health::Standings& standings);
    // Replies may take so long; the longest that was ever allowed counts.
    void allow(Duration deadline) { deadline_ = std::max(deadline_, deadline); }
    Duration deadline() const { return deadline_; }
    // How much later than its deadline an answer may be.
    static constexpr Duration grace = std::chrono::milliseconds{20};

    void on_decision(const service::Origin& origin, const service::Answer& answer) override;
    const std::vector<std::string>& violations() const { return violations_; }
    std::uint64_t replies() const { return replies_; }  // since watch()

  private:
    void check_listing(const service::Answer& answer, ListIndex list);
    void check_lie(const service::Answer& answer, const ScriptedList& list);
    void complain(const service::Answer& answer, const std::string& what);

    NameServers& servers_;
    WorkerParts* parts_ = nullptr;
    const health::Standings* standings_ = nullptr;
    Duration deadline_{};
    LieLimits lies_;
    std::uint64_t replies_ = 0;
    std::vector<std::string> violations_;
};

}  // namespace postern::simulator
