// SPDX-License-Identifier: Apache-2.0
//
// The path of one request.  Read this file first, then pipeline.cc from top to bottom.
//
//      request from a gateway            service::GatewayServer has decoded it
//        │  recall                       the cache fills the evidence; the rest is pending
//        │  what_counts                  of that, where something is missing: belief.h
//        │  policy::decide               says which pending lists could still change the decision
//        ├───────────────────────────►   none: reply at once; what expires soon is asked again
//        ▼
//      lookup of the address             shared by all requests about it
//        │  source.ask                   each open list once: THE ONLY PLACE WHERE A REQUEST WAITS
//        ▼
//      answers of lists                  into the cache, into the evidence, decide again
//        │
//        ├───────────────────────────►   no pending list can change it: reply
//        ▼
//      deadline                          reply with what is known; the lists' answers still fill
//      the cache
//
// "Unknown" is a value all along: a list that is silent, refuses or fails never counts as "listed".
// What it said not long ago may stand in while it cannot be reached, and is marked as stale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "cache/listing_cache.h"
#include "policy/decider.h"
#include "policy/memory.h"
#include "policy/policy_set.h"
#include "resolver/dns/list_source.h"
#include "resolver/io/loop.h"
#include "resolver/lookup_table.h"
#include "resolver/service/exchange.h"
#include "resolver/service/mode.h"

namespace postern {

// An operator's trials are not counted.
struct PipelineStats {
    std::uint64_t requests = 0;
    // Every request ends in one of these ways.
    std::uint64_t answered_at_once = 0;
    std::uint64_t answered_after_waiting = 0;
    std::uint64_t answered_at_deadline = 0;
    std::uint64_t answered_in_overload = 0;

    // Requests about public addresses: what the cache knew was enough to decide, or was not.
    std::uint64_t cache_hits = 0;
    std::uint64_t cache_misses = 0;
    std::uint64_t refreshes = 0;  // lookups that nobody waited for when they began
};

class Pipeline final : public service::RequestSink, private dns::ListAnswers {
  public:
    struct Options {
        Duration deadline = std::chrono::seconds{1};
        service::Modes mode;
        ListMask lists = 0;            // all lists
        ListMask ipv6_lists = 0;       // those that have IPv6 data
        ListMask ipv6_only_lists = 0;  // those that have no other
        LookupTable::Options tables;
    };

    // Everything passed by reference must outlive the pipeline.
    Pipeline(io::Loop& loop, cache::ListingCache& cache, dns::ListSource& source,
             policy::Memory& memory, std::shared_ptr<const policy::PolicySet> policies,
             const Options& options);

    void ask(const service::Origin& origin, const Request& request,
             service::ReplySink& replies) override;
    void expect(std::span<const IpAddress> clients) override {
        cache_.prefetch(clients, expected_);
    }
    // Before the first request.  The observer must outlive the pipeline.
    void observe(service::DecisionObserver& observer) { observers_.push_back(&observer); }

    // For the next request on; those that wait are decided by the set they came under.
    void set_policies(std::shared_ptr<const policy::PolicySet> policies);
    void set_deadline(Duration deadline) { options_.deadline = deadline; }
    // For the replies from now on.
    void set_mode(service::Modes mode) { options_.mode = std::move(mode); }
    const std::shared_ptr<const policy::PolicySet>& policies() const { return policies_; }
    const policy::Memory& memory() const { return memory_; }

    // What is known of an address now, without asking anybody.
    Evidence what_is_known(const IpAddress& client);

    const PipelineStats& stats() const { return stats_; }
    std::size_t waiting() const { return table_.requests(); }

  private:
    // What the cache and the configuration say of an address.
    struct Known {
        const Evidence& evidence;  // valid until the next recall
        ListMask due = 0;
        bool public_address = false;
        // All that is to be known is, and of lists that vote: it counts as it was said.
        bool is_complete = true;
    };

    // What lists answered about one address in the present batch.
    struct Heard {
        dns::Ticket ticket = 0;
        IpAddress address;
        std::size_t kept = 0;  // answers to be remembered
        std::array<cache::Answer, lists_max> answers;
    };

    Known recall(const IpAddress& client);
    Evidence what_is_stale(const IpAddress& client) const;
    Evidence what_counts(const Evidence& said, const Evidence& stale) const;
    void ask_with_gaps(const service::Origin& origin, const Request& request,
                       service::ReplySink& replies, const Known& known);
    void answer_at_once(const service::Origin& origin, const Request& request,
                        service::ReplySink& replies, const Known& known, const Evidence& evidence);
    void wait_for_lists(const service::Origin& origin, const Request& request,
                        service::ReplySink& replies, const Evidence& known, const Evidence& stale);
    void answer_overload(const service::Origin& origin, const Request& request,
                         service::ReplySink& replies, const Evidence& evidence);
    void refresh(const IpAddress& client, const Known& known);
    bool settle(WaitingRequest& waiting);
    const Decision& decide(const policy::PolicySet& policies, const Request& request,
                           const Evidence& evidence);
    void ask_lists(Lookup& lookup, ListMask lists, dns::Purpose purpose);
    void on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) override;
    void on_late_answer(const IpAddress& address, ListIndex list,
                        const dns::ListAnswer& answer) override;
    void on_answers_given() override;
    void keep_heard();
    void settle_all(Lookup& lookup);
    void on_deadline(WaitingRequest& waiting);
    void reply_and_forget(WaitingRequest& waiting, const Evidence& evidence);
    void reply(const service::Origin& origin, const Request& request, service::ReplySink& replies,
               const policy::PolicySet& policies, const Evidence& evidence, Duration elapsed);
    bool is_to_be_kept(ListIndex list, const dns::ListAnswer& answer) const;
    void close_if_done(Lookup& lookup);

    io::Loop& loop_;
    cache::ListingCache& cache_;
    dns::ListSource& source_;
    policy::Memory& memory_;
    std::vector<service::DecisionObserver*> observers_;
    std::shared_ptr<const policy::PolicySet> policies_;
    Options options_;
    ListMask ipv4_lists_;
    // Of an address of either family: lists that have no data for it stay out.
    cache::Said said_of_ipv4_;
    cache::Said said_of_ipv6_;
    cache::Expected expected_;
    LookupTable table_;
    std::vector<Heard> heard_;
    policy::Decider decider_;
    PipelineStats stats_;
};

}  // namespace postern
