// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/ring.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "resolver/io/fatal.h"

namespace postern::io {

namespace {

constexpr int operations_needed[] = {
    IORING_OP_ACCEPT, IORING_OP_CONNECT,      IORING_OP_RECV,
    IORING_OP_SEND,   IORING_OP_SENDMSG,      IORING_OP_RECVMSG,
    IORING_OP_READ,   IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE,
};

// What the kernel wants the ring of buffers aligned to.
constexpr std::size_t page_size = 4096;

std::string refusal(int error) {
    switch (error) {
        case EPERM:
            return "kernel refused it (EPERM: seccomp or kernel.io_uring_disabled)";
        case ENOSYS:
            return "kernel has none (ENOSYS: not built in, or hidden by seccomp)";
        case ENOMEM:
            return "kernel refused it (ENOMEM: raise the locked-memory limit, ulimit -l)";
        case EINVAL:
            return "kernel is too old (EINVAL: Linux 6.1 is needed)";
        default:
            return "kernel refused it (errno " + std::to_string(error) + ")";
    }
}

bool knows_operations(io_uring& ring) {
    io_uring_probe* const probe = io_uring_get_probe_ring(&ring);
    if (probe == nullptr) return false;
    const bool known =
        std::all_of(std::begin(operations_needed), std::end(operations_needed),
                    [&](int op) { return io_uring_opcode_supported(probe, op) != 0; });
    io_uring_free_probe(probe);
    return known;
}

__kernel_timespec to_timespec(Duration patience) {
    const Duration bounded = std::min<Duration>(patience, std::chrono::hours(1));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(bounded);
    return {.tv_sec = seconds.count(), .tv_nsec = (bounded - seconds).count()};
}

}  // namespace

tl::expected<std::unique_ptr<Ring>, std::string> Ring::open(const Options& options) {
    std::unique_ptr<Ring> ring(new Ring);
    std::string problem = ring->set_up(options);
    if (problem.empty()) problem = ring->set_up_buffers(options);
    if (!problem.empty()) return tl::unexpected(std::move(problem));
    return ring;
}

// The ring goes first: the buffers are the kernel's until then.
Ring::~Ring() {
    if (open_) io_uring_queue_exit(&ring_);
}

std::string Ring::set_up(const Options& options) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
    params.cq_entries = options.completions;
    const int error = io_uring_queue_init_params(options.submissions, &ring_, &params);
    if (error < 0) return refusal(-error);
    open_ = true;

    constexpr unsigned features = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_CQE_SKIP |
                                  IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL;
    if ((params.features & features) != features || !knows_operations(ring_)) {
        return "kernel lacks operations that Linux 6.1 has";
    }
    return {};
}

std::string Ring::set_up_buffers(const Options& options) {
    buffer_count_ = options.buffers;
    buffer_size_ = options.buffer_size;
    buffers_.resize(std::size_t{buffer_count_} * buffer_size_);

    const std::size_t size = std::max(buffer_count_ * sizeof(io_uring_buf), page_size);
    buffer_ring_.reset(static_cast<io_uring_buf_ring*>(std::aligned_alloc(page_size, size)));
    if (buffer_ring_ == nullptr) return refusal(ENOMEM);

    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffer_ring_.get());
    registration.ring_entries = buffer_count_;
    registration.bgid = buffer_group;
    const int error = io_uring_register_buf_ring(&ring_, &registration, 0);
    if (error < 0) return refusal(-error);

    io_uring_buf_ring_init(buffer_ring_.get());
    for (unsigned i = 0; i < buffer_count_; ++i) {
        io_uring_buf_ring_add(buffer_ring_.get(), &buffers_[std::size_t{i} * buffer_size_],
                              buffer_size_, static_cast<std::uint16_t>(i),
                              io_uring_buf_ring_mask(buffer_count_), static_cast<int>(i));
    }
    io_uring_buf_ring_advance(buffer_ring_.get(), static_cast<int>(buffer_count_));
    return {};
}

// From here on the ring belongs to this thread.  A bare system call: liburing 2.3 declares
// io_uring_enable_rings() but does not export it.
void Ring::enable() {
    if (enabled_) return;
    const long result =
        ::syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    if (result < 0) fatal("io_uring_register", errno);
    enabled_ = true;
}

io_uring_sqe* Ring::next() {
    io_uring_sqe* operation = io_uring_get_sqe(&ring_);
    if (operation == nullptr) {
        submit();
        operation = io_uring_get_sqe(&ring_);
    }
    return operation;
}

void Ring::submit() {
    enable();
    while (io_uring_sq_ready(&ring_) > 0) {
        const int result = io_uring_submit(&ring_);
        if (result < 0 && result != -EINTR && result != -EAGAIN) fatal("io_uring_enter", -result);
    }
}

void Ring::submit_and_wait(unsigned count, Duration patience) {
    enable();
    __kernel_timespec timeout = to_timespec(patience);
    io_uring_cqe* first = nullptr;
    const int result = io_uring_submit_and_wait_timeout(&ring_, &first, count, &timeout, nullptr);
    const bool usual = result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN;
    if (!usual) fatal("io_uring_enter", -result);
    submit();  // the rest, if the kernel was short of memory or a signal came: usually there is
               // none
}

std::span<const std::byte> Ring::buffer(const io_uring_cqe& completion) const {
    const std::size_t number = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    return {&buffers_[number * buffer_size_], static_cast<std::size_t>(completion.res)};
}

void Ring::give_back(const io_uring_cqe& completion) {
    const auto number = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    io_uring_buf_ring_add(buffer_ring_.get(), &buffers_[std::size_t{number} * buffer_size_],
                          buffer_size_, number, io_uring_buf_ring_mask(buffer_count_), 0);
    io_uring_buf_ring_advance(buffer_ring_.get(), 1);
}

}  // namespace postern::io
