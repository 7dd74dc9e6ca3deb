// SPDX-License-Identifier: Apache-2.0
#include "resolver/worker.h"

#include <spdlog/spdlog.h>

#include "resolver/retry_log.h"

namespace postern {

namespace {

constexpr Duration drain_poll = std::chrono::milliseconds{20};
// How late what no longer counts may leave the memory.
constexpr Duration forget_interval = std::chrono::minutes{1};

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

}  // namespace

Worker::Worker(std::unique_ptr<io::Loop> loop, const config::Config& config)
    : loop_(std::move(loop)),
      memory_({.path = config.state.path, .writer = {}}, loop_->wall_now()),
      cache_({.entries = config.cache.entries,
              .lists = config.lists.size(),
              .hash_seed = loop_->random()}),
      source_(*loop_, source_options(config)),
      health_log_(config.catalogue()),
      health_(*loop_, source_, cache_, health_log_, watched_lists(config)),
      pipeline_(*loop_, cache_, health_, memory_, config.policies,
                pipeline_options(config, *loop_)),
      gateways_(*loop_, pipeline_,
                {.mode = config.gateway.mode, .on_protocol_error = ProtocolErrorLog(*loop_)}) {
    pipeline_.reply_to(gateways_);
    drain_timer_.set([](void* worker) { static_cast<Worker*>(worker)->check_drained(); }, this);
    forget_timer_.set([](void* worker) { static_cast<Worker*>(worker)->forget_expired(); }, this);
}

Worker::~Worker() {
    if (thread_.joinable()) drain_and_stop(Duration::zero());
}

void Worker::start(Duration patience) {
    thread_ = std::thread([this] { loop_->run(); });
    post([this] { forget_expired(); });
    post([this] { health_.start([this] { lists_probed_.set_value(); }); });
    lists_probed_.get_future().wait_for(patience);
}

void Worker::listen(const service::UnixSocket& socket) {
    call([&] { gateways_.listen(socket.duplicate()); });
}

void Worker::drain_and_stop(Duration patience) {
    if (!thread_.joinable()) return;
    call([this] {
        gateways_.drain();
        check_drained();
    });
    drained_.get_future().wait_for(patience);
    loop_->stop();
    thread_.join();
}

void Worker::check_drained() {
    if (gateways_.drained()) return drained_.set_value();
    loop_->timers().arm(drain_timer_, loop_->now() + drain_poll);
}

void Worker::forget_expired() {
    log_failed_retries(memory_.forget_expired(loop_->wall_now()));
    loop_->timers().arm(forget_timer_, loop_->now() + forget_interval);
}

Pipeline::Options Worker::pipeline_options(const config::Config& config, io::Loop& loop) {
    Pipeline::Options options{.deadline = config.gateway.deadline};
    for (std::size_t i = 0; i < config.lists.size(); ++i) {
        const ListMask list = mask_of(static_cast<ListIndex>(i));
        options.lists |= list;
        if (config.lists[i].ipv6) options.ipv6_lists |= list;
    }
    options.tables.hash_seed = loop.random();
    return options;
}

dns::DnsSource::Options Worker::source_options(const config::Config& config) {
    dns::DnsSource::Options options{.servers = config.dns.servers,
                                    .lists = {},
                                    .timeout = config.dns.timeout,
                                    .attempts = config.dns.attempts,
                                    .ttl = config.dns.ttl};
    if (options.servers.empty()) options.servers = dns::system_name_servers();
    for (const config::ListConfig& list : config.lists) options.lists.push_back(list.dns);
    return options;
}

std::vector<health::WatchedList> Worker::watched_lists(const config::Config& config) {
    std::vector<health::WatchedList> lists;
    for (const config::ListConfig& list : config.lists) {
        lists.push_back({.probe = list.probe, .ipv6 = list.ipv6, .budget = list.budget});
    }
    return lists;
}

}  // namespace postern
