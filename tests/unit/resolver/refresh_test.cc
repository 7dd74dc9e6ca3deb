// SPDX-License-Identifier: Apache-2.0
//
// Opinions that are wanted often are asked for again before they expire.
#include <gtest/gtest.h>

#include "tests/unit/resolver/pipeline_fixture.h"

namespace postern {
namespace {

class RefreshAheadTest : public PipelineTest {
  protected:
    void SetUp() override {
        start("block_list_hits = 1");
        lists_say([this](std::size_t, const SeenQuery& query) { return says(query); });
        says = [](const SeenQuery& query) { return clear(query, 20ms); };
    }
    // A sender that comes every few seconds, until shortly before its 300 s are over.
    void be_warm() {
        ask("5.9.1.2");
        advance(1s);
        for (int i = 0; i < 9; ++i) {
            ask("5.9.1.2");
            advance(5s);
        }
        advance(240s);
        servers.take_seen();
        replies.log.clear();
    }

    std::function<std::optional<ScriptedServers::Answer>(const SeenQuery&)> says;
};

TEST_F(RefreshAheadTest, AWarmSenderNeverWaits) {
    be_warm();
    ask("5.9.1.2");
    EXPECT_EQ(replies.log.size(), 1U) << "at once";
    advance(1s);
    EXPECT_EQ(servers.take_seen().size(), list_count);
    EXPECT_EQ(pipeline->stats().refreshes, 1U);

    advance(60s);  // beyond the first answer's time
    ask("5.9.1.2");
    EXPECT_EQ(replies.log.size(), 2U);
    advance(1s);
    EXPECT_TRUE(servers.seen().empty());
}

TEST_F(RefreshAheadTest, HoweverManyAskOneQueryPerListGoesOut) {
    be_warm();
    for (std::uint64_t tag = 0; tag < 100; ++tag) {
        ask("5.9.1.2", tag);
        if (tag % 20 == 0) advance(1ms);
    }
    advance(1s);
    EXPECT_EQ(replies.log.size(), 100U);
    EXPECT_EQ(servers.seen().size(), list_count);
}

TEST_F(RefreshAheadTest, WhoCameOnceIsNotAskedAboutAgain) {
    ask("5.9.1.2");
    advance(290s);
    servers.take_seen();
    ask("5.9.1.2");
    advance(1s);
    EXPECT_TRUE(servers.seen().empty());
}

TEST_F(RefreshAheadTest, ARefreshThatFailsCostsNothing) {
    be_warm();
    says = [](const SeenQuery&) { return std::nullopt; };
    ask("5.9.1.2", 1);
    advance(3s);
    EXPECT_EQ(servers.take_seen().size(), list_count) << "asked once, never again";
    ask("5.9.1.2", 2);
    advance(1ms);
    ASSERT_EQ(replies.log.size(), 2U);
    EXPECT_EQ(replies.log[1].states[0], State::clear) << "until its time is over";
    EXPECT_TRUE(servers.seen().empty()) << "and nobody is asked for each request";
    EXPECT_EQ(pipeline->waiting(), 0U);
}

TEST_F(RefreshAheadTest, WhoComesAfterTheOldOpinionHasExpiredWaitsForTheRefresh) {
    be_warm();
    says = [](const SeenQuery& query) { return listed(query, 300ms); };
    advance(13900ms);  // 300 s are nearly over
    ask("5.9.1.2", 1);
    advance(200ms);
    ask("5.9.1.2", 2);
    advance(1s);
    ASSERT_EQ(replies.log.size(), 2U);
    EXPECT_EQ(replies.log[0].action, Action::accept);
    EXPECT_EQ(replies.log[1].action, Action::reject);
    EXPECT_EQ(servers.seen().size(), list_count);
}

TEST_F(RefreshAheadTest, ListsThatNoPolicyWantsAreNotRefreshed) {
    be_warm();
    pipeline->set_policies(policies_with("block_lists = false"));
    ask("5.9.1.2");
    advance(1s);
    EXPECT_TRUE(servers.seen().empty());
}

}  // namespace
}  // namespace postern
