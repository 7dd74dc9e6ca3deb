// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/tracking_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "resolver/log/key_value.h"

namespace postern::journal {

namespace {

constexpr std::chrono::seconds try_interval{30};
constexpr int trim_steps_max = 64;  // more than a busy daemon adds between two calls

}  // namespace

TrackingWriter::TrackingWriter(std::string path, ListCatalogue lists)
    : path_(std::move(path)), lists_(std::move(lists)) {}

void TrackingWriter::open_when_due(WallTime now) {
    // A clock that was set back must not put it off for long.
    const bool is_due = !next_try_ || now >= *next_try_ || now < *next_try_ - try_interval;
    if (path_.empty() || file_ || !is_due) return;
    next_try_ = now + try_interval;
    auto file = tracking::TrackingFile::open(path_, lists_, now);
    if (!file) return failed(file.error());
    file_ = *std::move(file);
    last_id_ = std::max(last_id_, file_->last_id());
    spdlog::info("event=tracking_opened path={} bytes={}", log::value(path_),
                 file_->bytes_in_use());
}

tracking::DecisionId TrackingWriter::next_id(tracking::Milliseconds time) {
    return last_id_ = tracking::next_id(last_id_, time);
}

void TrackingWriter::begin() {
    in_batch_ = 0;
    if (file_) file_->begin();
}

void TrackingWriter::put(const tracking::Packed& decision, std::span<const tracking::Term> terms) {
    ++in_batch_;
    if (file_) file_->put(decision, terms);
}

void TrackingWriter::commit() {
    if (path_.empty()) return;
    if (!file_) {
        lost_.fetch_add(in_batch_, std::memory_order_relaxed);
        return;
    }
    if (const auto committed = file_->commit(); !committed) {
        lost_.fetch_add(in_batch_, std::memory_order_relaxed);
        return failed(committed.error());
    }
    written_.fetch_add(in_batch_, std::memory_order_relaxed);
    if (is_failing_) spdlog::info("event=tracking_recovered lost={}", lost());
    is_failing_ = false;
}

bool TrackingWriter::trim(const tracking::TrackingFile::Limits& limits) {
    for (int step = 0; file_ && step < trim_steps_max; ++step) {
        const auto more = file_->trim(limits);
        if (!more) failed(more.error());
        if (!more || !*more) return false;
    }
    return file_.has_value();
}

// A damaged file is opened again at once, which moves it aside.
void TrackingWriter::failed(const std::string& what) {
    if (!is_failing_) {
        spdlog::error("event=tracking_failed path={} what={}", log::value(path_), log::value(what));
    }
    is_failing_ = true;
    if (file_ && file_->is_damaged()) {
        file_.reset();
        next_try_.reset();
    }
}

}  // namespace postern::journal
