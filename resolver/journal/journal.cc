// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/journal.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "resolver/log/output.h"

namespace postern::journal {

namespace {

using std::chrono::milliseconds;
using tracking::Milliseconds;

constexpr std::size_t batch_max = 16'384;  // decisions in a transaction
constexpr int rounds_max = 64;             // before everything else has its turn
constexpr std::size_t lines_bytes_max = std::size_t{64} * 1024;
constexpr Duration losses_interval = std::chrono::seconds{10};
constexpr Duration trim_interval = std::chrono::seconds{1};

Milliseconds since_boot(TimePoint time) {
    return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Journal::Journal(const Options& options)
    : options_(options), tracking_(options.path, options.lists), settings_(options.settings) {}

Journal::~Journal() {
    if (!thread_.joinable()) return;
    priority_.raise();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    hurry();
    thread_.join();
}

Recorder& Journal::add_worker(const io::Loop& loop) {
    Recorder& recorder =
        lanes_.emplace_back(std::make_unique<Lane>(loop, options_.queue, *this))->recorder;
    tell_recorders(settings_);
    return recorder;
}

// Each worker may have its share of the lines.
void Journal::tell_recorders(const Settings& settings) {
    const auto workers = static_cast<std::uint32_t>(lanes_.size());
    const Wanted wanted{.lines = settings.decisions,
                        .rows = !options_.path.empty(),
                        .lines_per_second = (settings.lines_per_second + workers - 1) / workers};
    for (const auto& lane : lanes_) lane->recorder.want(wanted);
}

void Journal::start() {
    thread_ = std::thread([this] { run(); });
}

void Journal::set(const Settings& settings) {
    priority_.raise();
    const std::lock_guard lock(mutex_);
    settings_ = settings;
    tell_recorders(settings);
}

void Journal::flush() {
    priority_.raise();
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = ++flushes_wanted_;
    hurry();
    flushed_.wait(lock, [&] { return flushes_done_ >= mine; });
}

JournalStats Journal::stats() const {
    JournalStats stats{.tracked = tracking_.written(), .lost = tracking_.lost()};
    for (const auto& lane : lanes_) {
        stats.dropped += lane->recorder.dropped();
        stats.suppressed += lane->recorder.suppressed();
    }
    return stats;
}

// From any thread; takes no lock that the journal's thread could hold.
void Journal::hurry() {
    priority_.raise();
    wake_.wake();
}

void Journal::run() {
    priority_.enter();
    for (bool last = false; !last;) {
        wait();
        std::unique_lock lock(mutex_);
        last = stopping_;
        const std::uint64_t flushes = flushes_wanted_;
        const Settings settings = settings_;
        lock.unlock();
        write_down(settings);
        if (last || now_ >= losses_told_ + losses_interval) tell_losses();
        lock.lock();
        flushes_done_ = flushes;
        lock.unlock();
        flushed_.notify_all();
    }
}

// Until it is time, or somebody is in a hurry; who may have come just before lower().  Whoever was
// in a hurry is likely to be so again.
void Journal::wait() {
    if (!is_hurried_) priority_.lower();
    pollfd hurried{.fd = wake_.fd(), .events = POLLIN, .revents = 0};
    const auto interval = std::chrono::ceil<milliseconds>(options_.interval).count();
    is_hurried_ = ::poll(&hurried, 1, static_cast<int>(interval)) > 0;
    if (!is_hurried_) return;
    priority_.raise();
    std::uint64_t times = 0;
    (void)!::read(wake_.fd(), &times, sizeof times);
}

void Journal::write_down(const Settings& settings) {
    now_ = io::read_clocks().now;
    tracking_.open_when_due(io::read_clocks().wall_now);
    for (int round = 0; round < rounds_max && take(settings) > 0; ++round) {
        if (in_batch_ >= batch_max) commit();
    }
    commit();
    if (now_ >= trim_due_) trim(settings);
}

void Journal::trim(const Settings& settings) {
    const bool more = tracking_.trim(
        {.oldest = log::wall_milliseconds() - milliseconds(settings.retention).count(),
         .bytes_max = settings.bytes_max});
    trim_due_ = more ? now_ : now_ + trim_interval;
}

// Takes what is in the queues, up to a batch; returns how much that was.
std::size_t Journal::take(const Settings& settings) {
    const Milliseconds boot = log::wall_milliseconds() - since_boot(io::read_clocks().now);
    const std::size_t share = batch_max / std::max<std::size_t>(lanes_.size(), 1);
    std::size_t taken = 0;
    for (const auto& lane : lanes_) {
        for (std::size_t i = 0; i < share; ++i, ++taken) {
            const auto bytes = lane->queue.next();
            if (bytes.empty()) break;
            if (in_batch_++ == 0) tracking_.begin();
            write_entry(bytes, boot, settings.line);
        }
        lane->queue.release();
    }
    return taken;
}

void Journal::commit() {
    if (in_batch_ == 0) return;
    tracking_.commit();
    log::write(lines_);
    lines_.clear();
    in_batch_ = 0;
}

void Journal::write_entry(std::span<const std::byte> bytes, Milliseconds boot,
                          const LineOptions& options) {
    const bool has_line = bytes.front() != std::byte{0};
    const std::span<const std::byte> record = bytes.subspan(entry_head);
    if (!reader_.read(record, options_.lists)) return;
    const Milliseconds time = boot + since_boot(reader_.record().at);
    const tracking::DecisionId id = tracking_.next_id(time);
    tracking_.put({.id = id, .time = time, .record = record}, reader_.terms());
    if (!has_line) return;
    write_line({.id = id, .time = time, .record = reader_.record(), .lists = options_.lists},
               options);
}

void Journal::write_line(const tracking::Found& found, const LineOptions& options) {
    if (log::has_priorities()) log::append_priority(lines_, log::Level::info);
    append_line(lines_, found, options);
    if (lines_.size() < lines_bytes_max) return;
    log::write(lines_);
    lines_.clear();
}

// Losses go on for as long as their cause does; one line every ten seconds tells as much.
void Journal::tell_losses() {
    const JournalStats now = stats();
    if (now.dropped == told_.dropped && now.suppressed == told_.suppressed) return;
    losses_told_ = now_;
    if (now.dropped != told_.dropped) {
        spdlog::error("event=decisions_dropped count={} total={}", now.dropped - told_.dropped,
                      now.dropped);
    }
    if (now.suppressed != told_.suppressed) {
        spdlog::warn("event=decision_lines_suppressed count={}", now.suppressed - told_.suppressed);
    }
    told_ = now;
}

}  // namespace postern::journal
