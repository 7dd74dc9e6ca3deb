// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "resolver/io/fatal.h"

namespace postern::io {

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC)) {
    if (fd_ < 0) fatal("eventfd", errno);
}

Wakeup::~Wakeup() { ::close(fd_); }

void Wakeup::wake() noexcept {
    const int error = errno;  // of the code that a signal handler interrupted
    const std::uint64_t one = 1;
    while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = error;
}

}  // namespace postern::io
