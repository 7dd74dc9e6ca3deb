// SPDX-License-Identifier: Apache-2.0
//
// Turns the addresses of a request into the scopes that hold for them.
//
// Everything here takes its memory from a resource of the caller's, usually a Workspace, and refers
// to texts of the request: both must outlive it.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "policy/index/index.h"
#include "policy/request.h"

namespace postern::policy {

// Whom a message goes to: one address, as the request has it.
struct Party {
    Party(const PolicySet::Index& index, std::string_view its_address,
          std::pmr::memory_resource* memory);

    std::string_view address;  // canonical
    std::pmr::vector<ScopeHit> hits;
    TypeMask recipient_types = 0;  // of all hits
    bool is_internal = false;
};

// Who a message comes from: MAIL FROM, and the addresses of the header From where it is known.
class Sender {
  public:
    struct Hit {
        ScopeId scope = everyone_scope;
        TypeMask types = 0;
        bool in_envelope = false;
        std::uint32_t header_addresses = 0;  // how many of them it holds for
        std::uint32_t last_header = 0;       // the last of those, counted from 1
    };

    Sender(const PolicySet::Index& index, const Request& request,
           std::pmr::memory_resource* memory);

    // The scopes that hold for an address in view.
    std::span<const Hit> hits(View view) const;
    // The types that have any of them on the sender's side.
    TypeMask types(View view) const { return sees_header(view) ? types_ : envelope_types_; }
    std::string_view envelope_address() const { return envelope_address_; }  // canonical
    // How many addresses the header names; a header without any counts as one from the null sender.
    // 0: the header is not known.
    std::uint32_t header_addresses() const { return header_addresses_; }
    // Whether an address in view, envelope or header, is one of ours.
    bool is_internal(View view) const {
        return view == View::header ? header_is_internal_ : envelope_is_internal_;
    }

  private:
    static bool sees_header(View view) { return view == View::header || view == View::message; }
    void add_mailboxes(const PolicySet::Index& index, const std::vector<Header>& headers,
                       std::pmr::memory_resource* memory);
    void add_mailbox(const PolicySet::Index& index, std::string_view address,
                     std::string_view display_name);
    void add_envelope_to_header();
    Hit& hit(const ScopeHit& scope);

    std::string_view envelope_address_;
    std::pmr::vector<Hit> hits_;  // those of the envelope first
    std::size_t envelope_hits_ = 0;
    TypeMask envelope_types_ = 0;
    TypeMask types_ = 0;
    std::uint32_t header_addresses_ = 0;
    bool envelope_is_internal_ = false;
    bool header_is_internal_ = false;
};

}  // namespace postern::policy
