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

Plan with_servers(Plan plan) {
    for (std::size_t i = 0; i < plan.servers; ++i) {
        const auto address = IpAddress::from_v4(0x7F000001 + static_cast<std::uint32_t>(i));
        plan.config.dns.servers.push_back({address, 53});
    }
    Problems none;
    plan.config.policies = World::load_policies(plan, plan.policies, none);
    return plan;
}

void append(std::vector<std::string>& all, const std::vector<std::string>& some) {
    all.insert(all.end(), some.begin(), some.end());
}

}  // namespace

config::ListConfig& Plan::add_list(const std::string& name, ListKind kind) {
    config::ListConfig list;
    list.info.name = name;
    list.info.kind = kind;
    list.zone = name + ".bl.example";
    list.dns.zone = *dns::Zone::parse(list.zone);
    list.dns.codes.add_listed(*dns::parse_codes("127.0.0.2-127.0.0.11"));
    list.dns.codes.add_refused(*dns::parse_codes("127.255.255.0/24"));
    config.lists.push_back(std::move(list));
    return config.lists.back();
}

std::vector<std::string> Plan::list_names() const {
    std::vector<std::string> names;
    for (const config::ListConfig& list : config.lists) names.push_back(list.info.name);
    return names;
}

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

World::World(const Plan& plan)
    : plan_(with_servers(plan)),
      servers_(plan.servers, plan.list_names(), plan.config.dns.timeout, plan.seed),
      events_(plan.list_names()),
      witness_(servers_) {
    build();
}

std::shared_ptr<const policy::PolicySet> World::load_policies(const Plan& plan,
                                                              const std::string& text,
                                                              Problems& problems) {
    const Document document = Document::parse(text, "policies", problems);
    if (has_errors(problems)) return nullptr;
    return policy::PolicySet::load(document, plan.config.catalogue(), problems);
}

void World::build() {
    const auto seed = plan_.seed + (starts_++ << 32);
    loop_ = std::make_unique<io::VirtualLoop>(seed, servers_);
    servers_.attach(*loop_);
    WorkerParts::Options options = WorkerParts::options_for(plan_.config, *loop_);
    options.pipeline.tables.lookups_max = plan_.tables.lookups_max;
    options.pipeline.tables.requests_max = plan_.tables.requests_max;
    options.source.questions_max = plan_.questions_max;
    parts_ =
        std::make_unique<WorkerParts>(*loop_, memory_, events_, plan_.config.policies, options);
    witness_.watch(*parts_);
    witness_.allow(plan_.config.gateway.deadline);
    parts_->gateways.listen(listener);
}

void World::start_cold() {
    probed_ = false;
    parts_->health.start([this] { probed_ = true; });
    settle();
}

void World::start() {
    start_cold();
    for (const TimePoint end = now() + first_rounds_max; !probed_ && now() < end;) advance(10ms);
}

void World::restart() {
    const WallTime wall = loop_->wall_now();
    for (GatewayClient& client : clients_) client.lose();
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
