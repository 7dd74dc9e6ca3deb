// SPDX-License-Identifier: Apache-2.0
//
// A compiled set of policies: what decide() decides with.
//
// Immutable once made, but for the counts of its hits: any number of threads may use it.  A reload
// makes a new one aside.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "policy/config/document.h"
#include "policy/decision.h"
#include "policy/listing.h"
#include "policy/memory.h"
#include "policy/policy_hits.h"
#include "policy/request.h"
#include "policy/time.h"

namespace postern::policy {

struct Model;

class PolicySet {
  public:
    // Reads [organization], [groups], [users], [permit_list], [definition.*] and [[policy]].  Null
    // when `problems` then has an error.  `lists` are the configured lists, by ListIndex.
    static std::shared_ptr<const PolicySet> load(const Document& document, ListCatalogue lists,
                                                 Problems& problems);
    // For tests and tools that make their model themselves; it must be one that load() could have
    // read.
    static std::shared_ptr<const PolicySet> from_model(Model model);
    ~PolicySet();

    // Differs when any decision could differ; the same for the same text on every machine.
    std::uint64_t hash() const;
    std::string hash_text() const;  // 16 hex digits
    const ListCatalogue& lists() const;
    // The lists that any definition can need for a client of this address; a permit list or
    // `allowed_ip` may make it fewer.  Asking others is a waste.
    ListMask wanted_lists(const IpAddress& client) const;
    // "rep-default", "built-in:reputation"; empty for none.
    std::string policy_name(const PolicyRef& policy) const;
    // The same of a written policy, without a text being made; lives as long as the set.
    std::string_view written_name(const PolicyRef& policy) const;
    const std::string& definition_name(std::uint16_t definition) const;
    // Counts from zero when the set is made.
    PolicyHits& hits() const { return *hits_; }

    struct Index;  // policy/index/index.h
    const Index& index() const { return *index_; }

  private:
    explicit PolicySet(std::unique_ptr<const Index> index);
    std::unique_ptr<const Index> index_;
    std::unique_ptr<PolicyHits> hits_;
};

// Decides `request` by all stages that it has data for.  Pure: the same arguments, the same
// decision; pending lists count as unknown.  `decision` is overwritten, its memory reused.
void decide(const PolicySet& policies, const Request& request, const Evidence& evidence,
            const Memory& memory, WallTime now, Decision& decision);

// What a decision that was given to a gateway leaves in the memory: greylisting triplets, learned
// pairs.
void remember(const PolicySet& policies, const Request& request, const Decision& decision,
              WallTime now, Memory& memory);

}  // namespace postern::policy
