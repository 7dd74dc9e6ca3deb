// SPDX-License-Identifier: Apache-2.0
#include "resolver/belief.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using State = Listing::State;

// One list, in whatever favour the test says.
class OneList final : public dns::ListSource {
  public:
    void deliver_to(dns::ListAnswers&) override {}
    bool ask(const dns::ListQuestion&, dns::Ticket) override { return false; }
    ListMask voting() const override { return believed ? 1 : 0; }
    Listing::State state_without_vote(ListIndex) const override { return otherwise; }

    bool believed = true;
    State otherwise = State::suspended;
};

constexpr Listing fresh_clear{.state = State::clear};
constexpr Listing fresh_listed{.state = State::listed, .stale = false, .code = 0x7F000002};
constexpr Listing stale_clear{.state = State::clear, .stale = true};
constexpr Listing stale_listed{.state = State::listed, .stale = true, .code = 0x7F000002};
constexpr Listing pending{.state = State::pending};
constexpr Listing timeout{.state = State::timeout};
constexpr Listing error{.state = State::error};
constexpr Listing refused{.state = State::refused};
constexpr Listing suspended{.state = State::suspended};
constexpr Listing not_applicable{};

TEST(BeliefTest, WhatCountsOfWhatAListHasSaid) {
    const struct {
        const char* what;
        bool is_believed;
        State otherwise;
        Listing said, stale, counts;
    } cases[] = {
        // clang-format off
        {"an opinion",                      true,  {}, fresh_listed, {},           fresh_listed},
        {"an opinion, beside an old one",   true,  {}, fresh_clear,  stale_listed, fresh_clear},
        {"no answer yet",                   true,  {}, pending,      stale_listed, pending},
        {"silence",                         true,  {}, timeout,      {},           timeout},
        {"silence, once listed",            true,  {}, timeout,      stale_listed, stale_listed},
        {"failure, once clear",             true,  {}, error,        stale_clear,  stale_clear},
        {"a refusal, once listed",          true,  {}, refused,      stale_listed, refused},
        {"no data for the family",          true,  {}, not_applicable, {},         not_applicable},
        {"unreachable, not asked",          false, State::timeout,   pending,      {},
                                                                                   timeout},
        {"unreachable, still good",         false, State::timeout,   fresh_listed, {},
                                                                                   fresh_listed},
        {"unreachable, failed",             false, State::timeout,   error,        {},
                                                                                   timeout},
        {"unreachable, once listed",        false, State::timeout,   pending,      stale_listed,
                                                                                   stale_listed},
        {"unreachable, once clear",         false, State::timeout,   timeout,      stale_clear,
                                                                                   stale_clear},
        {"suspended, still good",           false, State::suspended, fresh_listed, {},
                                                                                   suspended},
        {"suspended, once listed",          false, State::suspended, timeout,      stale_listed,
                                                                                   suspended},
        {"refused, once listed",            false, State::refused,   pending,      stale_listed,
                                                                                   refused},
        {"suspended, not applicable",       false, State::suspended, not_applicable, {},
                                                                                   not_applicable},
        // clang-format on
    };
    for (const auto& c : cases) {
        OneList source;
        source.believed = c.is_believed;
        source.otherwise = c.otherwise;
        Evidence said, stale;
        said.listings[0] = c.said;
        stale.listings[0] = c.stale;
        EXPECT_EQ(believed(said, stale, 1, source).listings[0], c.counts) << c.what;
    }
}

}  // namespace
}  // namespace postern
