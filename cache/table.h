// SPDX-License-Identifier: Apache-2.0
//
// The memory of the cache: sets of eight addresses, taken once, shared by any number of threads.
//
//      header │ set │ set │ …         one mapping, offsets only: it means the same at any address
//               └► head (64 bytes: tags, queues, ghosts) │ eight lines
//                                                           └► address (16), one cell for each list
//
// A line is 64 bytes with up to six lists, 128 with up to 14, 192 with more: with its share of the
// head, 72 bytes for an address with six lists.
//
// Readers take no lock.  Each set has a sequence number, odd while a writer is at work
// (set_writer.h): a reader who finds it odd, or changed since he began, reads again; after
// reads_max times he has found nothing, and the lists are asked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cache/cell.h"
#include "cache/cell_pair.h"
#include "cache/memory_map.h"
#include "cache/set.h"
#include "policy/ip_address.h"
#include "policy/listing.h"

namespace postern::cache {

struct TableCounters {
    std::uint64_t used = 0;        // lines that hold an address
    std::uint64_t insertions = 0;  // of addresses
    std::uint64_t evictions = 0;   // of addresses of which something good was known
    std::uint64_t skipped = 0;     // writes given up because others were writing
};

class Table {
  public:
    struct Options {
        std::size_t entries = 0;       // addresses; rounded up to whole sets
        std::size_t lists = 0;         // 1 … lists_max
        std::uint64_t hash_seed = 0;   // secret
        bool ipv6_by_network = false;  // one line for each IPv6 /64 instead of for each address
    };
    using AddressWords = std::array<std::uint64_t, 2>;
    // Where an address belongs: by a keyed hash, so that a peer who chooses addresses cannot choose
    // sets.
    struct Key {
        AddressWords address{};
        std::size_t set = 0;
        Tag tag = 0;
    };
    // A copy of the cells of a line, as many as there are lists.
    struct Line {
        std::array<CellPair, lists_max / 2> pairs;
        bool is_often_asked = false;

        Line() {}  // not to empty them first, which would cost as much as to fill them
        Cell cell(ListIndex list) const { return pairs[list / 2].cell(list % 2); }
    };
    struct AddressedLine : Line {
        AddressWords address;
    };

    explicit Table(const Options& options);

    Key key_of(const IpAddress& address) const;
    static IpAddress address_of(const AddressedLine& line);

    // The two waits of finds, begun early and for all of them at the same time: for the heads, and
    // with the heads at hand, for the lines.  Fills in a key for each address.
    void prefetch(std::span<const IpAddress> addresses, std::span<Key> keys) const;

    // Copies the line of `key`, if there is one.  A find is counted, and decides who stays; after a
    // peek the line does not know whether it is asked often.
    bool find(const Key& key, Line& line);
    bool peek(const Key& key, Line& line) const;
    // Copies the taken lines of a set to the front of `lines`; returns how many.
    std::size_t read_set(std::size_t set, std::array<AddressedLine, ways>& lines) const;

    // Empties the cells of `lists` in all lines: for readers at once, in memory by and by.  Each
    // line bears the number of the epoch in which it was last tidied, each epoch the lists that
    // were to be forgotten since.  A call begins an epoch, and tidies a part of the table so that
    // no line bears a number that is about to be used again.
    void forget_lists(ListMask lists);

    void populate(const std::stop_token& stop) const { memory_.populate(stop); }

    std::size_t lists() const { return lists_; }
    std::size_t sets() const { return sets_; }
    std::size_t bytes() const { return memory_.bytes(); }
    TableCounters counters() const;

  private:
    friend class SetWriter;
    static constexpr unsigned reads_max = 1000;
    static constexpr unsigned no_way = ways;
    static constexpr std::size_t epochs = 256;
    static constexpr std::size_t sweeps = 64;  // calls that tidy the whole table

    // Says what another process that maps the table needs to know.
    struct Header {
        std::uint64_t magic = 0;
        std::uint32_t version = 0;
        std::uint32_t line_words = 0;
        std::uint64_t sets = 0;
        std::uint64_t hash_seed = 0;
        std::uint32_t lists = 0;
        std::uint32_t ipv6_by_network = 0;
        TableCounters counters;
        std::uint64_t next_swept = 0;  // set, modulo their number
        std::uint32_t is_beginning_epoch = 0;
        std::uint32_t epoch = 0;
        std::array<ListMask, epochs> forgotten_since{};
    };
    static constexpr std::size_t header_bytes = 1024;
    static_assert(sizeof(Header) <= header_bytes);
    using HeadWords = std::array<std::uint64_t, sizeof(SetHead) / sizeof(std::uint64_t)>;

    Header& header() const { return *reinterpret_cast<Header*>(memory_.data()); }
    HeadWords& head_of(std::size_t set) const {
        return *reinterpret_cast<HeadWords*>(memory_.data() + header_bytes +
                                             set * set_words_ * sizeof(std::uint64_t));
    }
    std::uint64_t* line(HeadWords& head, unsigned way) const {
        return head.data() + head.size() + way * line_words_;
    }
    void make_key(const IpAddress& address, Key& key) const;
    void prefetch_line(const Key& key) const;
    template <class Copy>
    static bool read(const HeadWords& head, const Copy& copy);
    // Or no_way.
    unsigned read_line(HeadWords& head, const Key& key, Line& copy) const;
    unsigned find_way(HeadWords& head, const Key& key) const;
    void copy_line(HeadWords& head, unsigned way, Line& copy) const;
    ListMask forgotten_since(std::uint8_t epoch) const;
    void begin_epoch(ListMask forgotten);
    void sweep();

    // As the header has them, but nearer.
    std::size_t lists_;
    std::size_t line_words_;
    std::size_t set_words_;
    std::size_t sets_;
    std::uint64_t hash_seed_;
    bool ipv6_by_network_;
    MemoryMap memory_;
};

}  // namespace postern::cache
