// SPDX-License-Identifier: Apache-2.0
//
// Bytes on their way from one thread to another: records of any size, in order, in a bounded
// buffer.
//
// One thread writes, one reads; neither waits for the other and neither makes a system call.  The
// buffer is taken and touched when it is made.  A record lies in one piece, behind its size; where
// it would not fit before the end of the buffer, a mark sends the reader to the start.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace postern::journal {

class RecordQueue {
  public:
    // `capacity` is a power of two, at least 64.
    explicit RecordQueue(std::size_t capacity);
    RecordQueue(const RecordQueue&) = delete;
    RecordQueue& operator=(const RecordQueue&) = delete;

    // The writer: room for a record of `size` bytes, to be filled before publish().  Empty when
    // there is none now, or never: a record takes half of the buffer at most.
    std::span<std::byte> reserve(std::size_t size);
    void publish();

    // The reader: the next record, valid until release().  Empty when there is none.
    std::span<const std::byte> next();
    // Gives back the room of all that next() has returned.
    void release();

  private:
    using Size = std::uint32_t;
    static constexpr Size mark = UINT32_MAX;

    std::size_t place(std::uint64_t at) const {
        return static_cast<std::size_t>(at) & (capacity_ - 1);
    }
    void put_size(std::uint64_t at, Size size);
    Size size_at(std::uint64_t at) const;

    const std::size_t capacity_;
    std::unique_ptr<std::byte[]> buffer_;

    // Positions count bytes since the beginning.  Each side has a line of its own, with a copy of
    // where the other was when it last looked.
    alignas(64) std::atomic<std::uint64_t> written_{0};
    std::uint64_t writing_ = 0;
    std::uint64_t released_seen_ = 0;
    alignas(64) std::atomic<std::uint64_t> released_{0};
    std::uint64_t reading_ = 0;
    std::uint64_t written_seen_ = 0;
};

}  // namespace postern::journal
