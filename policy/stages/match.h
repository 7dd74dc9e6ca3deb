// SPDX-License-Identifier: Apache-2.0
//
// Finds the policy of a type that wins.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/index/index.h"
#include "policy/request.h"
#include "policy/stages/parties.h"
#include "policy/time.h"

namespace postern::policy {

// Everything that winners are looked for with, but the parties.  All that is referred to must
// outlive it.
class Match {
  public:
    Match(const PolicySet::Index& index, const Request& request, std::span<const SourceHit> sources,
          WallTime now)
        : index_(index), request_(request), sources_(sources), now_(now) {}

    // The policy of the type that wins (R2, R3) for what is in view (R8, R9); null when none
    // matches.  Most types have no policy for two given parties, which costs a comparison here.
    const Rule* winner(PolicyType type, View view, const Sender& sender,
                       const Party& recipient) const {
        const bool is_possible =
            (recipient.recipient_types & sender.types(view) & type_bit(type)) != 0;
        return is_possible ? strongest(type, view, sender, recipient) : nullptr;
    }
    // The same among the policies from everyone to everyone, for when no party is known.
    const Rule* winner_for_everyone(PolicyType type, View view) const {
        const ScopeHit& everyone = index_.everyone;
        const bool is_possible =
            (everyone.sender_types & everyone.recipient_types & type_bit(type)) != 0;
        return is_possible ? strongest_for_everyone(type, view) : nullptr;
    }

    // R2 for header_bypass: some header of the message matches the definition.
    bool header_holds(const Rule& rule) const;

  private:
    const Rule* strongest(PolicyType type, View view, const Sender& sender,
                          const Party& recipient) const;
    const Rule* strongest_for_everyone(PolicyType type, View view) const;
    RuleIndex best_of(PolicyType type, View view, const Sender::Hit& sender,
                      std::uint32_t header_addresses, ScopeId recipient, RuleIndex best) const;
    bool holds(const Rule& rule, View view, const Sender::Hit& sender,
               std::uint32_t header_addresses) const;

    const PolicySet::Index& index_;
    const Request& request_;
    std::span<const SourceHit> sources_;
    WallTime now_;
};

// One condition of R2 at a time: whether a scope of the policy holds for the sender in view (R8,
// R9), for the recipient, and both together, in either direction where the policy has it.
bool holds_for_sender(const Rule& rule, ScopeId scope, View view, const Sender& sender);
bool holds_for_recipient(ScopeId scope, const Party& recipient);
bool scopes_hold(const Rule& rule, View view, const Sender& sender, const Party& recipient);

// R19: any instance of the header may match; the value is unfolded and trimmed first.
bool matches(const HeaderMatcher& matcher, const std::vector<Header>& headers);

}  // namespace postern::policy
