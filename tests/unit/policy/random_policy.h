// SPDX-License-Identifier: Apache-2.0
//
// Random policy sets and requests from a small world, so that scopes, periods and sources collide
// often.
#pragma once

#include <cstdint>
#include <random>

#include "policy/model/model.h"
#include "tests/unit/policy/linear_reference.h"

namespace postern::policy {

class RandomWorld {
  public:
    explicit RandomWorld(std::uint64_t seed) : random_(seed) {}

    Model model();
    ReferenceRequest request();
    Evidence evidence(const Model& model);
    // Some time after `now`, more often than not across one of the limits of the rules.
    WallTime later(WallTime now);

    bool chance(int percent) { return below(100) < percent; }
    int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  private:
    template <class Value>
    const Value& pick(const std::vector<Value>& values) {
        return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
    }
    Scope scope(bool is_to);
    Policy policy(int number);
    std::string address();
    std::string internal_address();
    void add_headers(ReferenceRequest& request);

    std::mt19937_64 random_;
};

// The instant around which all periods lie.
WallTime world_time();

}  // namespace postern::policy
