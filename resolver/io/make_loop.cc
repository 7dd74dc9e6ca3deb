// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/make_loop.h"

#include "resolver/io/epoll_loop.h"
#include "resolver/io/uring_loop.h"

namespace postern::io {

std::unique_ptr<Loop> make_loop(IoChoice choice, std::string& report) {
    if (choice == IoChoice::epoll) {
        report = "epoll: as configured";
        return std::make_unique<EpollLoop>();
    }
    auto uring = UringLoop::open({});
    if (uring) {
        report = "io_uring: in use";
        return std::move(*uring);
    }
    report = "io_uring: " + uring.error();
    if (choice == IoChoice::uring) return nullptr;
    report += "; using epoll";
    return std::make_unique<EpollLoop>();
}

}  // namespace postern::io
