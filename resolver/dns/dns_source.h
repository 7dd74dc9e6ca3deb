// SPDX-License-Identifier: Apache-2.0
//
// Asks block lists over DNS.
//
// The life of a question:
//
//      ask ──► waiting ──► asked ──────────────► answered        on_answer
//              (window)      │ timeout: again    ▲
//                            ├──────────► over TCP (the reply was truncated)
//                            ▼ attempts or patience used up
//                          late ───────────────► answered        on_late_answer
//                            │ linger is over
//                            ▼
//                          gone
//
// Every question has one on_answer: an opinion, or why there is none.  A question that timed out is
// not cancelled but waits on for a while, because its answer is still good for the cache.  Asking
// again is limited by a budget.  While no name server answers, requests are answered at once and
// probes wait for one to come back.  Memory is taken at the start; all work is done once per batch,
// at its end.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "resolver/dns/code_map.h"
#include "resolver/dns/list_source.h"
#include "resolver/dns/list_stats.h"
#include "resolver/dns/listing_reply.h"
#include "resolver/dns/question_table.h"
#include "resolver/dns/retry_budget.h"
#include "resolver/dns/seats.h"
#include "resolver/dns/upstreams.h"

namespace postern::dns {

// A list as DNS knows it.  `lists` of Options are in the order of ListIndex.
struct DnsList {
    Zone zone;
    CodeMap codes;

    bool operator==(const DnsList&) const = default;
};

// How long opinions hold, whatever the list says.
struct TtlBounds {
    Duration listed_min = std::chrono::seconds{60};
    Duration listed_max = std::chrono::hours{1};
    Duration clear_min = std::chrono::seconds{60};  // and where the reply names no TTL
    Duration clear_max = std::chrono::minutes{15};

    bool operator==(const TtlBounds&) const = default;
};

class DnsSource final : public ListSource,
                        private io::BatchEndHook,
                        private Upstream::Owner,
                        private Seats::Owner {
  public:
    struct Options {
        std::vector<io::Endpoint> servers;  // at least one
        std::vector<DnsList> lists;         // at most lists_max
        Duration timeout = std::chrono::milliseconds{400};
        unsigned attempts = 2;  // 1 … attempts_max, on the servers in turn
        TtlBounds ttl;
        std::size_t questions_max = 32768;  // under way at once, late ones too; at most 65536
        unsigned sources = 1;  // that ask these servers at the same time, and share their windows
        // Told when a name server answers nothing any more, and when it is back.
        std::function<void(const io::Endpoint& server, bool up)> on_server = nullptr;
    };

    // `loop` must outlive the source.
    DnsSource(io::Loop& loop, Options options);
    ~DnsSource() override;

    void deliver_to(ListAnswers& answers) override { answers_ = &answers; }
    bool ask(const ListQuestion& asked, Ticket ticket) override;
    // For the questions that are asked from now on; `attempts` and `ttl` for those under way too.
    void set_timing(Duration timeout, unsigned attempts, const TtlBounds& ttl) {
        options_.timeout = timeout;
        options_.attempts = attempts;
        options_.ttl = ttl;
    }

    const ListStats& stats(ListIndex list) const { return stats_[list]; }
    std::vector<ListStats> stats() const {
        return {stats_.begin(),
                stats_.begin() + static_cast<std::ptrdiff_t>(options_.lists.size())};
    }
    std::vector<ServerReport> servers() const { return upstreams_.report(); }
    std::size_t in_flight() const { return questions_.used(); }

    static constexpr unsigned attempts_max = Question::attempts_max;
    // How long an answer may be late and still be of use.
    static constexpr Duration linger = std::chrono::seconds{2};
    // Refreshes that wait; more are refused.
    static constexpr std::size_t refreshes_max = 256;

  private:
    using State = Question::State;

    struct Finished {
        QuestionIndex question;
        ListingReply reply;
    };

    void on_batch_end() override;
    void expect_datagram(QuestionIndex question) override { questions_.prefetch(question); }
    void on_datagram(Upstream& upstream, QuestionIndex question, std::uint8_t socket,
                     std::span<const std::byte> bytes) override;
    void on_reachability(const Upstream& upstream) override;
    void on_reply(QuestionIndex index, std::span<const std::byte> reply) override;
    void on_no_reply(QuestionIndex index) override;

    TimePoint end_of_patience() const;
    void expect_patience_to_end(TimePoint end);
    void end_patience();
    void dismiss(Question& question);
    void start_waiting();
    bool start_all(Purpose purpose);
    bool start_one(Purpose purpose, ListIndex list);
    bool start_without_server(Question& question);
    void start(Question& question, Upstream& upstream);
    void try_server(Upstream& upstream, const ListQuestion& asked);
    void attempt(Question& question, Upstream& upstream);
    bool try_again(Question& question);
    bool wait_on(Question& question);
    bool try_elsewhere(Question& question, const Attempt& attempt,
                       std::span<const std::byte> reply);
    void ask_over_tcp(Question& question);
    void deliver(const Finished& finished);
    void on_timeout(Question& question);
    void give_up(Question& question);
    void become_late(Question& question);
    void note_silence(Question& question);
    void end(Question& question);
    void release(Question& question);

    ListAnswer answer_from(const ListingReply& reply) const;
    unsigned room_for(Purpose purpose) const;
    static bool any_under_way(const Question& question);
    Query query_of(const Question& question) const;

    io::Loop& loop_;
    ListAnswers* answers_ = nullptr;
    bool answered_ = false;  // since on_answers_given
    Options options_;
    Upstreams upstreams_;
    QuestionTable questions_;
    Seats seats_;
    io::Timer patience_;  // of those that wait longest
    io::Timer next_try_;

    std::size_t late_ = 0;
    std::array<unsigned, lists_max> asked_of_list_{};
    std::array<TimePoint, lists_max> last_reply_{};
    std::array<RetryBudget, lists_max> retries_;
    ListIndex next_list_ = 0;

    std::vector<QuestionIndex> truncated_;
    std::vector<Finished> finished_;
    std::array<ListStats, lists_max> stats_;
};

}  // namespace postern::dns
