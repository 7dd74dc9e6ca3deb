// SPDX-License-Identifier: Apache-2.0
//
// One randomised run: a world by chance, minutes of trouble, then peace, in which all must be well
// again.
//
// What holds throughout is watched by the world itself (World::violations): one answer to each
// request and in time, nothing counted that a believed list has not said, one query at a time for
// each list and address, windows kept.  What is added here: bounded lies, the books of the
// pipeline, and at the end answers that are right to the last one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulator/dice.h"
#include "tests/simulator/faults.h"
#include "tests/simulator/world.h"

namespace postern::simulator {

class RandomRun {
  public:
    // `log`, if any, is told what happens; it must outlive the run.
    explicit RandomRun(std::uint64_t seed, std::vector<std::string>* log = nullptr);

    // What went wrong, the first thing only; empty: nothing.
    std::string run();

    // A list that was lying for its whole absence comes back after its last back-off, which is at
    // most twice the time of the trouble, and three clean rounds of a minute.
    static constexpr Duration recovery_max = std::chrono::minutes{30};

  private:
    void trouble();
    void step();
    void ask_something();
    void change_a_client();
    void change_postern();
    GatewayClient& some_client();
    void make_peace();
    std::string recover();
    std::string check_answers();
    std::string check_books();
    Action right_action(const IpAddress& client) const;
    void note_events();
    void note(const std::string& what);

    Dice dice_;
    std::vector<std::string>* log_;
    World world_;
    std::shared_ptr<const policy::PolicySet> policies_;
    std::vector<GatewayClient*> clients_;
    std::vector<IpAddress> known_;  // asked before, to be asked again
    std::uint32_t next_number_ = 1;
};

}  // namespace postern::simulator
