// SPDX-License-Identifier: Apache-2.0
//
// What an operator would read about lists, one line an event: "list_state zen healthy suspended",
// "resolver_suspected zen psbl", "list_budget zen 80".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "resolver/health/health_events.h"

namespace postern::simulator {

class EventLog final : public health::HealthEvents {
  public:
    explicit EventLog(std::vector<std::string> lists) : lists_(std::move(lists)) {}

    void on_transition(ListIndex list, health::State from, health::State to,
                       const std::string& why) override;
    void on_resolver_suspected(ListMask lists, const std::string& why) override;
    void on_budget(ListIndex list, std::uint64_t queries, std::uint64_t budget) override;

    const std::vector<std::string>& lines() const { return lines_; }
    void forget() { lines_.clear(); }

  private:
    const std::vector<std::string> lists_;
    std::vector<std::string> lines_;
};

}  // namespace postern::simulator
