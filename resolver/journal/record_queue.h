// SPDX-License-Identifier: Apache-2.0
//
// Bytes on their way from one thread to another: records of any size, in order, in bounded memory.
//
// One thread writes, one reads; neither waits for the other and neither makes a system call.  The
// memory is in chunks.  The writer fills one after the other and prefers those that it had last, so
// that memory is touched, and caches are filled, only as far as records have ever waited; what
// usually waits fits into the chunks that are touched when the queue is made.  A record lies in one
// piece, behind its size.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace postern::journal {

class RecordQueue {
  public:
    struct Options {
        std::size_t chunk_bytes = std::size_t{256} * 1024;  // a multiple of 8
        std::size_t chunks = 16;                            // at least 2
    };

    explicit RecordQueue(const Options& options);
    RecordQueue(const RecordQueue&) = delete;
    RecordQueue& operator=(const RecordQueue&) = delete;

    // The writer: room for the next record, the rest of a chunk; where that is too little, a whole
    // one, or nothing when none is free.  The first `size` bytes of the room asked for last become
    // a record by publish().
    std::span<std::byte> room() const;
    std::span<std::byte> room_of_next_chunk();
    void publish(std::size_t size);
    // The writer: more than half of the chunks are in use.
    bool is_filling() const;

    // The reader: the next record, valid until release().  Empty when there is none.
    std::span<const std::byte> next();
    // Gives back the room of all that next() has returned.
    void release();

  private:
    struct Chunk {
        std::unique_ptr<std::byte[]> bytes;
        std::atomic<std::size_t> written{0};
    };

    bool open_chunk();
    Chunk& opened(std::uint64_t number) { return chunks_[order_[number % order_.size()]]; }

    const std::size_t chunk_bytes_;
    std::vector<Chunk> chunks_;
    // The chunks in the order in which they were opened; as many as there are can be open at once.
    std::vector<std::uint32_t> order_;

    // The writer's line; it alone changes `opened_`, how many chunks were opened so far.
    alignas(64) std::atomic<std::uint64_t> opened_{0};
    std::vector<std::uint32_t> free_;  // the one to take next is the last
    std::uint64_t freed_ = 0;          // opened chunks that came back
    Chunk* current_ = nullptr;
    std::size_t at_ = 0;  // in the current chunk

    // The reader's line; it alone changes `released_`, how many opened chunks it is done with.
    alignas(64) std::atomic<std::uint64_t> released_{0};
    std::uint64_t reading_ = 0;  // the number of the chunk
    std::size_t read_ = 0;       // in it
};

}  // namespace postern::journal
