// SPDX-License-Identifier: Apache-2.0
#include "resolver/daemon.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <utility>

#include "resolver/config/endpoint_text.h"
#include "resolver/io/descriptors.h"
#include "resolver/reload_guard.h"
#include "resolver/supervisor.h"

namespace postern {

namespace {

constexpr Duration drain_patience = std::chrono::seconds{5};

// Takes the replies to requests that no connection made; the tag says to which.
class Replies final : public service::ReplySink {
  public:
    explicit Replies(std::vector<Decided>& decided) : decided_(decided), left_(decided.size()) {}

    void reply(const service::Origin& origin, const service::Answer& answer) override {
        Decided& decided = decided_[origin.tag];
        decided.decision = answer.decision;
        decided.evidence = answer.evidence;
        decided.elapsed = answer.elapsed;
        decided.mode = answer.mode;
        if (--left_ == 0) done_.set_value();
    }
    void wait() { done_.get_future().wait(); }

  private:
    std::vector<Decided>& decided_;
    std::size_t left_;  // the loop's alone
    std::promise<void> done_;
};

// Reads the worker's memory from another thread, one look-up at a time.
class RemoteMemory final : public policy::Memory {
  public:
    explicit RemoteMemory(Worker& worker) : worker_(worker) {}

    std::optional<policy::TripletState> find(const policy::Triplet& triplet) const override {
        return worker_.call([&] { return worker_.pipeline().memory().find(triplet); });
    }
    std::optional<WallTime> find(const policy::LearnedPair& pair) const override {
        return worker_.call([&] { return worker_.pipeline().memory().find(pair); });
    }
    bool has_pairs() const override {
        return worker_.call([&] { return worker_.pipeline().memory().has_pairs(); });
    }
    // An explanation changes nothing.
    void put(const policy::Triplet&, const policy::TripletState&) override {}
    void put(const policy::LearnedPair&, WallTime) override {}

  private:
    Worker& worker_;
};

WallTime wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

service::Answer Decided::answer() const {
    return {.request = request,
            .decision = decision,
            .evidence = evidence,
            .policies = *policies,
            .elapsed = elapsed,
            .mode = mode};
}

Daemon::Daemon(std::string path, std::unique_ptr<const config::Config> config)
    : path_(std::move(path)), config_(std::move(config)) {}

tl::expected<void, std::string> Daemon::start() {
    const auto config = this->config();
    std::string report;
    std::unique_ptr<io::Loop> loop = io::make_loop(config->gateway.io, report);
    if (!loop) return tl::unexpected(report);
    spdlog::info("event=io {}", report);

    worker_ = std::make_unique<Worker>(std::move(loop), *config);
    worker_->start(config->gateway.deadline);
    for (const auto& [name, path] : {std::pair{"gateway", config->gateway.socket},
                                     std::pair{"postfix", config->gateway.postfix_socket},
                                     std::pair{"milter", config->gateway.milter_socket}}) {
        if (path.empty() && !supervisor::passed_socket(name)) continue;
        auto socket = supervisor::open_socket(name, {.path = path,
                                                     .mode = config->gateway.socket_mode,
                                                     .group = config->gateway.socket_group});
        if (!socket) return tl::unexpected(socket.error());
        worker_->listen(*socket);
        sockets_.push_back(std::move(*socket));
    }
    if (config->dns_door) {
        if (auto opened = open_dns_door(config->dns_door->listen); !opened) return opened;
    }
    spdlog::info("event=started lists={} policy_set={} socket={}", config->lists.size(),
                 config->policies->hash_text(), config->gateway.socket);
    return {};
}

tl::expected<void, std::string> Daemon::open_dns_door(const io::Endpoint& listen) {
    const int udp = io::bind_udp(listen, io::Sharing::alone);
    const int tcp = udp < 0 ? -1 : io::listen_tcp(listen, io::Sharing::alone);
    if (tcp < 0) {
        const int error = errno;
        if (udp >= 0) ::close(udp);
        return tl::unexpected(fmt::format("dns_door.listen {}: cannot listen there: {}",
                                          config::to_string(listen), std::strerror(error)));
    }
    worker_->serve_dns(udp, tcp);
    return {};
}

void Daemon::stop() {
    // The files go first: who connects from now on shall find nobody rather than wait.
    sockets_.clear();
    if (worker_) worker_->drain_and_stop(drain_patience);
    spdlog::info("event=stopped");
}

void Daemon::wait_for_turn() {
    worker_->call([] {});
}

bool Daemon::reload(Problems& problems, Sweeping sweeping) {
    const std::lock_guard one_at_a_time(reloading_);
    const supervisor::Reloading under_way;
    const auto running = config();
    std::shared_ptr<const config::Config> next = config::load(path_, problems);
    if (next == nullptr) {
        spdlog::error("event=reload_refused file={} problems={}", path_, problems.size());
        return false;
    }
    // A policy set speaks of lists by number, so it cannot be put in place beside other lists.
    if (const auto sections = config::needs_restart(*running, *next); !sections.empty()) {
        problems.push_back(
            {.file = path_,
             .message = fmt::format("[{}] changed, which takes a restart; nothing was changed",
                                    joined(sections))});
        spdlog::error("event=reload_refused file={} restart_needed_for=\"{}\"", path_,
                      joined(sections));
        return false;
    }
    const std::string change = sweeping_change(*running->policies, *next->policies);
    if (!change.empty() && sweeping == Sweeping::refused) {
        problems.push_back({.file = path_,
                            .message = change +
                                       "; nothing was changed; if that is what you mean, use "
                                       "`posternctl reload --force`"});
        spdlog::error("event=reload_refused file={} sweeping_change=\"{}\"", path_, change);
        return false;
    }
    worker_->call([&] {
        worker_->pipeline().set_policies(next->policies);
        worker_->pipeline().set_deadline(next->gateway.deadline);
        worker_->pipeline().set_mode(next->gateway.mode);
    });
    {
        const std::lock_guard lock(mutex_);
        retired_ = std::exchange(config_, next);
    }
    spdlog::info("event=reloaded policy_set={}", next->policies->hash_text());
    return true;
}

std::vector<Decided> Daemon::decide(std::span<const Request> requests, service::Door door) {
    std::vector<Decided> decided;
    for (const Request& request : requests) decided.push_back({.request = request});
    if (decided.empty()) return decided;
    Replies replies(decided);
    // With the last reply all of this is gone.
    worker_->post([&, door, count = decided.size(), &pipeline = worker_->pipeline()] {
        for (std::size_t i = 0; i < count; ++i) {
            decided[i].policies = pipeline.policies();
            pipeline.ask({.stream = {}, .tag = i, .door = door}, decided[i].request, replies);
        }
    });
    replies.wait();
    return decided;
}

Decided Daemon::decide(const Request& request) {
    return std::move(decide({&request, 1}, service::Door::trial).front());
}

policy::Explanation Daemon::explain(const Decided& decided) {
    const RemoteMemory memory(*worker_);
    return policy::explain(*decided.policies, decided.request, decided.evidence, memory,
                           wall_now());
}

std::vector<Daemon::ListReport> Daemon::lists() {
    const auto config = this->config();
    return worker_->call([&] {
        std::vector<ListReport> reports;
        for (std::size_t i = 0; i < config->lists.size(); ++i) {
            reports.push_back({.info = config->lists[i].info,
                               .ipv6 = config->lists[i].ipv6,
                               .stats = worker_->source().stats(static_cast<ListIndex>(i)),
                               .health = worker_->health().report(static_cast<ListIndex>(i))});
        }
        return reports;
    });
}

cache::CacheStats Daemon::cache_stats() {
    return worker_->call([this] { return worker_->cache().stats(); });
}

Evidence Daemon::cached(const IpAddress& address) {
    return worker_->call([&] { return worker_->pipeline().what_is_known(address); });
}

bool Daemon::flush(const IpAddress& address) {
    return worker_->call([&] { return worker_->cache().forget(address); });
}

void Daemon::flush_all() {
    worker_->call([this] { worker_->cache().clear(); });
}

std::shared_ptr<const config::Config> Daemon::config() const {
    const std::lock_guard lock(mutex_);
    return config_;
}

}  // namespace postern
