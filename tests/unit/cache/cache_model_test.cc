// SPDX-License-Identifier: Apache-2.0
//
// Random operations on the cache and on a map without limits that does the same in the plainest
// way.  Where the cache has room for everything, both say the same; where it has not, the cache may
// know less, never something else.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <vector>

#include "cache/listing_cache.h"

namespace postern::cache {
namespace {

using namespace std::chrono_literals;

// What the cache rounds away of the moment at which an opinion beneath a failure expired.  All else
// it rounds to whole ticks, in which time passes here.
constexpr Duration stale_rounding = 13min;

class Model {
  public:
    struct Entry {
        Listing opinion;
        TimePoint expires{};
        Listing failure;
        TimePoint failed_until{};
        unsigned failures = 0;
    };

    void put(int address, const Answer& answer, TimePoint now) {
        Entry& entry = entries_[{address, answer.list}];
        if (is_unknown(answer.listing.state)) return fail(entry, answer.listing, now);
        entry = {.opinion = answer.listing, .expires = now + answer.ttl};
    }
    static void fail(Entry& entry, const Listing& listing, TimePoint now) {
        if (is_opinion(entry) && now < entry.expires) return;
        if (listing.state == Listing::State::refused) entry.opinion = {};
        entry.failure = listing;
        ++entry.failures;
        Duration ttl = 5s;
        for (unsigned i = 1; i < entry.failures && ttl < 60s; ++i)
            ttl = std::min<Duration>(2 * ttl, 60s);
        entry.failed_until = now + ttl;
    }
    void lose(int address, ListIndex list) { entries_.erase({address, list}); }
    void forget(int address) {
        entries_.erase(entries_.lower_bound({address, 0}), entries_.lower_bound({address + 1, 0}));
    }
    void forget_lists(ListMask lists) {
        std::erase_if(entries_, [lists](const auto& entry) {
            return (lists & mask_of(entry.first.second)) != 0;
        });
    }
    const Entry* find(int address, ListIndex list) const {
        const auto entry = entries_.find({address, list});
        return entry == entries_.end() ? nullptr : &entry->second;
    }
    static bool is_opinion(const Entry& entry) {
        return entry.opinion.state != Listing::State::not_applicable;
    }

  private:
    std::map<std::pair<int, ListIndex>, Entry> entries_;
};

struct Shape {
    std::size_t entries;
    std::size_t lists;
    int addresses;
    bool has_room;  // for all addresses in each set, as the hash has it
};

class CacheModelTest : public testing::TestWithParam<Shape> {
  protected:
    static IpAddress address(int number) {
        IpAddress::Bytes bytes{0x20, 0x01, 0x0d, 0xb8};
        bytes[8] = static_cast<std::uint8_t>(number >> 8);
        bytes[15] = static_cast<std::uint8_t>(number);
        return number % 2 == 0 ? IpAddress(bytes)
                               : IpAddress::from_v4(static_cast<std::uint32_t>(number));
    }

    Listing any_opinion() {
        if (random() % 2 == 0) return {.state = Listing::State::clear};
        return {.state = Listing::State::listed,
                .stale = false,
                .code = 0x7F000001U + static_cast<std::uint32_t>(random() % 0xFFFFFF)};
    }
    Listing any_failure() {
        switch (random() % 3) {
            case 0:
                return {.state = Listing::State::timeout};
            case 1:
                return {.state = Listing::State::error};
            default:
                return {.state = Listing::State::refused, .stale = false, .code = 0x7FFFFFFE};
        }
    }

    Answer any_answer(ListIndex list) {
        if (random() % 2 == 0) return {list, any_failure()};
        return {list, any_opinion(), std::chrono::seconds{1 + random() % 5000}};
    }

    // A cache without room has pushed something out: from here on the model does not know it
    // either.
    void lose_what_the_cache_has_lost(int number, ListIndex list) {
        if (GetParam().has_room) return;
        Evidence stale;
        cache.find(address(number), now, said);
        const ListMask stale_lists = cache.find_stale(address(number), now, stale);
        if (((said.good() | stale_lists) & mask_of(list)) == 0) model.lose(number, list);
    }

    // Answers of one list or, one time in four, of several, which the cache may have expected.
    void put(int number, ListIndex list) {
        std::vector<Answer> answers{any_answer(list)};
        const bool several = random() % 4 == 0;
        for (ListIndex other = 0; several && other < GetParam().lists; ++other) {
            if (other != list) answers.push_back(any_answer(other));
        }
        for (const Answer& answer : answers) {
            if (is_unknown(answer.listing.state)) lose_what_the_cache_has_lost(number, answer.list);
            model.put(number, answer, now);
        }
        const std::array one = {address(number)};
        if (random() % 2 == 0) cache.prefetch(one, announced);
        cache.put(address(number), answers, now, announced);
    }

    void change_something() {
        const int number = static_cast<int>(random() % static_cast<unsigned>(GetParam().addresses));
        const auto list = static_cast<ListIndex>(random() % GetParam().lists);
        const std::uint64_t dice = random() % 1000;
        if (dice < 970) {
            put(number, list);
        } else if (dice < 990) {
            cache.forget(address(number));
            model.forget(number);
        } else {
            const auto lists = static_cast<ListMask>(random() & random());
            cache.forget_lists(lists);
            model.forget_lists(lists);
        }
    }

    void compare(int number) {
        Evidence stale;
        cache.find(address(number), now, said);
        const ListMask stale_lists = cache.find_stale(address(number), now, stale);
        for (ListIndex list = 0; list < GetParam().lists; ++list) {
            const bool is_good = (said.good() & mask_of(list)) != 0;
            const bool is_stale = (stale_lists & mask_of(list)) != 0;
            const Model::Entry* const entry = model.find(number, list);
            if (entry == nullptr) {
                ASSERT_FALSE(is_good || is_stale);
            } else {
                compare_good(*entry, is_good, said.evidence().listings[list]);
                compare_stale(*entry, is_stale, stale.listings[list]);
            }
        }
    }

    void compare_good(const Model::Entry& entry, bool is_good, const Listing& told) {
        const bool has_opinion = Model::is_opinion(entry) && now < entry.expires;
        const TimePoint until = has_opinion ? entry.expires : entry.failed_until;
        if (is_good) {
            ++good;
            ASSERT_EQ(told, has_opinion ? entry.opinion : entry.failure);
            // How many failures came before is forgotten with a line that was pushed out.
            ASSERT_TRUE(now < until || !(has_opinion || GetParam().has_room));
        } else if (GetParam().has_room) {
            ASSERT_GE(now, until);
        }
    }

    void compare_stale(const Model::Entry& entry, bool is_stale, const Listing& told) {
        const bool is_listed = entry.opinion.state == Listing::State::listed;
        const Duration limit = is_listed ? Duration{1h} : Duration{6h};
        if (is_stale) {
            ++stale_ones;
            Listing expected = entry.opinion;
            expected.stale = true;
            ASSERT_EQ(told, expected);
            ASSERT_GE(now, entry.expires);
            ASSERT_LT(now, entry.expires + limit);
        } else if (GetParam().has_room && Model::is_opinion(entry) && now >= entry.expires) {
            ASSERT_GE(now + stale_rounding, entry.expires + limit);
        }
    }

    Said said;
    Expected announced;
    ListingCache cache{{.entries = GetParam().entries, .lists = GetParam().lists, .hash_seed = 7}};
    Model model;
    TimePoint now{1000s};
    std::mt19937_64::result_type seed = std::random_device{}();
    std::mt19937_64 random{seed};
    std::size_t good = 0;
    std::size_t stale_ones = 0;
};

TEST_P(CacheModelTest, SaysWhatTheModelSays) {
    RecordProperty("seed", std::to_string(seed));
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (int step = 0; step < 40'000 && !HasFatalFailure(); ++step) {
        now += static_cast<int>(random() % 40) * tick_length;
        change_something();
        compare(static_cast<int>(random() % static_cast<unsigned>(GetParam().addresses)));
    }
    EXPECT_GT(good, 500U);
    EXPECT_GT(stale_ones, 500U);
    EXPECT_LE(cache.stats().lines_used, cache.stats().lines);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CacheModelTest,
                         testing::Values(Shape{1024, 6, 50, true}, Shape{1024, 3, 50, true},
                                         Shape{1024, 9, 30, true}, Shape{1024, 16, 20, true},
                                         Shape{8, 6, 50, false}, Shape{32, 12, 100, false}));

}  // namespace
}  // namespace postern::cache
