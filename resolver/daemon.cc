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
#include "resolver/io/background.h"
#include "resolver/io/descriptors.h"
#include "resolver/log/key_value.h"
#include "resolver/log/output.h"
#include "resolver/reload_guard.h"
#include "resolver/supervisor.h"

namespace postern {

namespace {

constexpr Duration drain_patience = std::chrono::seconds{5};
// A loop turns within milliseconds; one that has not by then hangs.
constexpr Duration turn_patience = std::chrono::seconds{2};
// For how long each half of a reload, making a set and freeing another, steps aside.
constexpr Duration reload_patience = std::chrono::seconds{1};

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
    : path_(std::move(path)), started_(wall_now()), config_(std::move(config)) {
    reloads_.last_success = started_;
}

Daemon::~Daemon() {
    // All before any is destroyed: what one judges, another's monitor sees to.
    for (const auto& worker : workers_) worker->stop();
}

tl::expected<void, std::string> Daemon::start() {
    const auto config = this->config();
    journal_ = std::make_unique<journal::Journal>(
        journal::Journal::Options{.path = config->journal.path,
                                  .lists = config->catalogue(),
                                  .settings = config->journal.settings});
    if (auto made = make_workers(*config); !made) return made;
    journal_->start();
    for (const auto& worker : workers_) worker->start();
    workers_.front()->prove_lists(config->gateway.deadline);
    if (auto opened = open_sockets(config->gateway); !opened) return opened;
    if (config->dns_door) {
        if (auto opened = open_dns_door(config->dns_door->listen); !opened) return opened;
    }
    spdlog::info("event=started workers={} lists={} policy_set={} socket={}", workers_.size(),
                 config->lists.size(), config->policies->hash_text(),
                 log::value(config->gateway.socket));
    return {};
}

tl::expected<void, std::string> Daemon::make_workers(const config::Config& config) {
    for (unsigned number = 0; number < config.gateway.workers; ++number) {
        const bool first = number == 0;
        std::string report;
        std::unique_ptr<io::Loop> loop = io::make_loop(config.gateway.io, report);
        if (!loop) return tl::unexpected(report);
        if (first) {
            spdlog::info("event=io what={}", log::value(report));
            shared_ = std::make_unique<SharedState>(config, loop->random());
        }
        journal::Recorder& recorder = journal_->add_worker(*loop);
        workers_.push_back(std::make_unique<Worker>(
            std::move(loop), config, *shared_,
            first ? Worker::Duty::answers_and_tests_lists : Worker::Duty::answers));
        workers_.back()->pipeline().observe(recorder);
    }
    if (workers_.size() == 1) return {};
    std::vector<io::Spread::Place> places;
    for (const auto& worker : workers_) places.push_back(worker->place());
    spread_ = std::make_unique<io::Spread>(std::move(places));
    return {};
}

tl::expected<void, std::string> Daemon::open_sockets(const config::GatewayConfig& gateway) {
    for (const auto& [name, path] :
         {std::pair{"gateway", gateway.socket}, std::pair{"postfix", gateway.postfix_socket},
          std::pair{"milter", gateway.milter_socket}}) {
        if (path.empty() && !supervisor::passed_socket(name)) continue;
        auto socket = supervisor::open_socket(
            name, {.path = path, .mode = gateway.socket_mode, .group = gateway.socket_group});
        if (!socket) return tl::unexpected(socket.error());
        workers_.front()->listen(*socket, spread_.get());
        sockets_.push_back(std::move(*socket));
    }
    return {};
}

// One pair of sockets for each worker, between which the kernel shares what comes in.
tl::expected<void, std::string> Daemon::open_dns_door(const io::Endpoint& listen) {
    const io::Sharing sharing = workers_.size() == 1 ? io::Sharing::alone : io::Sharing::shared;
    for (const auto& worker : workers_) {
        const int udp = io::bind_udp(listen, sharing);
        const int tcp = udp < 0 ? -1 : io::listen_tcp(listen, sharing);
        if (tcp < 0) {
            const int error = errno;
            if (udp >= 0) ::close(udp);
            return tl::unexpected(fmt::format("dns_door.listen {}: cannot listen there: {}",
                                              config::to_string(listen), std::strerror(error)));
        }
        worker->serve_dns(udp, tcp);
    }
    return {};
}

void Daemon::stop() {
    // The files go first: who connects from now on shall find nobody rather than wait.
    sockets_.clear();
    for (const auto& worker : workers_) worker->drain();
    const auto end = std::chrono::steady_clock::now() + drain_patience;
    for (const auto& worker : workers_) worker->wait_until_drained(end);
    for (const auto& worker : workers_) worker->stop();
    journal_.reset();  // nobody decides any more
    spdlog::info("event=stopped");
}

void Daemon::wait_for_turn() {
    on_each_worker([](Worker&) {});
}

template <class Task>
void Daemon::on_each_worker(const Task& task) {
    std::vector<std::future<void>> done;
    for (const auto& worker : workers_) {
        done.push_back(worker->begin([&task, &on = *worker] { task(on); }));
    }
    for (std::future<void>& one : done) one.get();
}

bool Daemon::reload(Problems& problems, Sweeping sweeping) {
    const std::lock_guard one_at_a_time(reloading_);
    const supervisor::Reloading under_way;
    std::shared_ptr<const config::Config> next;
    std::string change;
    io::in_background(reload_patience, [&] {
        next = config::load(path_, problems);
        if (next != nullptr && sweeping == Sweeping::refused)
            change = sweeping_change(*config()->policies, *next->policies);
    });
    const bool applied = may_replace(next.get(), change, problems);
    auto unused = applied ? apply(std::move(next)) : std::move(next);
    io::in_background(reload_patience, [&] { unused.reset(); });

    const std::lock_guard lock(mutex_);
    ++(applied ? reloads_.applied : reloads_.refused);
    reloads_.last_successful = applied;
    if (applied) reloads_.last_success = wall_now();
    return applied;
}

bool Daemon::may_replace(const config::Config* next, const std::string& change,
                         Problems& problems) const {
    if (next == nullptr) {
        spdlog::error("event=reload_refused file={} problems={}", log::value(path_),
                      problems.size());
        return false;
    }
    // A policy set speaks of lists by number, so it cannot be put in place beside other lists.
    if (const auto keys = config::needs_restart(*config(), *next); !keys.empty()) {
        problems.push_back(
            {.file = path_,
             .message = fmt::format("changed, which takes a restart: {}; nothing was changed",
                                    joined(keys))});
        spdlog::error("event=reload_refused file={} restart_needed_for={}", log::value(path_),
                      log::value(joined(keys)));
        return false;
    }
    if (!change.empty()) {
        problems.push_back({.file = path_,
                            .message = change +
                                       "; nothing was changed; if that is what you mean, use "
                                       "`posternctl reload --force`"});
        spdlog::error("event=reload_refused file={} sweeping_change={}", log::value(path_),
                      log::value(change));
        return false;
    }
    return true;
}

std::shared_ptr<const config::Config> Daemon::apply(std::shared_ptr<const config::Config> next) {
    on_each_worker([&](Worker& worker) {
        worker.pipeline().set_policies(next->policies);
        worker.pipeline().set_deadline(next->gateway.deadline);
        worker.pipeline().set_mode(next->gateway.mode);
        worker.source().set_timing(next->dns.timeout, next->dns.attempts, next->dns.ttl);
    });
    journal_->set(next->journal.settings);
    log::set_format(next->journal.settings.line.format);
    const auto policies = next->policies;
    {
        const std::lock_guard lock(mutex_);
        std::swap(next, config_);
        std::swap(next, retired_);
    }
    spdlog::info("event=reloaded policy_set={}", policies->hash_text());
    return next;
}

std::vector<Decided> Daemon::decide(std::span<const Request> requests, service::Door door) {
    std::vector<Decided> decided;
    for (const Request& request : requests) decided.push_back({.request = request});
    if (decided.empty()) return decided;
    Replies replies(decided);
    // With the last reply all of this is gone.
    Worker& worker = *workers_[next_++ % workers_.size()];
    worker.post([&, door, count = decided.size(), &pipeline = worker.pipeline()] {
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
    return policy::explain(*decided.policies, decided.request, decided.evidence, shared_->memory(),
                           wall_now());
}

std::vector<Daemon::ListReport> Daemon::lists() {
    const auto config = this->config();
    std::vector<ListReport> reports(config->lists.size());
    for (std::size_t i = 0; i < reports.size(); ++i) {
        reports[i].info = config->lists[i].info;
        reports[i].ipv6 = config->lists[i].ipv6;
    }
    workers_.front()->call([&] {
        const health::HealthMonitor& health = workers_.front()->health();
        for (std::size_t i = 0; i < reports.size(); ++i) {
            reports[i].health = health.report(static_cast<ListIndex>(i));
        }
    });
    for (const auto& worker : workers_) {
        worker->call([&] {
            for (std::size_t i = 0; i < reports.size(); ++i) {
                reports[i].stats += worker->source().stats(static_cast<ListIndex>(i));
            }
        });
    }
    return reports;
}

cache::CacheStats Daemon::cache_stats() { return shared_->cache().stats(); }

std::vector<std::size_t> Daemon::stuck_workers() {
    std::vector<std::future<void>> turned;
    for (const auto& worker : workers_) turned.push_back(worker->begin([] {}));
    const auto end = std::chrono::steady_clock::now() + turn_patience;
    std::vector<std::size_t> stuck;
    for (std::size_t i = 0; i < turned.size(); ++i) {
        if (turned[i].wait_until(end) != std::future_status::ready) stuck.push_back(i + 1);
    }
    return stuck;
}

Daemon::Readiness Daemon::readiness() const {
    return {.lists = config()->lists.size(),
            .voting = static_cast<std::size_t>(count(shared_->parts().standings.voting())),
            .snapshot = shared_->snapshot_loaded()};
}

std::optional<Figures> Daemon::figures() {
    Worker& tester = *workers_.front();
    auto reports = tester.begin([&health = tester.health()] {
        std::vector<health::HealthReport> all;
        for (std::size_t i = 0; i < health.lists(); ++i)
            all.push_back(health.report(static_cast<ListIndex>(i)));
        return all;
    });
    std::vector<std::future<WorkerFigures>> counted;
    for (const auto& worker : workers_)
        counted.push_back(worker->begin([&on = *worker] { return on.figures(); }));

    const auto end = std::chrono::steady_clock::now() + turn_patience;
    if (reports.wait_until(end) != std::future_status::ready) return std::nullopt;
    Figures figures{.workers = {},
                    .lists = reports.get(),
                    .cache = cache_stats(),
                    .reloads = reloads(),
                    .journal = journal_->stats(),
                    .config = config(),
                    .io = tester.io(),
                    .started = started_};
    for (std::future<WorkerFigures>& one : counted) {
        if (one.wait_until(end) != std::future_status::ready) return std::nullopt;
        figures.workers.push_back(one.get());
    }
    return figures;
}

ReloadFigures Daemon::reloads() const {
    const std::lock_guard lock(mutex_);
    return reloads_;
}

Evidence Daemon::cached(const IpAddress& address) {
    Worker& worker = *workers_.front();
    return worker.call([&] { return worker.pipeline().what_is_known(address); });
}

std::string Daemon::tracking_file() {
    journal_->flush();
    return journal_->path();
}

bool Daemon::flush(const IpAddress& address) { return shared_->cache().forget(address); }

void Daemon::flush_all() { shared_->cache().clear(); }

std::shared_ptr<const config::Config> Daemon::config() const {
    const std::lock_guard lock(mutex_);
    return config_;
}

}  // namespace postern
