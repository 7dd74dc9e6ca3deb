// SPDX-License-Identifier: Apache-2.0
//
// What the four dialects of the gateway socket have in common: bytes are cut into requests, a
// request is read, an answer is put into words.
//
// Each connection has a dialect object of its own, for what it has to remember from one request to
// the next; the memory that reading takes is shared.  docs/protocol.md is the description for those
// who write the other end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/report/request_json.h"
#include "policy/request.h"
#include "resolver/service/exchange.h"
#include "resolver/service/judged_messages.h"
#include "resolver/service/native.h"

namespace postern::service {

// Origin::tag in its parts.
class Ticket {
  public:
    struct Parts {
        std::uint32_t number = 0;
        std::uint32_t weight = 0;  // far below 2^31 (cost_max)
        bool whole = false;
    };
    constexpr explicit Ticket(const Parts& parts)
        : tag_(std::uint64_t{parts.whole} << 63 | std::uint64_t{parts.weight} << 32 |
               parts.number) {}
    constexpr explicit Ticket(std::uint64_t tag) : tag_(tag) {}
    constexpr std::uint64_t tag() const { return tag_; }

    // Native: the tag that the peer chose.  Elsewhere: the place of the reply in the order of
    // requests.
    constexpr std::uint32_t number() const { return static_cast<std::uint32_t>(tag_); }
    // Bytes that the request costs while it waits (request_cost.h).  Never 0 but for the native
    // 32-byte query, which is how its answer is told from a decision in JSON.
    constexpr std::uint32_t weight() const {
        return static_cast<std::uint32_t>(tag_ >> 32 & 0x7FFFFFFF);
    }
    // Postfix: asked when the message had come whole, and no header can be added any more.
    constexpr bool whole() const { return tag_ >> 63 != 0; }

  private:
    std::uint64_t tag_;
};

// Messages of Postfix that were judged, at two stages; a later stage may come over another
// connection.
struct Judged {
    JudgedMessages at_recipients;
    JudgedMessages at_data;
};

// Queries that came together and ask about a client alone; each is answered by its tag.
struct Queries {
    // As many as a processor can fetch memory for at the same time.
    static constexpr std::size_t most = 16;

    std::size_t count = 0;
    std::size_t size = 0;  // of each, in bytes
    std::array<IpAddress, most> clients;
    std::array<std::uint32_t, most> tags;
};

// The answer to a query as it was last put into a frame: mostly the next is the same but for its
// tag.
struct LastFrame {
    std::uint64_t alike = 0;  // as in Answer; 0: there is none
    Mode mode = Mode::enforce;
    native::Fixed frame{};
};

// What the dialects of a server's connections read and write with, one request at a time, and what
// they know of each other.
struct Scratch {
    Queries queries;
    Request query;  // of the native dialect: all but the client stays in the default state
    LastFrame last_frame;
    Request request;
    policy::RequestReader reader;
    Judged judged;
    std::string error;
};

// Where the first request ends.
struct Cut {
    std::size_t size = 0;  // 0: not all of it is here yet
    const char* error =
        nullptr;  // what stands there is no request, and where the next one begins is lost
};

// What one request amounts to.
struct Intake {
    enum class Kind : std::uint8_t {
        question,   // for the pipeline: `request`
        answered,   // needs no thought; the reply has been appended
        nothing,    // a blank line; no reply
        malformed,  // the reply that has been appended says what is wrong; so does `error`
        foresight,  // as answered; and to ask about `request` now makes a later question quick
        farewell,   // the peer wants no more
        lost,       // makes no sense here, as `error` says, nor would what stands behind it
    };
    Kind kind = Kind::nothing;
    std::uint32_t tag = 0;             // native only
    std::uint32_t weight = 0;          // as in Ticket::Parts
    bool whole = false;                // the same
    bool kept = false;                 // the dialect keeps the request's texts in any case
    const Request* request = nullptr;  // valid until the dialect reads the next one
    std::string_view error{};          // the same
};

class Dialect {
  public:
    // How the replies follow the requests.
    enum class Order : std::uint8_t {
        by_tag,      // in any order: each carries its request's tag
        as_asked,    // in the order of the requests
        one_by_one,  // the same; the next request is read when this one has its reply, on which its
                     // meaning depends
    };
    Dialect(Door door, Order order) : door_(door), order_(order) {}
    virtual ~Dialect() = default;

    Door door() const { return door_; }
    const char* name() const { return to_string(door_); }
    bool ordered() const { return order_ != Order::by_tag; }
    bool one_by_one() const { return order_ == Order::one_by_one; }

    // In the midst of something that takes several requests: not to be closed for being idle.
    virtual bool is_busy() const { return false; }
    // Bytes that are kept from one request to the next.
    virtual std::size_t kept() const { return 0; }

    // Finds the end of the request at the start of `bytes`, of which the first `seen` were looked
    // at before in vain.  `last`: nothing will follow.
    virtual Cut cut(std::string_view bytes, std::size_t seen, bool last) const = 0;
    // Reads the queries at the front of `bytes`.
    virtual void read_queries(std::string_view, Queries& queries) const { queries.count = 0; }
    // Reads the request that cut() found, which is none of those that read_queries() reads.
    virtual Intake read(std::string_view bytes, std::string& reply) = 0;

    virtual void append_answer(std::string& out, Ticket ticket, const Answer& answer) = 0;
    // The last word to a peer whose bytes make no sense any more (Cut::error).
    virtual void append_lost(std::string& out, std::string_view error) const = 0;

  private:
    const Door door_;
    const Order order_;
};

}  // namespace postern::service
