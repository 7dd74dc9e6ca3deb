// SPDX-License-Identifier: Apache-2.0
//
// Where lists' opinions come from.  DNS is one source (dns_source.h); files could be another.
#pragma once

#include <cstdint>
#include <optional>

#include "policy/ip_address.h"
#include "policy/listing.h"
#include "policy/time.h"
#include "resolver/dns/listing_reply.h"
#include "resolver/dns/query_name.h"

namespace postern::dns {

// The asker's own name for what it waits for; comes back with the answer.  Bit 31 is not the
// asker's: it is left to sources that pass questions on and ask some of their own.
using Ticket = std::uint64_t;
inline constexpr Ticket ticket_bit_of_sources = Ticket{1} << 31;

// Why somebody wants to know.
enum class Purpose : std::uint8_t {
    probe,    // a self-test: waits longer than a request for a name server to come back
    request,  // a gateway waits
    refresh,  // nobody waits: asked after all others, where there is room to spare, and once
};
inline constexpr std::size_t purposes = 3;

// What a list is asked.
struct ListQuestion {
    ListIndex list = 0;
    IpAddress address;
    NameForm form = NameForm::by_family;
    Purpose purpose = Purpose::request;
};

struct ListAnswer {
    Listing listing;
    Duration ttl{};  // of an opinion (listed, clear): how long it holds; already within the list's
                     // bounds
    std::optional<ReplyKind> kind;  // empty: nothing came
};

class ListAnswers {
  public:
    virtual ~ListAnswers() = default;
    virtual void on_answer(Ticket ticket, ListIndex list, const ListAnswer& answer) = 0;
    // An opinion that came after on_answer had said "timeout": good for the next who asks.
    virtual void on_late_answer(const IpAddress& address, ListIndex list,
                                const ListAnswer& answer) = 0;
    // All answers that came together have been given.
    virtual void on_answers_given() {}
};

class ListSource {
  public:
    virtual ~ListSource() = default;
    // Who is answered; before the first ask().
    virtual void deliver_to(ListAnswers& answers) = 0;
    // Gives exactly one on_answer, never from inside this call, at the latest when the source's own
    // patience is over, and on_answers_given in the same batch; unless it returns false: too much
    // is under way, nothing will come.
    virtual bool ask(const ListQuestion& question, Ticket ticket) = 0;

    // The lists that are believed at present; the others are not to be asked.  A source that does
    // not judge its lists believes them all.
    virtual ListMask voting() const { return static_cast<ListMask>(~ListMask{0}); }
    // What stands for the opinion of a list that does not vote.
    virtual Listing::State state_without_vote(ListIndex) const { return Listing::State::suspended; }
};

}  // namespace postern::dns
