// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/random_pool.h"

#include <sys/random.h>

#include <cerrno>
#include <span>

#include "resolver/io/fatal.h"

namespace postern::io {

std::uint64_t RandomPool::next() {
    if (used_ == size) fill();
    return numbers_[used_++];
}

// More than 256 bytes may come in pieces when a signal arrives (getrandom(2)).
void RandomPool::fill() {
    std::span<std::byte> rest = std::as_writable_bytes(std::span(numbers_));
    while (!rest.empty()) {
        const ssize_t count = ::getrandom(rest.data(), rest.size(), 0);
        if (count < 0 && errno != EINTR) fatal("getrandom", errno);
        if (count > 0) rest = rest.subspan(static_cast<std::size_t>(count));
    }
    used_ = 0;
}

}  // namespace postern::io
