// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/window.h"

#include <gtest/gtest.h>

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint t0{1000s};

void answer(Window& window, unsigned times) {
    for (unsigned i = 0; i < times; ++i) {
        window.on_sent();
        window.on_reply();
    }
}

TEST(WindowTest, GrowsWithEachAnswerUpToItsMaximum) {
    Window window;
    const unsigned before = window.size();
    answer(window, 10);
    EXPECT_EQ(window.size(), before + 10);
    answer(window, 1000);
    EXPECT_EQ(window.size(), 128U);
}

TEST(WindowTest, AfterALossGrowsByOnePerWindowOfAnswers) {
    Window window;
    window.on_sent();
    window.on_loss(t0, 400ms);
    const unsigned half = window.size();
    answer(window, half + 1);
    EXPECT_EQ(window.size(), half + 1);
    answer(window, 100'000);
    EXPECT_EQ(window.size(), 128U);
}

TEST(WindowTest, AServerThatIsBackSoonHasHalfOfWhatItHadAndTheRestSlowly) {
    Window window;
    window.on_down();
    EXPECT_EQ(window.size(), 8U);
    answer(window, 24);
    EXPECT_EQ(window.size(), 32U);
    answer(window, 33);
    EXPECT_EQ(window.size(), 33U);
}

TEST(WindowTest, SeveralToOneServerShareWhatOneMayHave) {
    for (const unsigned windows : {1U, 2U, 5U, 16U, 64U}) {
        Window window(windows);
        EXPECT_LE(window.size() * windows, 64U);
        for (int i = 0; i < 100'000; ++i) {
            window.on_sent();
            window.on_reply();
        }
        EXPECT_LE(window.size() * windows, 128U);
        EXPECT_GE(window.size() * windows, 120U);
        window.on_down();
        EXPECT_LE(window.size(), 8U);
        EXPECT_GE(window.size(), 1U);
    }
}

TEST(WindowTest, HalvesOncePerBurstOfLossesDownToItsMinimum) {
    Window window;
    const unsigned before = window.size();
    for (int i = 0; i < 10; ++i) window.on_sent();
    for (int i = 0; i < 5; ++i) window.on_loss(t0, 400ms);
    EXPECT_EQ(window.size(), before / 2);
    window.on_loss(t0 + 400ms - 1ns, 400ms);
    EXPECT_EQ(window.size(), before / 2);
    window.on_loss(t0 + 400ms, 400ms);
    EXPECT_EQ(window.size(), before / 4);
    for (int i = 0; i < 100; ++i) {
        window.on_sent();
        window.on_loss(t0 + 1s * (i + 1), 400ms);
    }
    EXPECT_EQ(window.size(), 8U);
}

TEST(WindowTest, IsFullWhenAsMuchIsInFlight) {
    Window window;
    while (window.has_room()) window.on_sent();
    EXPECT_EQ(window.in_flight(), window.size());
    window.on_silence();
    EXPECT_TRUE(window.has_room());
}

}  // namespace
}  // namespace postern::dns
