// SPDX-License-Identifier: Apache-2.0
//
// One name server: the sockets to it, the queries on their way, and what makes a forged reply fail.
//
// Each attempt carries an id that no other attempt to this server has, leaves from one of sixteen
// ports that the kernel chose, and writes the name in random letter case; a reply counts only when
// all three come back and the source is the server's (RFC 5452 section 9).  Ids and letter case are
// from the loop's CSPRNG.  All attempts of one batch leave from one port, so that they can share a
// system call.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "resolver/dns/query_name.h"
#include "resolver/dns/reachability.h"
#include "resolver/dns/window.h"
#include "resolver/io/loop.h"

namespace postern::dns {

// The asker's number for a question in flight.
using QuestionIndex = std::uint32_t;

class Upstream;

// One datagram on its way.
struct Attempt {
    Upstream* upstream = nullptr;
    std::uint64_t question_hash = 0;  // of its bytes as they were sent, letter case and all
    TimePoint sent{};
    std::uint16_t id = 0;
    std::uint16_t question_size = 0;
    std::uint8_t socket = 0;
    bool live = false;       // its id is taken: a reply would still be accepted
    bool in_window = false;  // counts against the window; neither answered nor timed out
};

class Upstream final {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        // A datagram with the id of `question`'s attempt is about to come.
        virtual void expect_datagram(QuestionIndex question) = 0;
        // A datagram with the id of `question`'s attempt; whether it is its reply the owner checks
        // with is_reply().
        virtual void on_datagram(Upstream& upstream, QuestionIndex question, std::uint8_t socket,
                                 std::span<const std::byte> bytes) = 0;
        // It went down, or came up again.
        virtual void on_reachability(const Upstream& upstream) = 0;
    };

    // `number` is the owner's name for it, `lists` how many it is asked about, `sources` how many
    // ask it at the same time.
    Upstream(io::Loop& loop, Owner& owner, std::uint8_t number, const io::Endpoint& server,
             std::size_t lists, unsigned sources);
    ~Upstream();

    std::uint8_t number() const { return number_; }
    const io::Endpoint& server() const { return server_; }
    Window& window() { return window_; }
    Reachability& reachability() { return reachability_; }
    const Reachability& reachability() const { return reachability_; }

    // It has answered something.
    void on_answer();
    // It left an attempt made at `sent` unanswered, or says that it cannot answer.
    void on_failure(ListIndex list, TimePoint sent);

    // Sends `query` for `question`; it gets its id and letter case here.  False: no id is free, or
    // no socket can be opened.
    bool send(QuestionIndex question, Query& query, Attempt& attempt);
    // Whether `bytes`, which came in at `socket`, are the reply to the live `attempt`: a response
    // with its id that repeats its question to the letter.
    bool is_reply(const Attempt& attempt, std::uint8_t socket,
                  std::span<const std::byte> bytes) const;
    // Gives the attempt's id back, if it has one; a reply that comes later belongs to nobody.
    void forget(Attempt& attempt);
    // The next batch leaves from another port.
    void rotate_port() { current_socket_ = pick_socket(); }
    // Replies that nobody waited for.
    std::uint64_t strays() const { return strays_; }

    static constexpr std::size_t sockets = 16;

  private:
    struct Port final : io::DatagramEvents {
        Upstream* upstream = nullptr;
        io::SocketId socket;
        void on_arrivals(std::span<const io::Arrival> arrivals) override;
        void on_datagram(io::SocketId, std::span<const std::byte> bytes) override;
        void on_error(io::SocketId, int error) override;
    };

    // The place of the question of a datagram; null: none that is long enough to have an id.
    const QuestionIndex* place_of(std::span<const std::byte> datagram) const;
    void go_down();
    std::uint16_t take_id(QuestionIndex question);
    void draw_id();
    std::uint8_t pick_socket();
    std::uint64_t hash_of(std::span<const std::byte> question) const;

    io::Loop& loop_;
    Owner& owner_;
    const std::uint8_t number_;
    const io::Endpoint server_;
    // Secret.  A hash is kept instead of the question, whose letter case would have to be made
    // again for each reply; to meet it by chance is harder than all that a forger has to guess.
    const std::uint64_t hash_seed_;
    Window window_;
    Reachability reachability_;
    std::array<Port, sockets> ports_;
    std::uint8_t current_socket_ = 0;
    // Question + 1 by id; 0: the id is free.
    std::vector<QuestionIndex> question_of_id_;
    std::uint16_t next_id_ = 0;  // to be tried; its place is being fetched
    std::size_t ids_used_ = 0;
    std::uint64_t strays_ = 0;
};

}  // namespace postern::dns
