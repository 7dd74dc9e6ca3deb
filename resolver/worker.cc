// SPDX-License-Identifier: Apache-2.0
#include "resolver/worker.h"

#include <spdlog/spdlog.h>

#include "resolver/io/short_turns.h"
#include "resolver/log/key_value.h"

namespace postern {

namespace {

constexpr Duration drain_poll = std::chrono::milliseconds{20};
constexpr std::size_t what_size_max = 200;

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
            "what={}",
            error.dialect, error.peer.uid, error.peer.pid, error.closing, suppressed_,
            log::value(error.what.substr(0, what_size_max)));
        logged_ = true;
        last_ = loop_.now();
        suppressed_ = 0;
    }

  private:
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

}  // namespace

Worker::Worker(std::unique_ptr<io::Loop> loop, const config::Config& config, SharedState& shared,
               Duty duty)
    : loop_(std::move(loop)),
      parts_(*loop_, shared.parts(), shared.memory(), config.policies,
             parts_options(config, *loop_)) {
    if (duty == Duty::answers_and_tests_lists) {
        health_ = std::make_unique<health::HealthMonitor>(
            *loop_, parts_.lists, shared.parts().standings, shared.cache(), shared.health_log(),
            watched_lists(config));
    }
    drain_timer_.set([](void* worker) { static_cast<Worker*>(worker)->check_drained(); }, this);
}

Worker::~Worker() { stop(); }

void Worker::start() {
    thread_ = std::thread([this] {
        io::ask_for_short_turns();
        loop_->run();
    });
}

void Worker::prove_lists(Duration patience) {
    post([this] { health_->start([this] { lists_probed_.set_value(); }); });
    lists_probed_.get_future().wait_for(patience);
}

void Worker::listen(const service::UnixSocket& socket, io::Spread* spread) {
    call([&] {
        if (spread != nullptr) parts_.gateways.share_with(*spread);
        parts_.gateways.listen(socket.duplicate());
    });
}

void Worker::serve_dns(int udp, int tcp) {
    call([&] { parts_.dns_door->serve(udp, tcp); });
}

void Worker::drain() {
    post([this] {
        parts_.gateways.drain();
        if (parts_.dns_door) parts_.dns_door->drain();
        check_drained();
    });
}

void Worker::wait_until_drained(std::chrono::steady_clock::time_point end) {
    drained_.get_future().wait_until(end);
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
}

bool Worker::drained() const {
    return parts_.gateways.drained() && (!parts_.dns_door || parts_.dns_door->drained());
}

void Worker::check_drained() {
    if (drained()) return drained_.set_value();
    loop_->timers().arm(drain_timer_, loop_->now() + drain_poll);
}

}  // namespace postern
