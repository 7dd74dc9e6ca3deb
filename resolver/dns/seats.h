// SPDX-License-Identifier: Apache-2.0
//
// The c-ares channels, and under which id each question sits in one of them.
//
// A question's datagram channel and its id there follow from its index; one that was truncated
// moves to the stream channel of the server that said so.
//
// Over datagrams c-ares does not learn what is asked.  Which reply belongs to which attempt is
// known by then (Upstream::is_reply), and to compare the names again costs c-ares more than all the
// rest: it is given the shortest question there is, and that one again in each reply.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "resolver/dns/ares_channel.h"
#include "resolver/dns/query_name.h"
#include "resolver/dns/question_table.h"

namespace postern::dns {

class Seats {
  public:
    // Called from process_…() only.
    class Owner {
      public:
        virtual ~Owner() = default;
        // A whole DNS message whose question was checked; valid during the call.
        virtual void on_reply(QuestionIndex question, std::span<const std::byte> reply) = 0;
        // The connection over which the question was asked has failed.
        virtual void on_no_reply(QuestionIndex question) = 0;
    };

    Seats(io::Loop& loop, Owner& owner, const std::vector<io::Endpoint>& servers,
          std::size_t questions_max);

    void ask(QuestionIndex question);
    // The reply to an attempt, with the attempt's id, and behind its header the attempt's question,
    // of `question_size` bytes.
    void receive(QuestionIndex question, std::span<const std::byte> reply,
                 std::size_t question_size);
    void ask_over_tcp(QuestionIndex question, std::uint8_t server, Query query);
    // c-ares cannot cancel one query, but it can be told that it failed: on_reply follows.
    void expire(QuestionIndex question);
    void expire_over_tcp(QuestionIndex question, std::uint8_t server, const Query& query);

    void process_datagrams();
    void process_streams();

  private:
    // A channel and the questions it serves: `first` and those behind it.
    struct Seat final : AresChannel::Owner {
        Seat(io::Loop& loop, Seats::Owner& its_owner, AresChannel::Transport transport,
             const io::Endpoint& server, QuestionIndex its_first)
            : owner(its_owner), first(its_first), channel(loop, *this, transport, server) {}
        void on_reply(std::uint16_t id, std::span<const std::byte> reply) override {
            owner.on_reply(first + id, reply);
        }
        void on_no_reply(std::uint16_t id) override { owner.on_no_reply(first + id); }

        Seats::Owner& owner;
        const QuestionIndex first;
        AresChannel channel;
    };

    Seat& datagram_seat(QuestionIndex question) {
        return *datagrams_[question / AresChannel::queries_max];
    }

    std::vector<std::unique_ptr<Seat>> datagrams_;
    std::vector<std::unique_ptr<Seat>> streams_;  // one for each server
};

}  // namespace postern::dns
