// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/record_reader.h"

#include <cstring>

#include "policy/index/hash.h"

namespace postern::tracking {

bool RecordReader::read(std::span<const std::byte> bytes, const ListCatalogue& lists) {
    RecordHead head;
    const std::optional<Tail> tail = decode_head(bytes, head);
    if (!tail) return false;
    constexpr std::uint64_t seed = 0;
    current_ = policy::hash_of(tail->bytes.data(), tail->bytes.size(), seed) % known_.size();
    Known& known = known_[current_];
    if (!known.is(*tail, lists) && !known.become(*tail, lists)) return false;
    static_cast<RecordHead&>(known.record) = head;
    known.terms.resize(known.terms_of_tail);
    append_client_terms(head.client, known.terms);
    return true;
}

bool RecordReader::Known::is(const Tail& tail, const ListCatalogue& catalogue) const {
    return lists == &catalogue && flags == tail.flags && bytes.size() == tail.bytes.size() &&
           std::memcmp(bytes.data(), tail.bytes.data(), bytes.size()) == 0;
}

bool RecordReader::Known::become(const Tail& tail, const ListCatalogue& catalogue) {
    lists = nullptr;
    flags = tail.flags;
    bytes.assign(tail.bytes.begin(), tail.bytes.end());
    if (!decode_tail({.flags = flags, .bytes = bytes}, record)) return false;
    terms.clear();
    append_other_terms(record, catalogue, terms);
    terms_of_tail = terms.size();
    lists = &catalogue;
    return true;
}

}  // namespace postern::tracking
