// SPDX-License-Identifier: Apache-2.0
//
// Senders that come back, among ten times as many addresses that come once, against what a plain
// least-recently-used cache of the same size makes of the same stream.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <random>
#include <unordered_map>
#include <vector>

#include "cache/listing_cache.h"

namespace postern::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t entries = 4096;

class LeastRecentlyUsed {
  public:
    bool ask(std::uint32_t address) {
        const auto known = places_.find(address);
        if (known != places_.end()) {
            order_.splice(order_.begin(), order_, known->second);
            return true;
        }
        if (places_.size() == entries) {
            places_.erase(order_.back());
            order_.pop_back();
        }
        order_.push_front(address);
        places_[address] = order_.begin();
        return false;
    }

  private:
    std::list<std::uint32_t> order_;  // the latest first
    std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> places_;
};

class Cache {
  public:
    bool ask(std::uint32_t number) {
        const IpAddress address = IpAddress::from_v4(number);
        if (cache_.find(address, now, said_) != 0) return true;
        cache_.put(address, {0, {.state = Listing::State::clear}, 1h}, now);
        return false;
    }

  private:
    static constexpr TimePoint now{1000s};
    ListingCache cache_{{.entries = entries, .lists = 1, .hash_seed = 5}};
    Said said_;
};

// Addresses from 1 on; the nth comes in proportion to n to the power of minus 0.8.
class RepeatSenders {
  public:
    explicit RepeatSenders(std::size_t population) {
        double sum = 0;
        for (std::size_t i = 1; i <= population; ++i) {
            sum += std::pow(static_cast<double>(i), -0.8);
            cumulated_.push_back(sum);
        }
    }
    template <class Random>
    std::uint32_t next(Random& random) const {
        std::uniform_real_distribution<double> any(0, cumulated_.back());
        const auto sender = std::lower_bound(cumulated_.begin(), cumulated_.end(), any(random));
        return static_cast<std::uint32_t>(sender - cumulated_.begin()) + 1;
    }

  private:
    std::vector<double> cumulated_;
};

struct Ratios {
    double cache = 0;
    double lru = 0;
};

// The share of repeat senders' requests that are answered from memory; `strangers` come once
// between two of them.
Ratios hit_ratios(std::size_t population, unsigned strangers) {
    constexpr int warm_up = 30'000;
    constexpr int measured = 30'000;
    std::mt19937_64 random(20261122);
    const RepeatSenders senders(population);
    Cache cache;
    LeastRecentlyUsed lru;
    Ratios hits;
    std::uint32_t stranger = 0x80000000;
    for (int i = 0; i < warm_up + measured; ++i) {
        const std::uint32_t sender = senders.next(random);
        const bool in_cache = cache.ask(sender);
        const bool in_lru = lru.ask(sender);
        if (i >= warm_up) {
            hits.cache += in_cache ? 1.0 / measured : 0;
            hits.lru += in_lru ? 1.0 / measured : 0;
        }
        for (unsigned n = 0; n < strangers; ++n) {
            cache.ask(stranger);
            lru.ask(stranger++);
        }
    }
    return hits;
}

TEST(CacheFlood, RepeatSendersAreKeptWhereLeastRecentlyUsedLosesThem) {
    const Ratios hits = hit_ratios(4 * entries, 10);
    // For the table of tools/bench, in a thousand.
    RecordProperty("hits_in_cache", static_cast<int>(std::lround(1000 * hits.cache)));
    RecordProperty("hits_in_lru", static_cast<int>(std::lround(1000 * hits.lru)));
    EXPECT_GT(hits.cache, 0.45);
    EXPECT_GT(hits.cache, 1.5 * hits.lru);
}

TEST(CacheFlood, SendersThatFitAreKeptAlmostAllOfThem) {
    const Ratios hits = hit_ratios(entries / 4, 10);
    EXPECT_GT(hits.cache, 0.95);
    EXPECT_GT(hits.cache, hits.lru);
}

TEST(CacheFlood, WithoutStrangersItIsNoWorseThanLeastRecentlyUsed) {
    const Ratios hits = hit_ratios(4 * entries, 0);
    EXPECT_GT(hits.cache, hits.lru);
}

}  // namespace
}  // namespace postern::cache
