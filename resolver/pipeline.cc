// SPDX-License-Identifier: Apache-2.0
#include "resolver/pipeline.h"

#include <utility>

namespace postern {

namespace {

// What is not known by now counts as `state`.
Evidence with_pending_as(Evidence evidence, Listing::State state) {
    for (Listing& listing : evidence.listings) {
        if (listing.state == Listing::State::pending) listing.state = state;
    }
    return evidence;
}

}  // namespace

Pipeline::Pipeline(io::Loop& loop, cache::ListingCache& cache, dns::ListSource& source,
                   policy::Memory& memory, std::shared_ptr<const policy::PolicySet> policies,
                   const Options& options)
    : loop_(loop),
      cache_(cache),
      source_(source),
      memory_(memory),
      policies_(std::move(policies)),
      options_(options),
      table_(options.tables) {
    source_.deliver_to(*this);
}

void Pipeline::on_request(const service::Origin& origin, const Request& request) {
    ask(origin, request, *gateways_);
}

void Pipeline::ask(const service::Origin& origin, const Request& request,
                   service::ReplySink& sink) {
    ++stats_.requests;
    const Evidence evidence = what_is_known(request.client);
    decide(*policies_, request, evidence);
    if ((decision_.open_lists & evidence.with(Listing::State::pending)) != 0) {
        return wait_for_lists(origin, request, sink, evidence);
    }
    ++stats_.answered_at_once;
    reply(origin, request, sink, *policies_, evidence, Duration::zero());
}

// Lists are asked only about addresses that a host on the Internet can have, and only those that
// have data for the address' family.
Evidence Pipeline::what_is_known(const IpAddress& client) {
    Evidence evidence;
    if (!client.is_public()) return evidence;
    const ListMask applicable = client.is_v4() ? options_.lists : options_.ipv6_lists;
    for (std::size_t list = 0; list < lists_max; ++list) {
        if ((applicable & mask_of(static_cast<ListIndex>(list))) != 0) {
            evidence.listings[list].state = Listing::State::pending;
        }
    }
    cache_.find(client, loop_.now(), evidence);
    return counted(evidence);
}

// What a list that does not vote has said does not count, whenever it said it; nor is it waited
// for.
Evidence Pipeline::counted(Evidence evidence) const {
    const auto silenced = static_cast<ListMask>(options_.lists & ~source_.voting());
    for (ListIndex list = 0; silenced >> list != 0; ++list) {
        Listing& listing = evidence.listings[list];
        if ((silenced & mask_of(list)) == 0 || listing.state == Listing::State::not_applicable) {
            continue;
        }
        listing = {.state = source_.state_without_vote(list)};
    }
    return evidence;
}

// Overload is answered at once: an answer now that says "we do not know" serves a gateway better
// than a right one after its own timeout.
void Pipeline::wait_for_lists(const service::Origin& origin, const Request& request,
                              service::ReplySink& sink, const Evidence& evidence) {
    Lookup* lookup = table_.find(request.client);
    if (lookup == nullptr && (lookup = table_.open(request.client)) != nullptr) {
        lookup->evidence = evidence;
    }
    WaitingRequest* const waiting = lookup == nullptr ? nullptr : table_.add_request(*lookup);
    if (waiting == nullptr) {
        if (lookup != nullptr) close_if_done(*lookup);
        ++stats_.answered_in_overload;
        const Evidence known = with_pending_as(evidence, Listing::State::error);
        decide(*policies_, request, known);
        return reply(origin, request, sink, *policies_, known, Duration::zero());
    }
    waiting->request = request;
    waiting->origin = origin;
    waiting->sink = &sink;
    waiting->received = loop_.now();
    waiting->policies = policies_;
    waiting->pipeline = this;
    waiting->deadline.set(
        [](void* due) {
            auto& late = *static_cast<WaitingRequest*>(due);
            late.pipeline->on_deadline(late);
        },
        waiting);
    loop_.timers().arm(waiting->deadline, loop_.now() + options_.deadline);
    if (settle(*waiting)) close_if_done(*lookup);
}

// Replies when no pending list could still change the decision; else sees to it that those that
// could have been asked.
bool Pipeline::settle(WaitingRequest& waiting) {
    Lookup& lookup = *waiting.lookup;
    while (true) {
        const Evidence evidence = counted(lookup.evidence);
        decide(*waiting.policies, waiting.request, evidence);
        const ListMask open = decision_.open_lists & evidence.with(Listing::State::pending);
        if (open == 0) {
            ++stats_.answered_after_waiting;
            reply_and_forget(waiting, evidence);
            return true;
        }
        const auto unasked = static_cast<ListMask>(open & ~lookup.asked);
        if (unasked == 0) return false;
        ask_lists(lookup, unasked);
    }
}

void Pipeline::ask_lists(Lookup& lookup, ListMask lists) {
    for (ListIndex list = 0; list < lists_max; ++list) {
        if ((lists & mask_of(list)) == 0) continue;
        lookup.asked |= mask_of(list);
        if (source_.ask(list, lookup.address, dns::NameForm::by_family, table_.ticket_of(lookup))) {
            lookup.awaited |= mask_of(list);
        } else {
            lookup.evidence.listings[list].state = Listing::State::error;
        }
    }
}

void Pipeline::on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) {
    Lookup* const lookup = table_.find(ticket);
    if (lookup == nullptr) return;
    keep(lookup->address, list, answer);
    lookup->evidence.listings[list] = answer.listing;
    lookup->awaited &= static_cast<ListMask>(~mask_of(list));

    for (WaitingRequest* waiting = lookup->waiting; waiting != nullptr;) {
        WaitingRequest* const next = waiting->next;
        settle(*waiting);
        waiting = next;
    }
    close_if_done(*lookup);
}

void Pipeline::on_late_answer(const IpAddress& address, ListIndex list,
                              const dns::ListAnswer& answer) {
    keep(address, list, answer);
}

void Pipeline::on_deadline(WaitingRequest& waiting) {
    Lookup& lookup = *waiting.lookup;
    const Evidence known = with_pending_as(counted(lookup.evidence), Listing::State::timeout);
    ++stats_.answered_at_deadline;
    decide(*waiting.policies, waiting.request, known);
    reply_and_forget(waiting, known);
    close_if_done(lookup);
}

void Pipeline::decide(const policy::PolicySet& policies, const Request& request,
                      const Evidence& evidence) {
    policy::decide(policies, request, evidence, memory_, loop_.wall_now(), decision_);
}

void Pipeline::reply_and_forget(WaitingRequest& waiting, const Evidence& evidence) {
    reply(waiting.origin, waiting.request, *waiting.sink, *waiting.policies, evidence,
          loop_.now() - waiting.received);
    table_.remove_request(waiting);
}

// Tells what decide() left in decision_.
void Pipeline::reply(const service::Origin& origin, const Request& request,
                     service::ReplySink& sink, const policy::PolicySet& policies,
                     const Evidence& evidence, Duration elapsed) {
    // What an operator tries out leaves no trace.
    if (request.mail_from && &sink == gateways_) {
        policy::remember(policies, request, decision_, loop_.wall_now(), memory_);
    }
    sink.reply(origin, {.request = request,
                        .decision = decision_,
                        .evidence = evidence,
                        .policies = policies,
                        .elapsed = elapsed});
}

void Pipeline::keep(const IpAddress& address, ListIndex list, const dns::ListAnswer& answer) {
    // Kept, it would be believed as soon as the list votes again.
    if ((source_.voting() & mask_of(list)) == 0) return;
    if (is_unknown(answer.listing.state)) {
        cache_.put_failure(address, list, answer.listing, loop_.now());
    } else {
        cache_.put(address, list, answer.listing, answer.ttl, loop_.now());
    }
}

// A lookup goes when nobody waits for it and it waits for nobody.
void Pipeline::close_if_done(Lookup& lookup) {
    if (lookup.waiting == nullptr && lookup.awaited == 0) table_.close(lookup);
}

void Pipeline::set_policies(std::shared_ptr<const policy::PolicySet> policies) {
    policies_ = std::move(policies);
}

}  // namespace postern
