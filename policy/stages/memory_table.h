// SPDX-License-Identifier: Apache-2.0
//
// A Memory in the process's own memory: bounded, forgetting what is out of date.
//
// Three tables, each in the order of last change; since all entries of a table live equally long,
// that is also the order in which they expire.  A full table gives up its oldest entry: a stranger
// may then be greylisted once more, no mail is lost.  Not for use by several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/memory.h"

namespace postern::policy {

class MemoryTable final : public Memory {
  public:
    // Of each kind: triplets that wait, triplets that got through, pairs.
    explicit MemoryTable(std::size_t entries_max = 1'000'000) : entries_max_(entries_max) {}

    std::optional<TripletState> find(const Triplet& triplet) const override;
    void put(const Triplet& triplet, const TripletState& state) override;
    std::optional<WallTime> find(const LearnedPair& pair) const override;
    void put(const LearnedPair& pair, WallTime last_message) override;
    bool has_pairs() const override { return !pairs_.empty(); }

    // A first attempt that no proper retry followed.
    struct FailedRetry {
        IpAddress client;
        std::string sender;
        std::string recipient;
        WallTime first_attempt;
    };
    // Forgets everything that no longer counts at `now`, and returns the senders who failed to
    // retry.
    std::vector<FailedRetry> forget_expired(WallTime now);
    // The same in pieces: at most `most` entries of each kind, the failures added to `failed`. True
    // when that may not be all.
    bool forget_expired(WallTime now, std::size_t most, std::vector<FailedRetry>& failed);

  private:
    // An entry per text key, in the order of the last put().
    template <class Value>
    class Table {
      public:
        struct Entry {
            std::string key;
            Value value;
        };

        const Value* find(const std::string& key) const;
        void put(const std::string& key, const Value& value, std::size_t entries_max);
        void erase(const std::string& key);
        // At most `most`, as long as `is_due` says of the oldest that it is; false: none is left.
        template <class IsDue>
        bool erase_oldest(std::size_t most, const IsDue& is_due);
        bool empty() const { return entries_.empty(); }
        const Entry& oldest() const { return entries_.front(); }

      private:
        std::list<Entry> entries_;
        std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
    };

    std::size_t entries_max_;
    Table<TripletState> waiting_;
    Table<TripletState> passed_;
    Table<WallTime> pairs_;
};

}  // namespace postern::policy
