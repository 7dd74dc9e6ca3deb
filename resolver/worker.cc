// SPDX-License-Identifier: Apache-2.0
#include "resolver/worker.h"

#include <spdlog/spdlog.h>

#include "policy/index/hash.h"
#include "resolver/retry_log.h"

namespace postern {

namespace {

constexpr Duration drain_poll = std::chrono::milliseconds{20};
// How late what no longer counts may leave the memory.
constexpr Duration forget_interval = std::chrono::minutes{1};
// What a crash can cost of the cache.
constexpr Duration snapshot_interval = std::chrono::minutes{5};

// One line for each malformed request would let a peer fill the log; one per second tells as much.
class ProtocolErrorLog {
  public:
    explicit ProtocolErrorLog(const io::Loop& loop) : loop_(loop) {}

    void operator()(const service::ProtocolError& error) {
        if (logged_ && loop_.now() < last_ + std::chrono::seconds{1}) {
            ++suppressed_;
            return;
        }
        spdlog::warn(
            "event=protocol_error dialect={} peer_uid={} peer_pid={} closing={} suppressed={} "
            "what=\"{}\"",
            error.dialect, error.peer.uid, error.peer.pid, error.closing, suppressed_,
            printable(error.what));
        logged_ = true;
        last_ = loop_.now();
        suppressed_ = 0;
    }

  private:
    static std::string printable(std::string_view text) {
        std::string out;
        for (const char c : text.substr(0, 200)) {
            out += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
        }
        return out;
    }

    const io::Loop& loop_;
    TimePoint last_{};
    std::uint64_t suppressed_ = 0;
    bool logged_ = false;
};

WorkerParts::Options parts_options(const config::Config& config, io::Loop& loop) {
    WorkerParts::Options options = WorkerParts::options_for(config, loop);
    options.gateways.on_protocol_error = ProtocolErrorLog(loop);
    options.source.on_server = log_name_server;
    return options;
}

// A list is known by its zone.  Hashed, because that may hold a key that was paid for.
state::SnapshotKeeper::Options snapshot_options(const config::Config& config) {
    state::SnapshotKeeper::Options options{.path = config.cache.snapshot, .identities = {}};
    for (const config::ListConfig& list : config.lists) {
        options.identities.push_back(policy::hash_of(list.zone.data(), list.zone.size(), 0));
    }
    return options;
}

cache::Clocks clocks_of(const io::Loop& loop) {
    return {.now = loop.now(), .wall_now = loop.wall_now()};
}

}  // namespace

Worker::Worker(std::unique_ptr<io::Loop> loop, const config::Config& config)
    : loop_(std::move(loop)),
      memory_({.path = config.state.path, .writer = {}}, loop_->wall_now()),
      health_log_(config.catalogue()),
      parts_(*loop_, memory_, health_log_, config.policies, parts_options(config, *loop_)),
      snapshots_(parts_.cache, snapshot_options(config), clocks_of(*loop_)) {
    drain_timer_.set([](void* worker) { static_cast<Worker*>(worker)->check_drained(); }, this);
    forget_timer_.set([](void* worker) { static_cast<Worker*>(worker)->forget_expired(); }, this);
    snapshot_timer_.set(
        [](void* worker) { static_cast<Worker*>(worker)->write_snapshot_regularly(); }, this);
    loop_->timers().arm(snapshot_timer_, loop_->now() + snapshot_interval);
}

Worker::~Worker() {
    if (thread_.joinable()) drain_and_stop(Duration::zero());
}

void Worker::start(Duration patience) {
    thread_ = std::thread([this] { loop_->run(); });
    populating_ =
        std::jthread([this](const std::stop_token& stop) { parts_.cache.populate(stop); });
    post([this] { forget_expired(); });
    post([this] { parts_.health.start([this] { lists_probed_.set_value(); }); });
    lists_probed_.get_future().wait_for(patience);
}

void Worker::listen(const service::UnixSocket& socket) {
    call([&] { parts_.gateways.listen(socket.duplicate()); });
}

void Worker::serve_dns(int udp, int tcp) {
    call([&] { parts_.dns_door->serve(udp, tcp); });
}

void Worker::drain_and_stop(Duration patience) {
    if (!thread_.joinable()) return;
    call([this] {
        parts_.gateways.drain();
        if (parts_.dns_door) parts_.dns_door->drain();
        check_drained();
    });
    drained_.get_future().wait_for(patience);
    loop_->stop();
    thread_.join();
    write_snapshot();
}

bool Worker::drained() const {
    return parts_.gateways.drained() && (!parts_.dns_door || parts_.dns_door->drained());
}

void Worker::check_drained() {
    if (drained()) return drained_.set_value();
    loop_->timers().arm(drain_timer_, loop_->now() + drain_poll);
}

void Worker::forget_expired() {
    log_failed_retries(memory_.forget_expired(loop_->wall_now()));
    loop_->timers().arm(forget_timer_, loop_->now() + forget_interval);
}

void Worker::write_snapshot() { snapshots_.write(parts_.health.voting(), clocks_of(*loop_)); }

void Worker::write_snapshot_regularly() {
    write_snapshot();
    loop_->timers().arm(snapshot_timer_, loop_->now() + snapshot_interval);
}

}  // namespace postern
