// SPDX-License-Identifier: Apache-2.0
#include "resolver/pipeline.h"

#include <algorithm>
#include <utility>

#include "resolver/belief.h"

namespace postern {

namespace {

// What is not known by now counts as `state`.
Evidence with_pending_as(Evidence evidence, Listing::State state) {
    for (Listing& listing : evidence.listings) {
        if (listing.state == Listing::State::pending) listing.state = state;
    }
    return evidence;
}

// Not a failure to reach the list, but a sign that it is no list any more: nothing that it said
// before stands in for such an answer, and none is remembered as a failure that could be stood in
// for.
bool is_nonsense(const dns::ListAnswer& answer) { return answer.kind == dns::ReplyKind::nonsense; }

cache::Answer to_keep(ListIndex list, const dns::ListAnswer& answer) {
    return {.list = list, .listing = answer.listing, .ttl = answer.ttl};
}

Evidence pending(unsigned lists) {
    Evidence evidence;
    for (ListIndex list = 0; list < lists_max; ++list) {
        if ((lists & mask_of(list)) != 0) evidence.listings[list].state = Listing::State::pending;
    }
    return evidence;
}

void count(const service::Origin& origin, std::uint64_t& counter) {
    if (origin.door != service::Door::trial) ++counter;
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
      ipv4_lists_(static_cast<ListMask>(options.lists & ~unsigned{options.ipv6_only_lists})),
      said_of_ipv4_(pending(ipv4_lists_)),
      said_of_ipv6_(pending(options.ipv6_lists)),
      table_(options.tables) {
    source_.deliver_to(*this);
}

void Pipeline::ask(const service::Origin& origin, const Request& request,
                   service::ReplySink& replies) {
    count(origin, stats_.requests);
    const Known known = recall(request.client);
    if (!known.is_complete) return ask_with_gaps(origin, request, replies, known);
    decide(*policies_, request, known.evidence);
    answer_at_once(origin, request, replies, known, known.evidence);
}

// Where something is unknown, or does not count, it matters only if it could change the decision.
void Pipeline::ask_with_gaps(const service::Origin& origin, const Request& request,
                             service::ReplySink& replies, const Known& known) {
    table_.prefetch(request.client);
    const Evidence stale = what_is_stale(request.client);
    const Evidence evidence = what_counts(known.evidence, stale);
    const ListMask open = decide(*policies_, request, evidence).open_lists;
    if ((open & evidence.with(Listing::State::pending)) == 0)
        return answer_at_once(origin, request, replies, known, evidence);
    count(origin, stats_.cache_misses);
    wait_for_lists(origin, request, replies, known.evidence, stale);
}

inline void Pipeline::answer_at_once(const service::Origin& origin, const Request& request,
                                     service::ReplySink& replies, const Known& known,
                                     const Evidence& evidence) {
    if (known.public_address) count(origin, stats_.cache_hits);
    count(origin, stats_.answered_at_once);
    reply(origin, request, replies, *policies_, evidence, Duration::zero());
    if (known.due != 0) refresh(request.client, known);
}

Evidence Pipeline::what_is_known(const IpAddress& client) {
    const Known known = recall(client);
    return what_counts(known.evidence, what_is_stale(client));
}

Evidence Pipeline::what_is_stale(const IpAddress& client) const {
    Evidence stale;
    cache_.find_stale(client, loop_.now(), stale);
    return stale;
}

Evidence Pipeline::what_counts(const Evidence& said, const Evidence& stale) const {
    return believed(said, stale, options_.lists, source_);
}

// Lists are asked only about addresses that a host on the Internet can have.
inline Pipeline::Known Pipeline::recall(const IpAddress& client) {
    static const Evidence nothing;
    if (!client.is_public()) return {.evidence = nothing};
    const bool is_v4 = client.is_v4();
    cache::Said& said = is_v4 ? said_of_ipv4_ : said_of_ipv6_;
    const ListMask asked = is_v4 ? ipv4_lists_ : options_.ipv6_lists;
    cache_.find(client, loop_.now(), said, expected_);
    return {.evidence = said.evidence(),
            .due = said.due(),
            .public_address = true,
            .is_complete = (asked & ~(said.opinions() & source_.voting())) == 0};
}

void Pipeline::wait_for_lists(const service::Origin& origin, const Request& request,
                              service::ReplySink& replies, const Evidence& known,
                              const Evidence& stale) {
    Lookup* lookup = table_.find(request.client);
    if (lookup == nullptr && (lookup = table_.open(request.client)) != nullptr) {
        lookup->evidence = known;
        lookup->stale = stale;
    }
    WaitingRequest* const waiting = lookup == nullptr ? nullptr : table_.add_request(*lookup);
    if (waiting == nullptr) {
        if (lookup != nullptr) close_if_done(*lookup);
        return answer_overload(origin, request, replies, what_counts(known, stale));
    }
    waiting->request = request;
    waiting->origin = origin;
    waiting->replies = &replies;
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

// Overload is answered at once: an answer now that says "we do not know" serves a gateway better
// than a right one after its own timeout.
void Pipeline::answer_overload(const service::Origin& origin, const Request& request,
                               service::ReplySink& replies, const Evidence& evidence) {
    count(origin, stats_.answered_in_overload);
    const Evidence known = with_pending_as(evidence, Listing::State::error);
    decide(*policies_, request, known);
    reply(origin, request, replies, *policies_, known, Duration::zero());
}

// Asks again before an opinion expires that is wanted often, so that its sender never waits.  Half
// of the table is left to those who do wait.
void Pipeline::refresh(const IpAddress& client, const Known& known) {
    const auto due =
        static_cast<ListMask>(known.due & source_.voting() & policies_->wanted_lists(client));
    if (due == 0 || table_.find(client) != nullptr || table_.lookups() >= table_.lookups_max() / 2)
        return;
    Lookup& lookup = *table_.open(client);
    lookup.evidence = known.evidence;
    lookup.stale = what_is_stale(client);
    for (ListIndex list = 0; list < lists_max; ++list) {
        // Whoever comes after the old opinion has expired waits for the new one.
        if ((due & mask_of(list)) != 0)
            lookup.evidence.listings[list] = {.state = Listing::State::pending};
    }
    ++stats_.refreshes;
    ask_lists(lookup, due, dns::Purpose::refresh);
    close_if_done(lookup);
}

// Replies when no pending list could still change the decision; else sees to it that those that
// could have been asked.
bool Pipeline::settle(WaitingRequest& waiting) {
    Lookup& lookup = *waiting.lookup;
    while (true) {
        const Evidence evidence = what_counts(lookup.evidence, lookup.stale);
        const ListMask open = decide(*waiting.policies, waiting.request, evidence).open_lists &
                              evidence.with(Listing::State::pending);
        if (open == 0) {
            count(waiting.origin, stats_.answered_after_waiting);
            reply_and_forget(waiting, evidence);
            return true;
        }
        const auto unasked = static_cast<ListMask>(open & ~lookup.asked);
        if (unasked == 0) return false;
        ask_lists(lookup, unasked, dns::Purpose::request);
    }
}

void Pipeline::ask_lists(Lookup& lookup, ListMask lists, dns::Purpose purpose) {
    for (ListIndex list = 0; list < lists_max; ++list) {
        if ((lists & mask_of(list)) == 0) continue;
        lookup.asked |= mask_of(list);
        const dns::ListQuestion question{
            .list = list, .address = lookup.address, .purpose = purpose};
        if (source_.ask(question, table_.ticket_of(lookup))) {
            lookup.awaited |= mask_of(list);
        } else {
            // Our own overload is no reason to believe what has expired.
            lookup.evidence.listings[list].state = Listing::State::error;
            lookup.stale.listings[list] = {};
        }
    }
}

void Pipeline::on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) {
    Lookup* const lookup = table_.find(ticket);
    if (lookup == nullptr) return;
    lookup->evidence.listings[list] = answer.listing;
    if (is_nonsense(answer)) lookup->stale.listings[list] = {};
    lookup->awaited &= static_cast<ListMask>(~mask_of(list));

    if (lookup->heard == 0) {
        Heard& first = heard_.emplace_back();
        first.ticket = ticket;
        first.address = lookup->address;
        lookup->heard = static_cast<std::uint32_t>(heard_.size());
    }
    Heard& heard = heard_[lookup->heard - 1];
    if (is_to_be_kept(list, answer)) heard.answers[heard.kept++] = to_keep(list, answer);
}

// Lists that are asked together often answer together: then there is one decision to make, not six.
void Pipeline::on_answers_given() {
    keep_heard();
    for (const Heard& heard : heard_) {
        Lookup* const lookup = table_.find(heard.ticket);
        if (lookup != nullptr) settle_all(*lookup);
    }
    heard_.clear();
}

// An address has left the processor's cache since it was looked for: several are fetched at once.
void Pipeline::keep_heard() {
    constexpr std::size_t most = cache::Expected::most;
    for (std::size_t first = 0; first < heard_.size(); first += most) {
        const auto group =
            std::span(heard_).subspan(first).first(std::min(most, heard_.size() - first));
        std::array<IpAddress, most> addresses;
        std::ranges::transform(group, addresses.begin(), &Heard::address);
        cache_.prefetch(std::span(addresses).first(group.size()), expected_);
        for (const Heard& heard : group) {
            const auto answers = std::span(heard.answers).first(heard.kept);
            cache_.put(heard.address, answers, loop_.now(), expected_);
        }
    }
}

void Pipeline::settle_all(Lookup& lookup) {
    lookup.heard = 0;
    for (WaitingRequest* waiting = lookup.waiting; waiting != nullptr;) {
        WaitingRequest* const next = waiting->next;
        settle(*waiting);
        waiting = next;
    }
    close_if_done(lookup);
}

void Pipeline::on_late_answer(const IpAddress& address, ListIndex list,
                              const dns::ListAnswer& answer) {
    if (is_to_be_kept(list, answer)) cache_.put(address, to_keep(list, answer), loop_.now());
}

void Pipeline::on_deadline(WaitingRequest& waiting) {
    Lookup& lookup = *waiting.lookup;
    const Evidence known =
        what_counts(with_pending_as(lookup.evidence, Listing::State::timeout), lookup.stale);
    count(waiting.origin, stats_.answered_at_deadline);
    decide(*waiting.policies, waiting.request, known);
    reply_and_forget(waiting, known);
    close_if_done(lookup);
}

const Decision& Pipeline::decide(const policy::PolicySet& policies, const Request& request,
                                 const Evidence& evidence) {
    return decider_.decide(policies, request, evidence, memory_, loop_.wall_now());
}

void Pipeline::reply_and_forget(WaitingRequest& waiting, const Evidence& evidence) {
    reply(waiting.origin, waiting.request, *waiting.replies, *waiting.policies, evidence,
          loop_.now() - waiting.received);
    table_.remove_request(waiting);
}

// Tells what was decided last.
inline void Pipeline::reply(const service::Origin& origin, const Request& request,
                            service::ReplySink& replies, const policy::PolicySet& policies,
                            const Evidence& evidence, Duration elapsed) {
    const Decision& decision = decider_.decision();
    const service::Answer answer{.request = request,
                                 .decision = decision,
                                 .evidence = evidence,
                                 .policies = policies,
                                 .elapsed = elapsed,
                                 .mode = options_.mode.of(request.context),
                                 .alike = decider_.number()};
    // What an operator tries out leaves no trace.
    if (origin.door != service::Door::trial) {
        policies.hits().count(decision);
        if (request.mail_from)
            policy::remember(policies, request, decision, loop_.wall_now(), memory_);
        for (service::DecisionObserver* const observer : observers_)
            observer->on_decision(origin, answer);
    }
    replies.reply(origin, answer);
}

// From a list that does not vote it would be believed as soon as the list votes again.
bool Pipeline::is_to_be_kept(ListIndex list, const dns::ListAnswer& answer) const {
    return (source_.voting() & mask_of(list)) != 0 && !is_nonsense(answer);
}

// A lookup goes when nobody waits for it and it waits for nobody.
void Pipeline::close_if_done(Lookup& lookup) {
    if (lookup.waiting == nullptr && lookup.awaited == 0) table_.close(lookup);
}

void Pipeline::set_policies(std::shared_ptr<const policy::PolicySet> policies) {
    policies_ = std::move(policies);
}

}  // namespace postern
