// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/memory_table.h"

#include <algorithm>
#include <string_view>

#include "policy/stages/auto_allow.h"
#include "policy/stages/greylisting.h"

namespace postern::policy {

namespace {

// The parts of a key are separated by a byte that no address holds.
constexpr char separator = '\0';
constexpr std::size_t address_size = sizeof(IpAddress::Bytes);

std::string key_of(const Triplet& triplet) {
    const IpAddress::Bytes& bytes = triplet.client.bytes();
    std::string key(bytes.begin(), bytes.end());
    key += triplet.sender;
    key += separator;
    key += triplet.recipient;
    return key;
}

std::string key_of(const LearnedPair& pair) {
    std::string key(pair.user);
    key += separator;
    key += pair.correspondent;
    return key;
}

MemoryTable::FailedRetry failed_retry(const std::string& key, const TripletState& state) {
    IpAddress::Bytes client;
    std::copy_n(key.begin(), address_size, client.begin());
    const std::size_t end = key.find(separator, address_size);
    return {.client = IpAddress(client),
            .sender = key.substr(address_size, end - address_size),
            .recipient = key.substr(end + 1),
            .first_attempt = state.first_attempt};
}

}  // namespace

template <class Value>
const Value* MemoryTable::Table<Value>::find(const std::string& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &found->second->value;
}

template <class Value>
void MemoryTable::Table<Value>::put(const std::string& key, const Value& value,
                                    std::size_t entries_max) {
    erase(key);
    if (entries_.size() >= entries_max) erase(std::string(oldest().key));
    places_[key] = entries_.insert(entries_.end(), {key, value});
}

template <class Value>
void MemoryTable::Table<Value>::erase(const std::string& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
}

template <class Value>
template <class IsDue>
bool MemoryTable::Table<Value>::erase_oldest(std::size_t most, const IsDue& is_due) {
    for (std::size_t erased = 0; erased < most; ++erased) {
        if (entries_.empty() || !is_due(oldest())) return false;
        erase(std::string(oldest().key));
    }
    return true;
}

std::optional<TripletState> MemoryTable::find(const Triplet& triplet) const {
    const std::string key = key_of(triplet);
    const TripletState* state = passed_.find(key);
    if (state == nullptr) state = waiting_.find(key);
    if (state == nullptr) return std::nullopt;
    return *state;
}

void MemoryTable::put(const Triplet& triplet, const TripletState& state) {
    const std::string key = key_of(triplet);
    (state.last_pass ? waiting_ : passed_).erase(key);
    (state.last_pass ? passed_ : waiting_).put(key, state, entries_max_);
}

std::optional<WallTime> MemoryTable::find(const LearnedPair& pair) const {
    const WallTime* last = pairs_.find(key_of(pair));
    if (last == nullptr) return std::nullopt;
    return *last;
}

void MemoryTable::put(const LearnedPair& pair, WallTime last_message) {
    pairs_.put(key_of(pair), last_message, entries_max_);
}

std::vector<MemoryTable::FailedRetry> MemoryTable::forget_expired(WallTime now) {
    std::vector<FailedRetry> failed;
    forget_expired(now, SIZE_MAX, failed);
    return failed;
}

bool MemoryTable::forget_expired(WallTime now, std::size_t most, std::vector<FailedRetry>& failed) {
    const bool more_passed = passed_.erase_oldest(
        most, [&](const auto& entry) { return now - *entry.value.last_pass > triplet_lifetime; });
    const bool more_pairs = pairs_.erase_oldest(
        most, [&](const auto& entry) { return now - entry.value > pair_lifetime; });
    const bool more_waiting = waiting_.erase_oldest(most, [&](const auto& entry) {
        const bool failed_to_retry = now - entry.value.first_attempt > retry_latest;
        if (failed_to_retry) failed.push_back(failed_retry(entry.key, entry.value));
        return failed_to_retry;
    });
    return more_passed || more_pairs || more_waiting;
}

}  // namespace postern::policy
