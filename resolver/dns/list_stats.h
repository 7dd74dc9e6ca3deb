// SPDX-License-Identifier: Apache-2.0
//
// What is counted for each list.  Written by one loop; read on that loop.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "policy/time.h"
#include "resolver/dns/listing_reply.h"
#include "resolver/metrics/histogram.h"

namespace postern::dns {

// Latencies in buckets of an eighth of an octave (at most 12 % wide), 1 µs to 70 s, in constant
// memory.
class LatencyHistogram {
  public:
    void add(Duration latency) {
        ++buckets_[bucket_of(latency)];
        ++count_;
    }
    // The upper edge of the bucket that holds the quantile, 0 < q <= 1; zero when nothing was
    // added.
    Duration quantile(double q) const {
        const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_) + 0.5);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (buckets_[i] != 0 && seen >= rank) return upper_edge(i);
        }
        return {};
    }
    std::uint64_t count() const { return count_; }

    LatencyHistogram& operator+=(const LatencyHistogram& other) {
        for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
        count_ += other.count_;
        return *this;
    }

  private:
    static constexpr unsigned sub_bits = 3;

    static std::size_t bucket_of(Duration latency) {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(latency).count();
        const auto value = static_cast<std::uint64_t>(us < 1 ? 1 : us);
        const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1;
        const std::uint64_t sub =
            octave < sub_bits ? value << (sub_bits - octave) : value >> (octave - sub_bits);
        const std::size_t bucket = octave << sub_bits | (sub & ((1U << sub_bits) - 1));
        return bucket < bucket_count ? bucket : bucket_count - 1;
    }
    static Duration upper_edge(std::size_t bucket) {
        const auto octave = static_cast<unsigned>(bucket >> sub_bits);
        const std::uint64_t sub = (bucket & ((1U << sub_bits) - 1)) + (1U << sub_bits) + 1;
        const std::uint64_t us =
            octave < sub_bits ? sub >> (sub_bits - octave) : sub << (octave - sub_bits);
        return std::chrono::microseconds{us};
    }

    static constexpr std::size_t bucket_count = 26U << sub_bits;
    std::array<std::uint32_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
};

struct ListStats {
    std::uint64_t queries = 0;  // datagrams sent, retries too
    std::uint64_t retries = 0;
    std::uint64_t over_tcp = 0;
    std::uint64_t timeouts = 0;                        // questions given up
    std::uint64_t late = 0;                            // answers that came after that
    std::uint64_t crowded_out = 0;                     // questions not asked: too many under way
    std::array<std::uint64_t, reply_kinds> replies{};  // by ReplyKind
    LatencyHistogram latency;
    metrics::Histogram durations;  // the same, for those who add them up elsewhere

    // What another source has counted for the same list.
    ListStats& operator+=(const ListStats& other) {
        queries += other.queries;
        retries += other.retries;
        over_tcp += other.over_tcp;
        timeouts += other.timeouts;
        late += other.late;
        crowded_out += other.crowded_out;
        for (std::size_t kind = 0; kind < replies.size(); ++kind) {
            replies[kind] += other.replies[kind];
        }
        latency += other.latency;
        durations += other.durations;
        return *this;
    }
};

}  // namespace postern::dns
