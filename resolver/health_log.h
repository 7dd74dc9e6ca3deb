// SPDX-License-Identifier: Apache-2.0
//
// Tells the log what becomes of the lists and of the name servers that they are asked through.
// Lists by name, never by zone, which may hold a key that was paid for.
#pragma once

#include <string>

#include "resolver/health/health_events.h"
#include "resolver/io/loop.h"

namespace postern {

class HealthLog final : public health::HealthEvents {
  public:
    explicit HealthLog(ListCatalogue lists);

    void on_transition(ListIndex list, health::State from, health::State to,
                       const std::string& why) override;
    void on_resolver_suspected(ListMask lists, const std::string& why) override;
    void on_budget(ListIndex list, std::uint64_t queries, std::uint64_t budget) override;

  private:
    const ListCatalogue lists_;
};

void log_name_server(const io::Endpoint& server, bool up);

}  // namespace postern
