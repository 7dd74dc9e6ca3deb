// SPDX-License-Identifier: Apache-2.0
//
// What a list said before it could no longer be reached: listed for an hour, clear for six.
#include <gtest/gtest.h>

#include "tests/unit/health/health_monitor_fixture.h"

namespace postern::health {
namespace {

constexpr std::size_t list = 2;
const IpAddress spammer = IpAddress::from_v4(0x05090A0B);
const IpAddress sender = IpAddress::from_v4(0x0509141E);

bool is_about(const SeenQuery& query, const IpAddress& client) {
    const std::uint32_t v4 = client.v4();
    return query.name().starts_with(std::to_string(v4 & 0xFF) + "." +
                                    std::to_string(v4 >> 8 & 0xFF) + ".");
}
Answer lists_the_spammer(const SeenQuery& query) {
    return is_about(query, spammer) ? listed(query) : honest(query);
}
// Silent to requests, though it passes every self-test.
Answer silent_to_requests(const SeenQuery& query) {
    return query.name().find(".9.5.") == std::string::npos ? honest(query) : silent(query);
}

class StaleTest : public HealthMonitorTest {
  protected:
    void SetUp() override {
        HealthMonitorTest::SetUp();
        behaviours[list] = lists_the_spammer;
        start_healthy();
        ASSERT_EQ(ask_about(spammer).action, Action::reject);
        ASSERT_EQ(ask_about(sender).action, Action::accept);
    }
    Listing said_of(const IpAddress& client) { return ask_about(client).evidence.listings[list]; }
    // Both opinions expire after five minutes.
    void fail_for(Duration duration, Behaviour behaviour) {
        behaviours[list] = behaviour;
        run_for(duration);
    }
};

TEST_F(StaleTest, WhileAListIsOpenWhatItSaidStandsInAndIsMarked) {
    fail_for(301s, silent);
    ASSERT_EQ(state(list), State::open);
    const TimePoint asked = loop.now();
    const Reply reply = ask_about(spammer);
    EXPECT_EQ(reply.action, Action::reject);
    EXPECT_TRUE(reply.evidence.listings[list].stale);
    EXPECT_EQ(reply.evidence.listings[list].code, 0x7F000002U);
    EXPECT_TRUE(reply.degraded);
    EXPECT_LE(loop.now() - asked, 2ms);
    EXPECT_EQ(said_of(sender), (Listing{.state = Listing::State::clear, .stale = true}));
}

TEST_F(StaleTest, OneQuestionThatFailsIsEnough) {
    for (const Behaviour failure :
         {Behaviour{silent_to_requests}, Behaviour{[](const SeenQuery& query) {
              return query.name().find(".9.5.") == std::string::npos ? honest(query)
                                                                     : servfail(query);
          }}}) {
        fail_for(301s, failure);
        ASSERT_EQ(state(list), State::healthy);
        for (int again = 0; again < 2; ++again) {
            EXPECT_TRUE(said_of(spammer).stale) << "also while the failure is remembered";
        }
    }
}

TEST_F(StaleTest, WhoCannotWaitForTheFailureGetsTheStaleOpinionToo) {
    fail_for(301s, silent_to_requests);
    pipeline->set_deadline(100ms);
    EXPECT_TRUE(said_of(spammer).stale);
}

TEST_F(StaleTest, ListedStandsInForAnHourAndClearForSix) {
    fail_for(300s + 59min, silent);
    EXPECT_EQ(said_of(spammer).state, Listing::State::listed);
    run_for(2min);
    EXPECT_EQ(ask_about(spammer).action, Action::accept);
    EXPECT_EQ(said_of(spammer).state, Listing::State::timeout);
    EXPECT_EQ(said_of(sender).state, Listing::State::clear);
    run_for(4h + 58min);
    EXPECT_EQ(said_of(sender).state, Listing::State::clear);
    run_for(2min);
    EXPECT_EQ(said_of(sender).state, Listing::State::timeout);
}

TEST_F(StaleTest, AnOpinionThatIsStillGoodIsNotStaleBecauseItsListIsUnreachable) {
    fail_for(200s, silent);
    ASSERT_EQ(state(list), State::open);
    const Reply reply = ask_about(spammer);
    EXPECT_EQ(reply.action, Action::reject);
    EXPECT_FALSE(reply.evidence.listings[list].stale);
    EXPECT_FALSE(reply.degraded);
}

TEST_F(StaleTest, NothingStandsInForAListThatRefusesUs) {
    fail_for(301s, refuses);
    const Reply reply = ask_about(spammer);
    EXPECT_EQ(reply.action, Action::accept);
    EXPECT_EQ(reply.evidence.listings[list].state, Listing::State::refused);
}

TEST_F(StaleTest, NothingStandsInForAListThatLies) {
    fail_for(301s, listed);
    ASSERT_EQ(state(list), State::suspended);
    EXPECT_EQ(ask_about(spammer).action, Action::accept);
    fail_for(10min, silent);
    EXPECT_EQ(ask_about(spammer).action, Action::accept) << "nor when it dies afterwards";
}

TEST_F(StaleTest, NothingStandsInForAnAnswerThatNoListGives) {
    fail_for(301s, [](const SeenQuery& query) {
        return query.name().find(".9.5.") == std::string::npos ? honest(query) : parked(query);
    });
    ASSERT_EQ(state(list), State::healthy);
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(said_of(spammer), (Listing{.state = Listing::State::error}));
    }
}

TEST_F(StaleTest, AListThatIsBackSpeaksForItself) {
    fail_for(301s, silent);
    ASSERT_TRUE(said_of(spammer).stale);
    fail_for(5s, honest);
    ASSERT_EQ(state(list), State::healthy);
    EXPECT_EQ(said_of(spammer), (Listing{.state = Listing::State::clear}));
}

}  // namespace
}  // namespace postern::health
