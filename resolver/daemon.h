// SPDX-License-Identifier: Apache-2.0
//
// The control side of a running Postern: owns the workers, what they share, the sockets and the
// configuration in force.
//
// Slow things happen here and never on a worker's thread: making JSON on the caller's; reading
// configuration, compiling policies and freeing the old set in the background, because they take a
// processor for long.  All members may be called from several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "policy/report/explain.h"
#include "resolver/config/config.h"
#include "resolver/figures.h"
#include "resolver/journal/journal.h"
#include "resolver/service/unix_socket.h"
#include "resolver/shared_state.h"
#include "resolver/worker.h"

namespace postern {

// What happened to a request, kept beyond the reply.
struct Decided {
    Request request;
    Decision decision;
    Evidence evidence;
    std::shared_ptr<const policy::PolicySet> policies;
    Duration elapsed{};
    service::Mode mode = service::Mode::enforce;

    service::Answer answer() const;
};

class Daemon {
  public:
    // The configuration was loaded from `path`; a reload reads it again.
    Daemon(std::string path, std::unique_ptr<const config::Config> config);

    ~Daemon();

    // Starts the workers, has the lists tested for at most one deadline, and opens the sockets. The
    // error is a sentence for the operator.
    tl::expected<void, std::string> start();
    // Answers what is in flight, then ends; at most a few seconds.
    void stop();
    // Returns once the loop of every worker has turned; never, when one hangs.
    void wait_for_turn();
    // The workers, counted from 1, whose loop has not turned within two seconds.
    std::vector<std::size_t> stuck_workers();

    // What there is to answer with.  The configuration is in force, or there would be no daemon.
    struct Readiness {
        std::size_t lists = 0;
        std::size_t voting = 0;  // of these
        bool snapshot = false;   // opinions from before the start have been loaded
        bool ready() const { return lists == 0 || voting > 0 || snapshot; }
    };
    Readiness readiness() const;

    // Applies what the configuration file now says; all of it or nothing.  False: `problems` says
    // why, and everything is as before.  A change that looks like a slip (reload_guard.h) is made
    // only when it was asked for.
    enum class Sweeping : std::uint8_t { refused, wanted };
    bool reload(Problems& problems, Sweeping sweeping = Sweeping::refused);
    ReloadFigures reloads() const;

    // Decides requests as if a gateway had asked, all at the same time.  Door::trial remembers
    // nothing of them.
    std::vector<Decided> decide(std::span<const Request> requests, service::Door door);
    // A trial.
    Decided decide(const Request& request);
    // Why a decision came out as it did.
    policy::Explanation explain(const Decided& decided);

    struct ListReport {
        ListInfo info;
        bool ipv6 = false;
        dns::ListStats stats;
        health::HealthReport health;
    };
    std::vector<ListReport> lists();
    cache::CacheStats cache_stats();
    // Empty when a worker does not turn.
    std::optional<Figures> figures();
    // What the cache holds for an address; a list that it knows nothing of is "pending".
    Evidence cached(const IpAddress& address);
    // The decision log, in which everything is that was decided before; empty when none is kept.
    std::string tracking_file();
    bool flush(const IpAddress& address);
    void flush_all();

    std::shared_ptr<const config::Config> config() const;

  private:
    // Whether `next`, null if it could not be loaded, may take the place of what is in force;
    // `change` says what is sweeping about that and was not asked for.
    bool may_replace(const config::Config* next, const std::string& change,
                     Problems& problems) const;
    // Returns what nobody uses any more.
    std::shared_ptr<const config::Config> apply(std::shared_ptr<const config::Config> next);
    tl::expected<void, std::string> make_workers(const config::Config& config);
    tl::expected<void, std::string> open_sockets(const config::GatewayConfig& gateway);
    tl::expected<void, std::string> open_dns_door(const io::Endpoint& listen);
    // Runs task(worker) on the loop of every worker, and returns when it has run on all.
    template <class Task>
    void on_each_worker(const Task& task);

    const std::string path_;
    const WallTime started_;
    mutable std::mutex mutex_;  // guards config_, reloads_
    std::shared_ptr<const config::Config> config_;
    // The one before, kept until the next reload: requests may still wait under its policies, and
    // the last reference to a large set must not be theirs, because freeing it takes long.
    std::shared_ptr<const config::Config> retired_;
    ReloadFigures reloads_;
    std::mutex reloading_;  // one reload at a time
    std::vector<service::UnixSocket> sockets_;
    std::unique_ptr<journal::Journal> journal_;  // before those who tell it
    std::unique_ptr<SharedState> shared_;
    std::unique_ptr<io::Spread> spread_;  // null: there is one worker
    // The first one accepts connections and tests the lists.
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<std::size_t> next_ = 0;  // who decides for those without a connection
};

}  // namespace postern
