// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/timers.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace postern::io {

namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{100h};

class TimersTest : public testing::Test {
  protected:
    struct Alarm {
        TimersTest* test = nullptr;
        int name = 0;
        std::function<void()> act;
        Timer timer{&TimersTest::ring, this};
    };

    TimersTest() { timers.advance(start); }

    std::unique_ptr<Alarm> alarm(int name) {
        auto made = std::make_unique<Alarm>();
        made->test = this;
        made->name = name;
        return made;
    }

    static void ring(void* context) {
        Alarm& alarm = *static_cast<Alarm*>(context);
        alarm.test->fired.push_back(alarm.name);
        if (alarm.act) alarm.act();
    }

    Timers timers;
    std::vector<int> fired;
};

TEST_F(TimersTest, ATimerFiresAtItsDeadlineAndNotBefore) {
    const auto a = alarm(1);
    timers.arm(a->timer, start + 2000ms);
    EXPECT_TRUE(a->timer.armed());
    timers.advance(start + 2000ms - 1ns);
    EXPECT_TRUE(fired.empty());
    timers.advance(start + 2000ms);
    EXPECT_EQ(fired, std::vector{1});
    EXPECT_FALSE(a->timer.armed());
    timers.advance(start + 1h);
    EXPECT_EQ(fired.size(), 1U);
}

TEST_F(TimersTest, ADeadlineWithinATickIsRoundedUp) {
    const auto a = alarm(1);
    timers.arm(a->timer, start + 1ns);
    EXPECT_EQ(timers.next_deadline(), start + 1ms);
    timers.advance(start + 1ms - 1ns);
    EXPECT_TRUE(fired.empty());
    timers.advance(start + 1ms);
    EXPECT_EQ(fired, std::vector{1});
}

TEST_F(TimersTest, AnOverdueTimerFiresWithTheNextTick) {
    const auto a = alarm(1);
    timers.arm(a->timer, start - 1h);
    EXPECT_EQ(timers.next_deadline(), start + 1ms);
    timers.advance(start + 1ms);
    EXPECT_EQ(fired, std::vector{1});
}

TEST_F(TimersTest, TimersOfOneTickFireInTheOrderOfArming) {
    const auto a = alarm(1);
    const auto b = alarm(2);
    const auto c = alarm(3);
    timers.arm(a->timer, start + 500ms);
    timers.arm(b->timer, start + 500ms);
    timers.advance(start + 490ms);
    timers.arm(c->timer, start + 500ms);
    timers.arm(a->timer, start + 500ms);  // again: goes to the end
    timers.advance(start + 500ms);
    EXPECT_EQ(fired, (std::vector{2, 3, 1}));
}

TEST_F(TimersTest, ACancelledOrDestroyedTimerDoesNotFire) {
    const auto a = alarm(1);
    auto b = alarm(2);
    timers.arm(a->timer, start + 5ms);
    timers.arm(b->timer, start + 5ms);
    a->timer.cancel();
    a->timer.cancel();
    b.reset();
    EXPECT_EQ(timers.next_deadline(), std::nullopt);
    timers.advance(start + 1s);
    EXPECT_TRUE(fired.empty());
}

TEST_F(TimersTest, AFiringTimerMayCancelDestroyAndArmOthers) {
    const auto a = alarm(1);
    const auto b = alarm(2);
    auto c = alarm(3);
    const auto d = alarm(4);
    for (Alarm* each : {a.get(), b.get(), c.get()}) timers.arm(each->timer, start + 5ms);
    a->act = [&] {
        b->timer.cancel();
        c.reset();
        timers.arm(d->timer, start + 6ms);
    };
    timers.advance(start + 5ms);
    EXPECT_EQ(fired, std::vector{1});
    timers.advance(start + 6ms);
    EXPECT_EQ(fired, (std::vector{1, 4}));
}

TEST_F(TimersTest, AJumpOfYearsFiresEachTimerOnce) {
    const auto periodic = alarm(1);
    TimePoint next = start + 1ms;
    periodic->act = [&] { timers.arm(periodic->timer, next += 1ms); };
    timers.arm(periodic->timer, next);
    const auto other = alarm(2);
    timers.arm(other->timer, start + 24h);

    timers.advance(start + 24h * 365 * 40);
    EXPECT_EQ(fired, (std::vector{1, 2}));
    timers.advance(start + 24h * 365 * 40 + 1ms);
    EXPECT_EQ(fired, (std::vector{1, 2, 1}));
}

TEST_F(TimersTest, AClockThatGoesBackFiresNothing) {
    const auto a = alarm(1);
    timers.arm(a->timer, start + 5ms);
    timers.advance(start - 1h);
    EXPECT_TRUE(fired.empty());
    timers.advance(start + 5ms);
    EXPECT_EQ(fired, std::vector{1});
}

TEST_F(TimersTest, TheFarthestDeadlineIsHeld) {
    const auto a = alarm(1);
    timers.arm(a->timer, TimePoint::max());
    timers.advance(TimePoint::max() - 1s);
    EXPECT_TRUE(fired.empty());
    a->timer.cancel();
    EXPECT_EQ(timers.next_deadline(), std::nullopt);
}

TEST_F(TimersTest, TimersThatOutliveTheWheelAreDisarmed) {
    const auto a = alarm(1);
    {
        Timers short_lived;
        short_lived.arm(a->timer, start + 1s);
    }
    EXPECT_FALSE(a->timer.armed());
}

// The wheel against a sorted map that holds (tick, order of arming): same timers, same order, and
// the hint never lies on the late side.
TEST_F(TimersTest, FiresLikeASortedListInRandomUse) {
    std::mt19937_64 random(20260115);
    std::vector<std::unique_ptr<Alarm>> alarms;
    for (int i = 0; i < 200; ++i) alarms.push_back(alarm(i));
    std::map<std::pair<std::int64_t, std::uint64_t>, int> model;
    std::map<int, std::pair<std::int64_t, std::uint64_t>> keys;
    std::uint64_t order = 0;
    TimePoint now = start;

    const auto forget = [&](int name) {
        const auto key = keys.find(name);
        if (key == keys.end()) return;
        model.erase(key->second);
        keys.erase(key);
    };
    const auto arm = [&](int name) {
        const auto magnitude = random() % 40;
        const Duration delay(
            static_cast<std::int64_t>(random() % (std::uint64_t{1} << (10 + magnitude))));
        forget(name);
        timers.arm(alarms[static_cast<std::size_t>(name)]->timer, now + delay);
        const auto due =
            std::chrono::ceil<std::chrono::milliseconds>((now + delay).time_since_epoch());
        const auto soonest =
            std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()) + 1ms;
        const auto key = std::pair(std::max(due, soonest).count(), order++);
        model.emplace(key, name);
        keys.emplace(name, key);
    };
    for (int step = 0; step < 20'000; ++step) {
        const int name = static_cast<int>(random() % alarms.size());
        switch (random() % 4) {
            case 0:
            case 1:
                arm(name);
                break;
            case 2:
                alarms[static_cast<std::size_t>(name)]->timer.cancel();
                forget(name);
                break;
            default:
                now += Duration(
                    static_cast<std::int64_t>(random() % (std::uint64_t{1} << (random() % 42))));
                std::vector<int> expected;
                const auto tick =
                    std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
                while (!model.empty() && model.begin()->first.first <= tick.count()) {
                    expected.push_back(model.begin()->second);
                    forget(expected.back());
                }
                fired.clear();
                timers.advance(now);
                ASSERT_EQ(fired, expected) << "step " << step;
        }
        const auto hint = timers.next_deadline();
        ASSERT_EQ(hint.has_value(), !model.empty());
        if (hint) {
            ASSERT_LE(*hint, TimePoint(std::chrono::milliseconds(model.begin()->first.first)));
        }
    }
}

}  // namespace

}  // namespace postern::io
