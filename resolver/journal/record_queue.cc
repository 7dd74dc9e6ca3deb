// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/record_queue.h"

#include <cstring>

namespace postern::journal {

namespace {

// Sizes are aligned, so one never wraps around.
constexpr std::size_t alignment = 8;

constexpr std::size_t with_size(std::size_t size) {
    return (sizeof(std::uint32_t) + size + alignment - 1) / alignment * alignment;
}

}  // namespace

RecordQueue::RecordQueue(std::size_t capacity)
    : capacity_(capacity), buffer_(new std::byte[capacity]) {
    std::memset(buffer_.get(), 0, capacity);
}

std::span<std::byte> RecordQueue::reserve(std::size_t size) {
    const std::size_t needed = with_size(size);
    if (needed > capacity_ / 2) return {};
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    const std::size_t to_end = capacity_ - place(at);
    const std::size_t skipped = needed <= to_end ? 0 : to_end;
    const std::uint64_t end = at + skipped + needed;
    if (end - released_seen_ > capacity_) {
        released_seen_ = released_.load(std::memory_order_acquire);
        if (end - released_seen_ > capacity_) return {};
    }
    if (skipped != 0) put_size(at, mark);
    put_size(at + skipped, static_cast<Size>(size));
    writing_ = end;
    return {buffer_.get() + place(at + skipped) + sizeof(Size), size};
}

void RecordQueue::publish() { written_.store(writing_, std::memory_order_release); }

std::span<const std::byte> RecordQueue::next() {
    if (reading_ == written_seen_) {
        written_seen_ = written_.load(std::memory_order_acquire);
        if (reading_ == written_seen_) return {};
    }
    if (size_at(reading_) == mark) reading_ += capacity_ - place(reading_);
    const Size size = size_at(reading_);
    const std::span<const std::byte> record(buffer_.get() + place(reading_) + sizeof(Size), size);
    reading_ += with_size(size);
    return record;
}

void RecordQueue::release() { released_.store(reading_, std::memory_order_release); }

void RecordQueue::put_size(std::uint64_t at, Size size) {
    std::memcpy(buffer_.get() + place(at), &size, sizeof size);
}

RecordQueue::Size RecordQueue::size_at(std::uint64_t at) const {
    Size size = 0;
    std::memcpy(&size, buffer_.get() + place(at), sizeof size);
    return size;
}

}  // namespace postern::journal
