// SPDX-License-Identifier: Apache-2.0
//
// Asks block lists over DNS.
//
// The life of a question:
//
//      ask ──► waiting ──► asked ──────────────► answered        on_answer
//              (window)      │ timeout: again    ▲
//                            ├──────────► over TCP (the reply was truncated)
//                            ▼ attempts used up
//                          late ───────────────► answered        on_late_answer
//                            │ linger is over
//                            ▼
//                          gone
//
// Every question has one on_answer: an opinion, or why there is none.  A question that timed out is
// not cancelled but waits on for a while, because its answer is still good for the cache.  Memory
// is taken at the start; all work is done once per batch, at its end.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "resolver/dns/ares_channel.h"
#include "resolver/dns/list_source.h"
#include "resolver/dns/list_stats.h"
#include "resolver/dns/upstream.h"

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

class DnsSource final : public ListSource, private io::BatchEndHook, private Upstream::Owner {
  public:
    struct Options {
        std::vector<io::Endpoint> servers;  // at least one
        std::vector<DnsList> lists;         // at most lists_max
        Duration timeout = std::chrono::milliseconds{400};
        unsigned attempts = 2;  // 1 … attempts_max, on the servers in turn
        TtlBounds ttl;
        std::size_t questions_max = 32768;  // under way at once, late ones too; at most 65536
    };

    // `loop` must outlive the source.
    DnsSource(io::Loop& loop, Options options);
    ~DnsSource() override;

    void deliver_to(ListAnswers& answers) override { answers_ = &answers; }
    bool ask(ListIndex list, const IpAddress& address, NameForm form, Ticket ticket) override;

    const ListStats& stats(ListIndex list) const { return stats_[list]; }
    std::size_t in_flight() const { return questions_used_; }

    static constexpr unsigned attempts_max = 3;
    // How long an answer may be late and still be of use.
    static constexpr Duration linger = std::chrono::seconds{2};

  private:
    enum class State : std::uint8_t {
        free,
        waiting,    // for room in a window
        abandoned,  // timed out while waiting; goes when its turn comes
        asked,
        over_tcp,
        late,
        ended,  // given up for good; goes when c-ares has let go of it
    };

    struct Question {
        IpAddress address;
        Ticket ticket = 0;
        io::Timer timer;
        DnsSource* source = nullptr;
        TimePoint asked{};
        std::array<Attempt, attempts_max> attempts;
        std::array<std::uint8_t, attempts_max> servers{};
        QuestionIndex next = 0;  // in the queue or the free list
        ListIndex list = 0;
        NameForm form = NameForm::by_family;
        std::uint8_t attempts_made = 0;
        State state = State::free;
        bool truncated = false;  // the query has moved to its server's stream channel
    };

    // Questions that wait, first come first served.  Each list has its own, so that a list that
    // does not answer cannot hold up the others'.
    struct Queue {
        QuestionIndex first = none;
        QuestionIndex last = none;
    };

    struct Finished {
        QuestionIndex question;
        ListingReply reply;
    };

    // A c-ares channel and the questions it serves: `first` and those behind it.
    struct Seat final : AresChannel::Owner {
        Seat(DnsSource& its_source, AresChannel::Transport transport, const io::Endpoint& server,
             QuestionIndex its_first)
            : source(its_source),
              first(its_first),
              channel(its_source.loop_, *this, transport, server) {}
        void on_reply(std::uint16_t id, std::span<const std::byte> reply) override {
            source.on_reply(first + id, reply);
        }
        void on_no_reply(std::uint16_t id) override { source.on_no_reply(first + id); }

        DnsSource& source;
        const QuestionIndex first;
        AresChannel channel;
    };

    static constexpr QuestionIndex none = 0xFFFFFFFF;

    void on_batch_end() override;
    void on_datagram(Upstream& upstream, QuestionIndex question, std::uint8_t socket,
                     std::span<const std::byte> bytes) override;
    void on_reply(QuestionIndex index, std::span<const std::byte> reply);
    void on_no_reply(QuestionIndex index);

    void start_waiting();
    bool start_one(ListIndex list);
    void make_attempt(Question& question);
    bool try_elsewhere(Question& question, std::span<const std::byte> reply);
    void ask_over_tcp(Question& question);
    void deliver(const Finished& finished);
    void on_timeout(Question& question);
    void give_up(Question& question);
    void count_silence(Question& question);
    void close_attempts(Question& question);
    void end(Question& question);
    void release(Question& question);

    ListAnswer answer_from(const ListingReply& reply) const;
    std::uint8_t server_for_next_attempt(const Question& question) const;
    unsigned share_of_one_list() const;
    Query query_of(const Question& question, std::uint16_t id) const;
    QuestionIndex index_of(const Question& question) const;
    Seat& seat_of(const Question& question);

    io::Loop& loop_;
    ListAnswers* answers_ = nullptr;
    const Options options_;
    std::vector<std::unique_ptr<Upstream>> upstreams_;
    std::vector<std::unique_ptr<Seat>>
        datagram_seats_;  // a question's seat and id follow from its index
    std::vector<std::unique_ptr<Seat>> stream_seats_;  // one for each upstream

    std::unique_ptr<Question[]> questions_;
    QuestionIndex free_ = none;
    std::size_t questions_used_ = 0;
    std::size_t late_ = 0;
    std::array<Queue, lists_max> queues_;
    std::array<unsigned, lists_max> asked_of_list_{};
    std::array<TimePoint, lists_max> last_reply_{};
    ListIndex next_list_ = 0;
    std::uint8_t preferred_server_ = 0;
    unsigned silent_in_a_row_ = 0;  // attempts at the preferred server

    std::vector<QuestionIndex> truncated_;
    std::vector<Finished> finished_;
    std::array<ListStats, lists_max> stats_;
};

}  // namespace postern::dns
