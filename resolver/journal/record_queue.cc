// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/record_queue.h"

#include <algorithm>
#include <cstring>

namespace postern::journal {

namespace {

using Size = std::uint32_t;

constexpr std::size_t alignment = 8;
constexpr std::size_t touched = 2;  // chunks

constexpr std::size_t with_size(std::size_t size) {
    return (sizeof(Size) + size + alignment - 1) / alignment * alignment;
}

}  // namespace

RecordQueue::RecordQueue(const Options& options)
    : chunk_bytes_(options.chunk_bytes), chunks_(options.chunks), order_(options.chunks) {
    free_.reserve(chunks_.size());
    for (std::size_t i = chunks_.size(); i-- > 0;) {
        chunks_[i].bytes.reset(new std::byte[chunk_bytes_]);
        if (i < touched) std::memset(chunks_[i].bytes.get(), 0, chunk_bytes_);
        free_.push_back(static_cast<std::uint32_t>(i));
    }
    open_chunk();
}

std::span<std::byte> RecordQueue::room() const {
    const std::span<std::byte> rest(current_->bytes.get() + at_, chunk_bytes_ - at_);
    return rest.subspan(std::min(sizeof(Size), rest.size()));
}

std::span<std::byte> RecordQueue::room_of_next_chunk() {
    if (at_ > 0 && !open_chunk()) return {};
    return room();
}

void RecordQueue::publish(std::size_t size) {
    const auto head = static_cast<Size>(size);
    std::memcpy(current_->bytes.get() + at_, &head, sizeof head);
    at_ += with_size(size);
    current_->written.store(at_, std::memory_order_release);
}

// What was written into the chunk before is published first: whoever sees the new chunk sees all
// of it.
bool RecordQueue::open_chunk() {
    for (const std::uint64_t released = released_.load(std::memory_order_acquire);
         freed_ < released; ++freed_) {
        free_.push_back(order_[freed_ % order_.size()]);
    }
    if (free_.empty()) return false;
    const std::uint64_t number = opened_.load(std::memory_order_relaxed);
    order_[number % order_.size()] = free_.back();
    current_ = &chunks_[free_.back()];
    free_.pop_back();
    at_ = 0;
    current_->written.store(0, std::memory_order_relaxed);
    opened_.store(number + 1, std::memory_order_release);
    return true;
}

bool RecordQueue::is_filling() const {
    const std::uint64_t waiting =
        opened_.load(std::memory_order_relaxed) - released_.load(std::memory_order_relaxed);
    return waiting * 2 > chunks_.size();
}

std::span<const std::byte> RecordQueue::next() {
    // Looked at before what was written: if there is a later chunk, this one is complete.
    while (true) {
        const bool is_last = reading_ + 1 == opened_.load(std::memory_order_acquire);
        const Chunk& chunk = opened(reading_);
        if (read_ < chunk.written.load(std::memory_order_acquire)) break;
        if (is_last) return {};
        ++reading_;
        read_ = 0;
    }
    const std::byte* const record = opened(reading_).bytes.get() + read_;
    Size size = 0;
    std::memcpy(&size, record, sizeof size);
    read_ += with_size(size);
    return {record + sizeof size, size};
}

void RecordQueue::release() { released_.store(reading_, std::memory_order_release); }

}  // namespace postern::journal
