// SPDX-License-Identifier: Apache-2.0
//
// What a configuration says about policy, read and checked but not yet compiled: plain values.
//
// Texts that are compared later are in canonical form (mail_address.h) already.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "policy/config/document.h"
#include "policy/ip_address.h"
#include "policy/listing.h"
#include "policy/model/period.h"
#include "policy/model/scope.h"
#include "policy/policy_type.h"
#include "policy/time.h"

namespace postern::policy {

// Which address stands for the sender.
enum class BasedOn : std::uint8_t { envelope, header, both };

// The checks a header bypass can lift, one bit each.
enum class Lift : std::uint8_t {
    spam_scan = 1,
    url_protection = 2,
    attachment_protection = 4,
    content_examination = 8,
    impersonation = 16,
};
inline constexpr std::uint8_t lift_all = 31;

struct Policy {
    std::string id;
    PolicyType type = PolicyType::allowed_ip;
    Option option = Option::none;
    BasedOn based_on = BasedOn::envelope;
    Scope from;
    Scope to;
    bool enabled = true;
    bool override_rank = false;  // `override` in the configuration
    bool bidirectional = false;
    Period valid;
    WallTime created = WallTime::min();  // without `created` a policy is older than any with it
    // R7: one of either suffices; none at all means any client.
    std::vector<IpRange> source_ips;
    std::vector<std::string> hostnames;  // "mx.partner.example", or "*.partner.example"
    std::uint16_t definition = 0;        // reputation and header_bypass: index of the definition
    std::uint8_t lifts = lift_all;       // header_bypass
    std::vector<std::string> urls;       // url_protection: what the bypass is limited to
    std::string narrative;
    Place place;

    bool has_source_condition() const { return !source_ips.empty() || !hostnames.empty(); }
};

struct ReputationDefinition {
    std::string name;
    std::string description;
    bool global_permitted_list = true;
    ListMask block_lists = 0;  // none: nothing is rejected for reputation
    std::uint8_t block_list_hits = 1;
    bool defer_on_unknown = false;
    bool count_operators = false;  // lists of one operator are one hit

    friend bool operator==(const ReputationDefinition&, const ReputationDefinition&) = default;
};

struct HeaderMatcher {
    enum class How : std::uint8_t { exact, prefix, contains };
    std::string name;
    How how = How::exact;
    std::string value;
};

struct HeaderDefinition {
    std::string name;
    std::string description;
    std::vector<HeaderMatcher> matchers;  // any of them suffices
};

struct Organization {
    std::vector<Scope> internal_domains;  // domain or subdomains
    std::vector<IpRange> authorized_senders;
    std::vector<Scope> relay_exceptions;  // address or group
    std::vector<std::string> free_mail;   // domains
    std::string time_zone = "UTC";
    bool ignore_permits_on_auth_failure = false;
};

struct Group {
    std::string name;
    std::vector<std::string> entries;  // addresses, and domains (without "@")
};

struct User {
    std::string address;
    std::vector<std::string> attributes;  // "name=value"
};

struct Model {
    Organization organization;
    std::vector<Group> groups;
    std::vector<User> users;
    std::vector<IpRange> permit_ranges;
    std::vector<ReputationDefinition> reputation;
    std::uint16_t default_reputation = 0;  // the definition that applies where no policy matches
    std::vector<HeaderDefinition> headers;
    std::vector<Policy> policies;    // in the order of the files
    std::vector<std::string> files;  // Place::file points here
    ListCatalogue lists;
};

// R6.
enum class Status : std::uint8_t { active, ready, expired, disabled };
Status status_of(const Policy& policy, WallTime now);
const char* to_string(Status status);
const char* to_string(BasedOn based_on);

}  // namespace postern::policy
