// SPDX-License-Identifier: Apache-2.0
//
// What it costs to remember: a find that hits or misses, one by one and sixteen at a time, in a
// cache of a thousand to ten million addresses with the answers of six lists each; beside it a
// std::unordered_map with a list in order of use, as one would write it first, and the two reads
// that a hit consists of.
//
//      cache_bench --benchmark_filter='10000000'
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <array>
#include <cstring>
#include <list>
#include <memory>
#include <unordered_map>

#include "cache/listing_cache.h"
#include "cache/memory_map.h"
#include "cache/shared_word.h"
#include "policy/index/hash.h"

namespace postern {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t lists = 6;
constexpr std::size_t batch = 16;
constexpr TimePoint now{1000s};
constexpr Listing opinion{.state = Listing::State::listed, .stale = false, .code = 0x7F000002};

IpAddress address(std::uint64_t number) {
    return IpAddress::from_v4(static_cast<std::uint32_t>(number));
}

// The same addresses in the same order for both; no two runs after one another near each other.
class Numbers {
  public:
    explicit Numbers(std::size_t bound) : bound_(bound) {}
    std::uint64_t next() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return (state_ >> 32) * bound_ >> 32;
    }

  private:
    std::size_t bound_;
    std::uint64_t state_ = 20261122;
};

// Sets do not fill evenly: with a fifth more room than addresses hardly any gives way.
constexpr std::size_t room_for(std::size_t entries) { return entries + entries / 5; }

class Sets {
  public:
    explicit Sets(std::size_t entries)
        : cache_({.entries = room_for(entries), .lists = lists, .hash_seed = 7}) {
        for (std::uint64_t i = 0; i < entries; ++i) {
            for (ListIndex list = 0; list < lists; ++list) {
                cache_.put(address(i), {list, opinion, 1h}, now);
            }
        }
    }
    ListMask find(const IpAddress& client) { return cache_.find(client, now, said_, expected_); }
    void prefetch(std::span<const IpAddress> clients) { cache_.prefetch(clients, expected_); }
    double bytes_per_line() const {
        const cache::CacheStats stats = cache_.stats();
        return static_cast<double>(stats.bytes) / static_cast<double>(stats.lines);
    }

  private:
    cache::ListingCache cache_;
    cache::Said said_;
    cache::Expected expected_;
};

class MapInOrderOfUse {
  public:
    explicit MapInOrderOfUse(std::size_t entries) : entries_(entries) {
        const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        for (std::uint64_t i = 0; i < entries; ++i) put(address(i));
        bytes_ = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    }
    ListMask find(const IpAddress& client) {
        const auto place = places_.find(client);
        if (place == places_.end()) return 0;
        order_.splice(order_.begin(), order_, place->second);
        ListMask found = 0;
        for (std::size_t list = 0; list < lists; ++list) {
            const cache::Cell& cell = place->second->cells[list];
            if (!cell.is_good(cache::to_tick(now))) continue;
            evidence_.listings[list] = cell.listing();
            found |= mask_of(static_cast<ListIndex>(list));
        }
        return found;
    }
    double bytes_per_line() const {
        return static_cast<double>(bytes_) / static_cast<double>(entries_);
    }

  private:
    struct Line {
        IpAddress address;
        std::array<cache::Cell, lists> cells;
    };
    struct Hash {
        std::size_t operator()(const IpAddress& client) const {
            return policy::hash_of(client.bytes().data(), client.bytes().size(), 7);
        }
    };

    void put(const IpAddress& client) {
        Line line{.address = client, .cells = {}};
        const cache::Tick tick = cache::to_tick(now);
        line.cells.fill(cache::Cell::of_opinion(opinion, tick, tick + cache::ticks_in(1h)));
        order_.push_front(line);
        places_[client] = order_.begin();
    }

    std::size_t entries_;
    std::size_t bytes_ = 0;
    Evidence evidence_;
    std::list<Line> order_;
    std::unordered_map<IpAddress, std::list<Line>::iterator, Hash> places_;
};

// The last one made is kept: a benchmark runs several times to find its number of iterations.
template <class Cache>
Cache& filled(std::size_t entries) {
    static std::unique_ptr<Cache> cache;
    static std::size_t size = 0;
    if (size != entries) {
        cache.reset();
        cache = std::make_unique<Cache>(entries);
        size = entries;
    }
    return *cache;
}

template <class Cache>
void find_one(benchmark::State& state, std::uint64_t first) {
    const auto entries = static_cast<std::size_t>(state.range(0));
    auto& cache = filled<Cache>(entries);
    Numbers numbers(entries);
    for (auto _ : state) {
        benchmark::DoNotOptimize(cache.find(address(first + numbers.next())));
    }
    state.counters["bytes/address"] = cache.bytes_per_line();
}

template <class Cache>
void hit(benchmark::State& state) {
    find_one<Cache>(state, 0);
}

template <class Cache>
void miss(benchmark::State& state) {
    find_one<Cache>(state, 0x8000'0000);
}

// Time is that of one address.
void hit_in_batches(benchmark::State& state) {
    const auto entries = static_cast<std::size_t>(state.range(0));
    auto& cache = filled<Sets>(entries);
    Numbers numbers(entries);
    std::array<IpAddress, batch> clients;
    while (state.KeepRunningBatch(batch)) {
        for (IpAddress& client : clients) client = address(numbers.next());
        cache.prefetch(clients);
        for (const IpAddress& client : clients) {
            benchmark::DoNotOptimize(cache.find(client));
        }
    }
}

// What a hit cannot do without, alone: a read of a head, and one of a line of which only the head
// tells, in as much memory as so many addresses take.  One pair after the other: between two hits
// lies more work than a processor looks ahead.
void head_then_line(benchmark::State& state) {
    constexpr std::size_t line = 64;
    constexpr std::size_t set = (1 + cache::ways) * line;
    const std::size_t sets = room_for(static_cast<std::size_t>(state.range(0))) / cache::ways;
    const cache::MemoryMap memory(sets * set);
    std::memset(memory.data(), 0, memory.bytes());
    const auto read = [](const std::byte* at) {
        return cache::load(*reinterpret_cast<const std::uint64_t*>(at));
    };
    Numbers numbers(sets);
    std::uint64_t found = 0;  // always, but the processor has to look
    for (auto _ : state) {
        const std::uint64_t number = numbers.next();
        const std::byte* const head = memory.data() + (number + found) * set;
        found = read(head + (1 + number % cache::ways + read(head)) * line);
    }
    benchmark::DoNotOptimize(found);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
    for (const int entries : {1'000, 10'000, 100'000, 1'000'000, 10'000'000}) {
        benchmark->Arg(entries);
    }
}

BENCHMARK(hit<Sets>)->Apply(sizes);
BENCHMARK(hit_in_batches)->Apply(sizes);
BENCHMARK(head_then_line)->Apply(sizes);
BENCHMARK(miss<Sets>)->Apply(sizes);
BENCHMARK(hit<MapInOrderOfUse>)->Apply(sizes);
BENCHMARK(miss<MapInOrderOfUse>)->Apply(sizes);

}  // namespace
}  // namespace postern
