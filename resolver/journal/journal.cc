// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/journal.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "resolver/log/output.h"

namespace postern::journal {

namespace {

using std::chrono::milliseconds;
using tracking::Milliseconds;

constexpr std::size_t batch_max = 16'384;  // decisions in a transaction
constexpr int batches_max = 64;            // before everything else has its turn
constexpr std::size_t lines_bytes_max = std::size_t{64} * 1024;
constexpr Duration losses_interval = std::chrono::seconds{10};
constexpr Duration trim_interval = std::chrono::seconds{1};
constexpr int niceness = 10;

// Of this thread alone (setpriority(2)); where that is refused it goes without.
void step_back() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness); }

Milliseconds wall_milliseconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::floor<milliseconds>(now).count();
}

Milliseconds since_boot(TimePoint time) {
    return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Journal::Journal(const Options& options)
    : options_(options), tracking_(options.path, options.lists), settings_(options.settings) {}

Journal::~Journal() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

Recorder& Journal::add_worker(const io::Loop& loop) {
    Recorder& recorder =
        lanes_.emplace_back(std::make_unique<Lane>(loop, options_.queue))->recorder;
    recorder.want(is_anything_wanted(settings_));
    return recorder;
}

bool Journal::is_anything_wanted(const Settings& settings) const {
    return !options_.path.empty() || settings.decisions != Decisions::none;
}

void Journal::start() {
    thread_ = std::thread([this] { run(); });
}

void Journal::set(const Settings& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
    for (const auto& lane : lanes_) lane->recorder.want(is_anything_wanted(settings));
}

void Journal::flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = ++flushes_wanted_;
    wake_.notify_one();
    flushed_.wait(lock, [&] { return flushes_done_ >= mine; });
}

JournalStats Journal::stats() const {
    JournalStats stats{.tracked = tracking_.written(), .lost = tracking_.lost()};
    for (const auto& lane : lanes_) stats.dropped += lane->recorder.dropped();
    return stats;
}

void Journal::run() {
    step_back();
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        wake_.wait_for(lock, options_.interval,
                       [&] { return stopping_ || flushes_wanted_ > flushes_done_; });
        last = stopping_;
        const std::uint64_t flushes = flushes_wanted_;
        const Settings settings = settings_;
        lock.unlock();
        write_down(settings);
        if (last || now_ >= losses_told_ + losses_interval) tell_losses();
        lock.lock();
        flushes_done_ = flushes;
        flushed_.notify_all();
    }
}

// Until the queues are empty, or have been filled again a few times meanwhile.
void Journal::write_down(const Settings& settings) {
    now_ = io::read_clocks().now;
    tracking_.open_when_due(io::read_clocks().wall_now);
    for (int batch = 0; batch < batches_max && write_batch(settings); ++batch) {
    }
    if (now_ < trim_due_) return;
    const bool more =
        tracking_.trim({.oldest = wall_milliseconds() - milliseconds(settings.retention).count(),
                        .bytes_max = settings.bytes_max});
    trim_due_ = more ? now_ : now_ + trim_interval;
}

// The records stay in the queues until the batch is done with.
bool Journal::write_batch(const Settings& settings) {
    const Milliseconds boot = wall_milliseconds() - since_boot(io::read_clocks().now);
    const std::size_t share = batch_max / std::max<std::size_t>(lanes_.size(), 1);
    std::size_t records = 0;
    for (const auto& lane : lanes_) {
        for (std::size_t i = 0; i < share; ++i, ++records) {
            const auto bytes = lane->queue.next();
            if (bytes.empty()) break;
            if (records == 0) tracking_.begin();
            write_record(bytes, boot, settings);
        }
    }
    if (records == 0) return false;
    tracking_.commit();
    for (const auto& lane : lanes_) lane->queue.release();
    log::write(lines_);
    lines_.clear();
    return true;
}

void Journal::write_record(std::span<const std::byte> bytes, Milliseconds boot,
                           const Settings& settings) {
    if (!tracking::decode(bytes, record_)) return;
    const Milliseconds time = boot + since_boot(record_.at);
    const tracking::DecisionId id = tracking_.next_id(time);
    tracking::collect_terms(record_, options_.lists, terms_);
    tracking_.put({.id = id, .time = time, .record = bytes, .terms = terms_});
    write_line({.id = id, .time = time, .record = record_, .lists = options_.lists}, settings);
}

void Journal::write_line(const tracking::Found& found, const Settings& settings) {
    const bool is_refused = found.record.verdict.verdict.action != Action::accept;
    if (settings.decisions == Decisions::none) return;
    if (settings.decisions == Decisions::refused && !is_refused) return;
    if (!may_write_line(settings)) return;
    if (log::has_priorities()) log::append_priority(lines_, log::Level::info);
    append_line(lines_, found, settings.line);
    if (lines_.size() < lines_bytes_max) return;
    log::write(lines_);
    lines_.clear();
}

// A second's worth may come at once.
bool Journal::may_write_line(const Settings& settings) {
    if (settings.lines_per_second == 0) return true;
    const double most = settings.lines_per_second;
    const std::chrono::duration<double> passed = now_ - lines_counted_;
    lines_left_ = std::min(most, lines_left_ + passed.count() * most);
    lines_counted_ = now_;
    if (lines_left_ < 1) {
        ++lines_suppressed_;
        return false;
    }
    lines_left_ -= 1;
    return true;
}

// Losses go on for as long as their cause does; one line every ten seconds tells as much.
void Journal::tell_losses() {
    const std::uint64_t dropped = stats().dropped;
    if (dropped == dropped_told_ && lines_suppressed_ == 0) return;
    losses_told_ = now_;
    if (dropped != dropped_told_) {
        spdlog::error("event=decisions_dropped count={} total={}", dropped - dropped_told_,
                      dropped);
    }
    if (lines_suppressed_ != 0)
        spdlog::warn("event=decision_lines_suppressed count={}", lines_suppressed_);
    dropped_told_ = dropped;
    lines_suppressed_ = 0;
}

}  // namespace postern::journal
