// SPDX-License-Identifier: Apache-2.0
//
// An io_uring with a ring of receive buffers: the kernel's side of uring_loop.h.
//
// The ring belongs to the thread that first hands it something (IORING_SETUP_SINGLE_ISSUER), which
// need not be the one that made it.  Completions are posted inside submit_and_wait() only
// (IORING_SETUP_DEFER_TASKRUN), besides those of operations that finish while they are handed over.
// Needs Linux 6.1.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "policy/time.h"

namespace postern::io {

struct FreeBufferRing {
    void operator()(io_uring_buf_ring* memory) const { std::free(memory); }
};

class Ring {
  public:
    // Powers of two.  Completions that find no room wait in the kernel until there is some, which
    // costs a call and memory there: `completions` should be twice what is usually in flight.
    struct Options {
        unsigned submissions = 2048;
        unsigned completions = 8192;
        unsigned buffers = 512;
        unsigned buffer_size = 4096;
    };

    // Or in plain words why this machine has no use for it.
    static tl::expected<std::unique_ptr<Ring>, std::string> open(const Options& options);

    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // The next operation to be handed over, to be filled in by an io_uring_prep_ function.
    io_uring_sqe* next();

    void submit();
    // Hands everything over and waits until `count` completions are there or `patience` has passed:
    // one system call.
    void submit_and_wait(unsigned count, Duration patience);

    // As many are taken at a time at most.
    static constexpr unsigned completions_max = 16;
    // Takes all completions there are, those that the queue had no room for too.
    template <class Take>
    void take_completions(Take take);

    // The buffer that a completion names, and its return to the kernel.
    std::span<const std::byte> buffer(const io_uring_cqe& completion) const;
    void give_back(const io_uring_cqe& completion);

    static constexpr std::uint16_t buffer_group = 0;

  private:
    Ring() = default;
    std::string set_up(const Options& options);
    std::string set_up_buffers(const Options& options);
    void enable();

    io_uring ring_{};
    bool open_ = false;
    bool enabled_ = false;
    std::unique_ptr<io_uring_buf_ring, FreeBufferRing> buffer_ring_;  // names the free buffers
    std::vector<std::byte> buffers_;
    unsigned buffer_count_ = 0;
    unsigned buffer_size_ = 0;
};

template <class Take>
void Ring::take_completions(Take take) {
    io_uring_cqe* completions[completions_max];
    // Peeking fetches what overflowed once the queue is empty.
    while (const unsigned count = io_uring_peek_batch_cqe(&ring_, completions, completions_max)) {
        take(std::span(completions).first(count));
        io_uring_cq_advance(&ring_, count);
    }
}

}  // namespace postern::io
