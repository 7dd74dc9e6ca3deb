// SPDX-License-Identifier: Apache-2.0
//
// Several workers ask the same lists, and have one opinion of them: as many loops on clocks that
// stand still, one of which tests the lists.
#include <gtest/gtest.h>

#include <deque>

#include "resolver/health/health_monitor.h"
#include "resolver/io/virtual_loop.h"
#include "tests/unit/health/health_monitor_fixture.h"

namespace postern::health {
namespace {

constexpr ListIndex list = 1;

// The lists as one worker asks them: every question waits until the test has it answered.
class PatientSource final : public dns::ListSource {
  public:
    struct Asked {
        dns::ListQuestion question;
        dns::Ticket ticket;
    };

    void deliver_to(dns::ListAnswers& answers) override { answers_ = &answers; }
    bool ask(const dns::ListQuestion& question, dns::Ticket ticket) override {
        asked.push_back({question, ticket});
        return true;
    }
    void answer(const Asked& one, Listing::State state) {
        dns::ListAnswer answer{.listing = {.state = state}, .ttl = 300s, .kind = {}};
        if (state == Listing::State::listed) answer.listing.code = 0x7F000002;
        answers_->on_answer(one.ticket, one.question.list, answer);
    }
    // As an honest list does: its test point is listed, nobody else.
    void answer_all() {
        for (const Asked& one : std::exchange(asked, {})) {
            const bool test_point = one.question.address == IpAddress::from_v4(0x7F000002);
            answer(one, test_point ? Listing::State::listed : Listing::State::clear);
        }
    }

    std::vector<Asked> asked;

  private:
    dns::ListAnswers* answers_ = nullptr;
};

struct Nobody final : dns::ListAnswers {
    void on_answer(dns::Ticket, ListIndex, const dns::ListAnswer&) override {}
    void on_late_answer(const IpAddress&, ListIndex, const dns::ListAnswer&) override {}
};

struct OneWorker {
    OneWorker(io::Network& network, Standings& standings)
        : loop(1, network), lists(loop, source, standings) {
        lists.deliver_to(nobody);
    }
    // A request's question, answered at once.
    void hear(Listing::State state) {
        lists.ask({.list = list, .address = IpAddress::from_v4(0x05090000)}, 7);
        const PatientSource::Asked asked = source.asked.back();
        source.asked.pop_back();
        source.answer(asked, state);
    }

    io::VirtualLoop loop;
    PatientSource source;
    WatchedSource lists;
    Nobody nobody;
};

class SeveralWorkersTest : public testing::Test {
  protected:
    void start(std::size_t count) {
        watched.assign(list_count, {.probe = {}});
        standings = std::make_unique<Standings>(watched);
        for (std::size_t i = 0; i < count; ++i) workers.emplace_back(network, *standings);
        monitor = std::make_unique<HealthMonitor>(first().loop, first().lists, *standings, cache,
                                                  told, watched);
        monitor->start([] {});
        first().source.answer_all();
        ASSERT_EQ(standings->voting(), 0b111111);
        told.take();
    }
    OneWorker& first() { return workers.front(); }
    std::size_t questions() {
        std::size_t count = 0;
        for (const OneWorker& worker : workers) count += worker.source.asked.size();
        return count;
    }

    support::ScriptedServers network;
    cache::ListingCache cache{{.entries = 1024, .lists = list_count, .hash_seed = 1}};
    Told told;
    std::vector<WatchedList> watched;
    std::unique_ptr<Standings> standings;
    std::deque<OneWorker> workers;
    std::unique_ptr<HealthMonitor> monitor;
};

// P3: a bounded lie.
TEST_F(SeveralWorkersTest, ALieThatIsSpreadOverWorkersIsFoundAfterAsManyAddresses) {
    start(5);
    unsigned believed = 0;
    while (standings->voting() == 0b111111 && believed < 1000) {
        workers[believed++ % workers.size()].hear(Listing::State::listed);
    }
    EXPECT_EQ(believed, Surge::run_min) << "the number for one worker alone";
}

TEST_F(SeveralWorkersTest, AListThatLosesItsVoteOnOneWorkerHasNoneOnAnyAtOnce) {
    start(3);
    for (unsigned i = 0; i < Surge::run_min; ++i) workers[1].hear(Listing::State::listed);
    for (const OneWorker& worker : workers) {
        EXPECT_EQ(worker.lists.voting(), 0b111101);
        EXPECT_EQ(worker.lists.state_without_vote(list), Listing::State::suspended);
    }
    workers[2].hear(Listing::State::refused);
    EXPECT_EQ(first().lists.state_without_vote(list), Listing::State::refused);
}

TEST_F(SeveralWorkersTest, OneWorkerAsksTheSelfTestsOfAll) {
    start(4);
    EXPECT_EQ(questions(), 0U);
    first().loop.advance(60s);
    EXPECT_EQ(first().source.asked.size(), list_count * 3);
    EXPECT_EQ(questions(), list_count * 3);
}

TEST_F(SeveralWorkersTest, TheOneWhoTestsIsCalledByTheOthers) {
    start(2);
    for (unsigned i = 0; i < Surge::run_min; ++i) workers[1].hear(Listing::State::listed);
    EXPECT_EQ(told.take(), std::vector<std::string>{}) << "its loop has not turned yet";
    first().loop.run_until_idle();
    EXPECT_EQ(told.take(), std::vector<std::string>{"l1 healthy suspect"});
    EXPECT_EQ(first().source.asked.size(), 2U + ProbeScope::random_addresses_max);
    first().source.answer_all();
    EXPECT_EQ(standings->voting(), 0b111111) << "a wave of spam was not a lie";
}

TEST_F(SeveralWorkersTest, ASelfTestUnderWayAcquitsNobodyOfALaterSuspicion) {
    start(2);
    first().loop.advance(60s);
    ASSERT_EQ(first().source.asked.size(), list_count * 3);
    for (unsigned i = 0; i < Surge::run_min; ++i) workers[1].hear(Listing::State::listed);
    first().source.answer_all();
    EXPECT_EQ(standings->state(list), State::suspect) << "its answers are older than the suspicion";
    first().loop.run_until_idle();
    EXPECT_EQ(first().source.asked.size(), 2U + ProbeScope::random_addresses_max);
    first().source.answer_all();
    EXPECT_EQ(standings->state(list), State::healthy);
}

TEST_F(SeveralWorkersTest, AListThatOthersCatchLyingIsForgottenInTheCacheOfAll) {
    start(2);
    const IpAddress client = IpAddress::from_v4(0x05090001);
    const auto is_remembered = [&] {
        cache::Said said;
        return cache.find(client, first().loop.now(), said) != 0;
    };
    cache.put(client, {list, {.state = Listing::State::listed, .code = 0x7F000002}, 300s},
              workers[1].loop.now());
    for (unsigned i = 0; i < Surge::run_min; ++i) workers[1].hear(Listing::State::listed);
    first().loop.run_until_idle();
    ASSERT_TRUE(is_remembered());
    for (const auto& asked : std::exchange(first().source.asked, {})) {
        first().source.answer(
            asked, asked.question.list == list ? Listing::State::listed : Listing::State::clear);
    }
    EXPECT_EQ(standings->state(list), State::suspended);
    first().loop.advance(HealthMonitor::inquest_length);
    EXPECT_FALSE(is_remembered());
}

TEST_F(SeveralWorkersTest, TheDaysQueriesOfAllWorkersAreOneBudget) {
    start(4);
    const std::uint64_t before = monitor->report(list).queries_today;
    for (unsigned i = 0; i < 40; ++i) workers[i % 4].hear(Listing::State::clear);
    EXPECT_EQ(monitor->report(list).queries_today, before + 40);
    EXPECT_EQ(monitor->report(list).clear, 40U);
}

TEST_F(SeveralWorkersTest, FailuresThatManyWorkersSeeTogetherCallForATest) {
    start(ListHealth::failures_max);
    first().loop.advance(ListHealth::retry_min);
    for (OneWorker& worker : workers) {
        EXPECT_EQ(first().source.asked.size(), 0U);
        worker.loop.advance(ListHealth::retry_min);
        worker.hear(Listing::State::timeout);
        first().loop.run_until_idle();
    }
    EXPECT_EQ(first().source.asked.size(), 3U);
}

}  // namespace
}  // namespace postern::health
