// SPDX-License-Identifier: Apache-2.0
//
// Networks and lists that are bad rather than dead: every request is answered in time, with what
// the other lists say.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/health/health_monitor_fixture.h"

namespace postern::health {
namespace {

// Every third address is on list 1, every fifth on list 3.
bool is_on(std::size_t list, std::uint32_t client) {
    return (list == 1 && client % 3 == 0) || (list == 3 && client % 5 == 0);
}

class FaultTableTest : public HealthMonitorTest {
  protected:
    void SetUp() override {
        HealthMonitorTest::SetUp();
        servers.answer_with([this](const SeenQuery& query) -> Answer {
            const auto list =
                static_cast<std::size_t>(query.name()[query.name().find(".l") + 2] - '0');
            if (random() % 100 < loss_percent) return std::nullopt;
            Answer answer = behaviours[list](query);
            if (!answer) return answer;
            if (query.name().find(".9.5.l") != std::string::npos && answers_truly(list)) {
                answer = is_on(list, client_of(query)) ? listed(query) : clear(query);
            }
            answer->delay = delays[list];
            return answer;
        });
    }
    bool answers_truly(std::size_t list) const { return behaviours[list] == honest; }
    static std::uint32_t client_of(const SeenQuery& query) {
        const std::string name = query.name();
        const auto low = static_cast<std::uint32_t>(std::stoul(name));
        const auto high = static_cast<std::uint32_t>(std::stoul(name.substr(name.find('.') + 1)));
        return 0x05090000 + high * 256 + low;
    }

    // Asks about so many strangers, one every few milliseconds, and looks at each answer.
    struct Outcome {
        int wrong = 0;   // rejected without being listed
        int missed = 0;  // listed, but not rejected
        int listed = 0;
        int late = 0;  // after the deadline
        int degraded = 0;
    };
    Outcome ask_strangers(int count) {
        Outcome outcome;
        for (int i = 0; i < count; ++i) {
            const std::uint32_t client = 0x05090000 + next_client;
            const TimePoint asked = loop.now();
            const Reply reply = ask();
            const bool bad = is_on(1, client) || is_on(3, client);
            outcome.listed += bad;
            outcome.wrong += !bad && reply.action == Action::reject;
            outcome.missed += bad && reply.action != Action::reject;
            outcome.late += loop.now() - asked > 1s + 20ms;
            outcome.degraded += reply.degraded;
        }
        return outcome;
    }

    std::mt19937_64 random{20261122};
    unsigned loss_percent = 0;
    std::array<Duration, list_count> delays{};
};

TEST_F(FaultTableTest, UnderLossEveryAnswerIsInTimeAndTrue) {
    start_healthy();
    const struct {
        unsigned percent;
        double missed_max;  // of those listed
    } cases[] = {{1, 0.02}, {5, 0.05}, {10, 0.15}, {30, 0.50}};
    for (const auto& c : cases) {
        loss_percent = c.percent;
        const Outcome outcome = ask_strangers(300);
        EXPECT_EQ(outcome.wrong, 0) << c.percent;
        EXPECT_EQ(outcome.late, 0) << c.percent;
        EXPECT_LE(outcome.missed, c.missed_max * outcome.listed) << c.percent << " % lost";
    }
    std::uint64_t retries = 0;
    std::uint64_t queries = 0;
    for (ListIndex list = 0; list < list_count; ++list) {
        retries += source->stats(list).retries;
        queries += source->stats(list).queries;
    }
    EXPECT_LE(retries, (queries - retries) / 10 + list_count * dns::RetryBudget::reserve);
}

TEST_F(FaultTableTest, AListThatTakesTwoSecondsDelaysNobodyForLongAndTheOthersCount) {
    start_healthy();
    delays[4] = 2s;
    const Outcome outcome = ask_strangers(200);
    EXPECT_EQ(outcome.wrong, 0);
    EXPECT_EQ(outcome.missed, 0);
    EXPECT_EQ(outcome.late, 0);
    EXPECT_EQ(state(4), State::open) << "nobody waits for it any more";
    const TimePoint asked = loop.now();
    ask_strangers(10);
    EXPECT_LE(loop.now() - asked, 100ms);
}

TEST_F(FaultTableTest, AListThatFailsInAnyWayLeavesTheOthersVotes) {
    start_healthy();
    for (const Behaviour failure : {silent, servfail, parked, refuses, listed}) {
        behaviours[0] = failure;
        const Outcome outcome = ask_strangers(150);
        EXPECT_EQ(outcome.missed, 0);
        EXPECT_EQ(outcome.late, 0);
        EXPECT_LE(outcome.wrong, failure == Behaviour{listed} ? 100 : 0);
        EXPECT_GE(outcome.degraded, 50);
        behaviours[0] = honest;
        run_for(5h);
        ASSERT_EQ(state(0), State::healthy);
    }
}

// P8: what is known is answered at once while every list is dead.
TEST_F(FaultTableTest, KnownSendersDoNotNoticeThatEveryListIsDead) {
    start_healthy();
    const IpAddress known = IpAddress::from_v4(0x05090000 + next_client);
    ask();
    all_lists(silent);
    run_for(200s);
    ASSERT_EQ(standings->voting(), 0);
    const TimePoint asked = loop.now();
    const Reply reply = ask_about(known);
    EXPECT_LE(loop.now() - asked, 2ms);
    EXPECT_EQ(reply.evidence.unknown(), 0);
}

TEST_F(FaultTableTest, StrangersAreAnsweredAtOnceWhenTheNameServerIsDead) {
    start_healthy();
    run_for(5s);
    all_lists(silent);
    ask_strangers(15);
    run_for(3s);
    const TimePoint asked = loop.now();
    EXPECT_EQ(ask_strangers(10).degraded, 10);
    EXPECT_LE(loop.now() - asked, 30ms);
    servers.take_seen();
    run_for(60s);
    EXPECT_LE(servers.seen().size(), 65U) << "one query a second looks whether it is back";
}

}  // namespace
}  // namespace postern::health
