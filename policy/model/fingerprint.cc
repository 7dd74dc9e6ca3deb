// SPDX-License-Identifier: Apache-2.0
#include "policy/model/fingerprint.h"

#include <xxhash.h>

#include <memory>
#include <string>
#include <type_traits>

namespace postern::policy {

namespace {

// Collects the values as bytes in an order and width that do not depend on the machine, and hashes
// them. Every text and list is preceded by its size, so that no two models run into each other.
class Writer {
  public:
    Writer() : state_(XXH3_createState(), &XXH3_freeState) { XXH3_64bits_reset(state_.get()); }

    void add(std::uint64_t value) {
        unsigned char bytes[8];
        for (std::size_t i = 0; i < sizeof bytes; ++i)
            bytes[i] = static_cast<unsigned char>(value >> (8 * i));
        XXH3_64bits_update(state_.get(), bytes, sizeof bytes);
    }
    void add(const std::string& text) {
        add(text.size());
        XXH3_64bits_update(state_.get(), text.data(), text.size());
    }
    void add(const Scope& scope) { add(to_string(scope)); }
    void add(const IpRange& range) {
        XXH3_64bits_update(state_.get(), range.base.bytes().data(), range.base.bytes().size());
        add(range.length);
    }
    void add(WallTime time) { add(static_cast<std::uint64_t>(time.time_since_epoch().count())); }
    template <class Enum, class = std::enable_if_t<std::is_enum_v<Enum>>>
    void add(Enum value) {
        add(static_cast<std::uint64_t>(value));
    }
    template <class Value>
    void add(const std::vector<Value>& values) {
        add(values.size());
        for (const Value& value : values) add(value);
    }

    void add(const Group& group) { add_all(group.name, group.entries); }
    void add(const User& user) { add_all(user.address, user.attributes); }
    void add(const ListInfo& list) {
        add_all(list.name, list.kind, list.operator_name, list.info_url);
    }
    void add(const HeaderMatcher& matcher) { add_all(matcher.name, matcher.how, matcher.value); }
    void add(const HeaderDefinition& definition) { add_all(definition.name, definition.matchers); }
    void add(const ReputationDefinition& d) {
        add_all(d.name, d.global_permitted_list, d.block_lists, d.block_list_hits,
                d.defer_on_unknown, d.count_operators);
    }
    void add(const Organization& o) {
        add_all(o.internal_domains, o.authorized_senders, o.relay_exceptions, o.free_mail,
                o.time_zone, o.ignore_permits_on_auth_failure);
    }
    void add(const Policy& p) {
        add_all(p.id, p.type, p.option, p.based_on, p.from, p.to, p.enabled, p.override_rank,
                p.bidirectional, p.valid.from, p.valid.until, p.created, p.source_ips, p.hostnames,
                p.definition, p.lifts, p.urls);
    }

    std::uint64_t result() const { return XXH3_64bits_digest(state_.get()); }

  private:
    template <class... Values>
    void add_all(const Values&... values) {
        (add(values), ...);
    }

    std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
};

}  // namespace

std::uint64_t fingerprint(const Model& model) {
    Writer writer;
    writer.add(model.organization);
    writer.add(model.groups);
    writer.add(model.users);
    writer.add(model.permit_ranges);
    writer.add(model.reputation);
    writer.add(static_cast<std::uint64_t>(model.default_reputation));
    writer.add(model.headers);
    writer.add(model.policies);
    writer.add(model.lists);
    return writer.result();
}

}  // namespace postern::policy
