// SPDX-License-Identifier: Apache-2.0
//
// Counts what gateways were told.  A few additions for each decision, on the loop; read there too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "policy/decision.h"
#include "resolver/metrics/histogram.h"
#include "resolver/service/exchange.h"

namespace postern {

struct DecisionCounts {
    std::array<std::array<std::uint64_t, actions>, service::doors> requests{};
    std::array<std::array<std::uint64_t, reasons>, stages> verdicts{};
    std::uint64_t degraded = 0;
    // From reading the request to its reply.
    metrics::Histogram durations;
};

class DecisionCounters final : public service::DecisionObserver {
  public:
    void on_decision(const service::Origin& origin, const service::Answer& answer) override {
        const Verdict& verdict = answer.decision.verdict;
        ++counts_.requests[index(origin.door)][index(verdict.action)];
        ++counts_.verdicts[index(verdict.stage)][index(verdict.reason)];
        if (answer.decision.degraded) ++counts_.degraded;
        counts_.durations.add(answer.elapsed);
    }
    const DecisionCounts& counts() const { return counts_; }

  private:
    template <class Enum>
    static constexpr std::size_t index(Enum value) {
        return static_cast<std::size_t>(value);
    }

    DecisionCounts counts_;
};

}  // namespace postern
