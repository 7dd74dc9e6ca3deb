// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/event_log.h"

namespace postern::simulator {

void EventLog::on_transition(ListIndex list, health::State from, health::State to,
                             const std::string&) {
    lines_.push_back("list_state " + lists_[list] + " " + to_string(from) + " " + to_string(to));
}

void EventLog::on_resolver_suspected(ListMask lists, const std::string&) {
    std::string line = "resolver_suspected";
    for (ListIndex list = 0; list < lists_.size(); ++list) {
        if ((lists & mask_of(list)) != 0) line += " " + lists_[list];
    }
    lines_.push_back(std::move(line));
}

void EventLog::on_budget(ListIndex list, std::uint64_t queries, std::uint64_t) {
    lines_.push_back("list_budget " + lists_[list] + " " + std::to_string(queries));
}

}  // namespace postern::simulator
