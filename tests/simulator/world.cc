// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/world.h"

#include <algorithm>
#include <utility>

namespace postern::simulator {

namespace {

using namespace std::chrono_literals;

// Of the virtual loop, where any number will do.
constexpr int listener = 1;
// The longest that first self-tests take: two attempts, and a little.
constexpr Duration first_rounds_max = 10s;

void append(std::vector<std::string>& all, const std::vector<std::string>& some) {
    all.insert(all.end(), some.begin(), some.end());
}

}  // namespace

World::World(const Plan& plan)
    : plan_(completed(plan)),
      servers_(plan_.config.dns.servers, plan.list_names(), plan.config.dns.timeout, plan.seed),
      events_(plan.list_names()),
      witness_(servers_) {
    build();
}

void World::build() {
    const auto seed = plan_.seed + (starts_++ << 32);
    loop_ = std::make_unique<io::VirtualLoop>(seed, servers_);
    servers_.attach(*loop_);
    WorkerParts::Options options = WorkerParts::options_for(plan_.config, *loop_);
    options.pipeline.tables.lookups_max = plan_.tables.lookups_max;
    options.pipeline.tables.requests_max = plan_.tables.requests_max;
    options.source.questions_max = plan_.questions_max;
    shared_ = std::make_unique<SharedParts>(plan_.config, loop_->random());
    parts_ =
        std::make_unique<WorkerParts>(*loop_, *shared_, memory_, plan_.config.policies, options);
    health_ = std::make_unique<health::HealthMonitor>(*loop_, parts_->lists, shared_->standings,
                                                      shared_->cache, events_,
                                                      watched_lists(plan_.config));
    witness_.watch(*parts_, shared_->standings);
    witness_.allow(plan_.config.gateway.deadline);
    parts_->gateways.listen(listener);
}

void World::start_cold() {
    probed_ = false;
    health_->start([this] { probed_ = true; });
    settle();
}

void World::start() {
    start_cold();
    for (const TimePoint end = now() + first_rounds_max; !probed_ && now() < end;) advance(10ms);
}

void World::restart() {
    const WallTime wall = loop_->wall_now();
    for (GatewayClient& client : clients_) client.lose();
    health_.reset();
    parts_.reset();
    build();
    loop_->set_wall_now(wall);
    start();
}

GatewayClient& World::connect(Dialect dialect) {
    return clients_.emplace_back(*loop_, listener, dialect, plan_.list_names());
}

void World::advance(Duration duration) {
    const TimePoint end = now() + duration;
    settle();
    while (now() < end) {
        loop_->run_once(end - now());
        settle();
    }
}

void World::settle() {
    do {
        loop_->run_until_idle();
    } while (let_gateways_read());
}

bool World::let_gateways_read() {
    bool any = false;
    for (GatewayClient& client : clients_) any |= client.read();
    return any;
}

void World::jump_clock(Duration by) {
    loop_->set_wall_now(loop_->wall_now() + std::chrono::duration_cast<std::chrono::seconds>(by));
}

void World::suspend(Duration duration) {
    loop_->suspend(duration);
    settle();
}

void World::set_deadline(Duration deadline) {
    parts_->pipeline.set_deadline(deadline);
    witness_.allow(deadline);
}

void World::let_everybody_read() {
    for (GatewayClient& client : clients_) {
        if (!client.gone()) client.read_freely();
    }
    settle();
}

std::size_t World::unanswered() const {
    std::size_t count = 0;
    for (const GatewayClient& client : clients_) count += client.unanswered();
    return count;
}

std::vector<std::string> World::violations() const {
    std::vector<std::string> all = servers_.violations();
    append(all, witness_.violations());
    for (const GatewayClient& client : clients_) append(all, client.violations());
    return all;
}

}  // namespace postern::simulator
