// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/responder.h"

namespace postern::dns_door {

namespace {

using Kind = ZoneName::Kind;

// The longest zone wins, so that one may lie below the other.
Topic topic_of(const Query& query, const DoorOptions& options) {
    Topic topic{.zone = Zones::refusals, .name = read_zone_name(query.name(), options.zone)};
    if (!options.permit_zone) return topic;
    const ZoneName permit = read_zone_name(query.name(), *options.permit_zone);
    const bool longer = options.permit_zone->wire().size() > options.zone.wire().size();
    if (permit.kind == Kind::outside || (topic.name.kind != Kind::outside && !longer)) return topic;
    return {.zone = Zones::permits, .name = permit};
}

}  // namespace

bool Responder::needs_decision(const Query& query, Topic& topic) const {
    topic = {};
    if (query.rclass != class_internet || query.type == record_type::axfr) return false;
    topic = topic_of(query, options_);
    return topic.name.kind == Kind::address && !is_test_point(topic.name.address);
}

std::span<const std::byte> Responder::reply_at_once(const Query& query, const Topic& topic,
                                                    std::size_t size_max) {
    switch (topic.name.kind) {
        case Kind::outside:
            break;
        case Kind::apex:
            return reply_with_apex(query, size_max);
        case Kind::address:
            make_test_entry(topic.name.address, options_, entry_);
            return reply_with_entry(query, topic, size_max);
        case Kind::above_addresses:
            return reply_without(query, Rcode::no_error, topic, options_.ttl, size_max);
        case Kind::nothing:
            return reply_without(query, Rcode::name_error, topic, options_.ttl, size_max);
    }
    return reply_error(query, Rcode::refused, size_max);
}

std::span<const std::byte> Responder::reply(const Query& query, const Topic& topic,
                                            const service::Answer& answer, std::size_t size_max) {
    const bool asks_why = query.type == record_type::txt;
    make_entry(answer, topic.zone, options_, asks_why ? WithText::yes : WithText::no, entry_);
    return reply_with_entry(query, topic, size_max);
}

std::span<const std::byte> Responder::reply_error(const Query& query, Rcode rcode,
                                                  std::size_t size_max) {
    writer_.begin(query, rcode, size_max);
    return writer_.finish();
}

std::span<const std::byte> Responder::reply_with_entry(const Query& query, const Topic& topic,
                                                       std::size_t size_max) {
    if (!entry_.exists()) {
        const Rcode rcode = topic.name.is_above_too ? Rcode::no_error : Rcode::name_error;
        return reply_without(query, rcode, topic, entry_.ttl, size_max);
    }
    writer_.begin(query, Rcode::no_error, size_max);
    writer_.set_authoritative();
    switch (query.type) {
        case record_type::a:
            for (std::size_t i = 0; i < entry_.count; ++i)
                writer_.add_a(entry_.addresses[i], entry_.ttl);
            break;
        case record_type::txt:
            writer_.add_txt(entry_.text, entry_.ttl);
            break;
        case record_type::any:
            writer_.add_any_answer(entry_.ttl);
            break;
        default:
            return reply_without(query, Rcode::no_error, topic, entry_.ttl, size_max);
    }
    return writer_.finish();
}

std::span<const std::byte> Responder::reply_with_apex(const Query& query, std::size_t size_max) {
    writer_.begin(query, Rcode::no_error, size_max);
    writer_.set_authoritative();
    switch (query.type) {
        case record_type::soa:
            writer_.add_soa(options_.ttl);
            break;
        case record_type::ns:
            writer_.add_ns(options_.ttl);
            break;
        case record_type::any:
            writer_.add_any_answer(options_.ttl);
            break;
        default:
            writer_.add_negative_soa(0, options_.ttl);
    }
    return writer_.finish();
}

// "No such name", or "no such record of this name" (RFC 2308 sections 2.1 and 2.2).
std::span<const std::byte> Responder::reply_without(const Query& query, Rcode rcode,
                                                    const Topic& topic, Duration ttl,
                                                    std::size_t size_max) {
    writer_.begin(query, rcode, size_max);
    writer_.set_authoritative();
    writer_.add_negative_soa(topic.name.zone_at, ttl);
    return writer_.finish();
}

}  // namespace postern::dns_door
