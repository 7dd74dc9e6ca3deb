// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/server_process.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>

namespace postern::load {

std::optional<int> server_of(int fd) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
    if (credentials.pid <= 1) return std::nullopt;
    return credentials.pid;
}

tl::expected<Duration, std::string> cpu_time(int pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    if (!file) return tl::unexpected(fmt::format("there is no process {}", pid));
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    // The name in field 2 may hold anything, a closing bracket too.
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 2)));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    std::int64_t user = 0;
    std::int64_t system = 0;
    if (!(fields >> user >> system)) {
        return tl::unexpected(fmt::format("/proc/{}/stat is not as expected", pid));
    }
    const Duration tick = Duration(std::chrono::seconds{1}) / ::sysconf(_SC_CLK_TCK);
    return (user + system) * tick;
}

Duration own_cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace postern::load
