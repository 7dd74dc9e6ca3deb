// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/server_process.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <ctime>

namespace postern::load {

std::optional<int> server_of(int fd) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
    if (credentials.pid <= 1) return std::nullopt;
    return credentials.pid;
}

tl::expected<Duration, std::string> cpu_time(int pid) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
        return tl::unexpected(fmt::format("there is no process {}", pid));
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

Duration own_cpu_time() { return cpu_time(::getpid()).value_or(Duration::zero()); }

}  // namespace postern::load
