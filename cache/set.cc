// SPDX-License-Identifier: Apache-2.0
#include "cache/set.h"

#include <algorithm>
#include <bit>

namespace postern::cache {

namespace {

constexpr std::uint8_t in_main = 0x80;
// The small queue gives way as long as it is longer than this, else the main queue does.
constexpr std::ptrdiff_t small_max = 1;

using Queue = std::array<std::uint8_t, ways>;

unsigned way_of(std::uint8_t entry) { return (entry & 0xFU) - 1U; }

void append(Queue& queue, std::uint8_t entry) { *std::find(queue.begin(), queue.end(), 0) = entry; }

void remove(Queue& queue, Queue::iterator position) {
    std::move(position + 1, queue.end(), position);
    queue.back() = 0;
}

Queue::iterator oldest(Queue& queue, std::uint8_t of_main) {
    return std::find_if(queue.begin(), queue.end(),
                        [of_main](std::uint8_t entry) { return (entry & in_main) == of_main; });
}

Queue::iterator oldest_of(Queue& queue, WayMask wanted) {
    return std::find_if(queue.begin(), queue.end(), [wanted](std::uint8_t entry) {
        return (1U << way_of(entry) & wanted) != 0;
    });
}

void add_ghost(SetHead& set, Tag tag) {
    std::move_backward(set.ghosts.begin(), set.ghosts.end() - 1, set.ghosts.end());
    set.ghosts.front() = tag;
}

bool remove_ghost(SetHead& set, Tag tag) {
    const auto ghost = std::find(set.ghosts.begin(), set.ghosts.end(), tag);
    if (ghost == set.ghosts.end()) return false;
    std::move(ghost + 1, set.ghosts.end(), ghost);
    set.ghosts.back() = 0;
    return true;
}

// Who of a full set has to leave.  Each turn moves an address to the main queue, or takes a find
// from one that is there already, so this ends after at most ways * (finds_max + 1) turns.
Queue::iterator choose(SetHead& set) {
    Queue& queue = set.queue;
    while (true) {
        const auto in_small = std::count_if(queue.begin(), queue.end(),
                                            [](std::uint8_t entry) { return entry < in_main; });
        const bool from_small = in_small >= small_max;
        const auto candidate = oldest(queue, from_small ? 0 : in_main);
        const std::uint8_t entry = *candidate;
        std::uint8_t& finds = set.finds[way_of(entry)];
        if (finds == 0) {
            if (from_small) add_ghost(set, set.tags[way_of(entry)]);
            return candidate;
        }
        if (!from_small) --finds;
        remove(queue, candidate);
        append(queue, entry | in_main);
    }
}

}  // namespace

WayMask SetHead::taken() const {
    return static_cast<WayMask>(~ways_with(std::bit_cast<TagWords>(tags), 0));
}

SetHead::Seat SetHead::take(Tag tag, WayMask worthless) {
    Seat seat;
    if (!is_full()) {
        seat.way = static_cast<unsigned>(std::countr_one(taken()));
    } else {
        const auto victim = worthless != 0 ? oldest_of(queue, worthless) : choose(*this);
        seat = {.way = way_of(*victim), .pushed_out = worthless == 0};
        remove(queue, victim);
    }
    tags[seat.way] = tag;
    finds[seat.way] = 0;
    const bool came_back = remove_ghost(*this, tag);
    append(queue, static_cast<std::uint8_t>((seat.way + 1U) | (came_back ? in_main : 0U)));
    return seat;
}

void SetHead::leave(unsigned way) {
    tags[way] = 0;
    remove(queue, oldest_of(queue, static_cast<WayMask>(1U << way)));
}

}  // namespace postern::cache
