// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/judged_messages.h"

#include <xxhash.h>

#include <algorithm>

namespace postern::service {

namespace {

// Never 0, which is a free place.
std::uint64_t key_of(std::string_view instance, const IpAddress& client) {
    const std::uint64_t seed = XXH3_64bits(client.bytes().data(), client.bytes().size());
    return XXH3_64bits_withSeed(instance.data(), instance.size(), seed) | 1U << 31;
}

}  // namespace

void JudgedMessages::remember(std::string_view instance, const IpAddress& client) {
    if (instance.empty()) return;
    const std::uint64_t key = key_of(instance, client);
    Set& set = sets_[key % sets_.size()];
    // The place that it has already, or else the oldest one's, is where the younger ones move up.
    const auto place = std::find(set.begin(), set.end() - 1, key);
    std::move_backward(set.begin(), place, place + 1);
    set.front() = key;
}

bool JudgedMessages::contains(std::string_view instance, const IpAddress& client) const {
    if (instance.empty()) return false;
    const std::uint64_t key = key_of(instance, client);
    const Set& set = sets_[key % sets_.size()];
    return std::find(set.begin(), set.end(), key) != set.end();
}

}  // namespace postern::service
