// SPDX-License-Identifier: Apache-2.0
#include "resolver/supervisor.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace postern::supervisor {

namespace {

// How often loops are looked at when nobody asked for it.
constexpr Duration default_interval = std::chrono::seconds{10};

void tell(const std::string& state) { sd_notify(0, state.c_str()); }

// The names of passed descriptors, beginning with descriptor 3; null after the last.
struct Names {
    ~Names() {
        for (char** name = list; name != nullptr && *name != nullptr; ++name) std::free(*name);
        std::free(list);
    }
    char** list = nullptr;
};

}  // namespace

void tell_ready(const std::string& status) { tell("READY=1\nSTATUS=" + status); }

void tell_stopping() { tell("STOPPING=1"); }

void tell_alive() { tell("WATCHDOG=1"); }

Duration alive_interval() {
    std::uint64_t patience_us = 0;
    if (sd_watchdog_enabled(0, &patience_us) <= 0) return default_interval;
    return std::chrono::microseconds{patience_us} / 2;
}

// Later versions of systemd take the READY=1 that follows for this reload's only if they know when
// it began.
Reloading::Reloading() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

Reloading::~Reloading() { tell("READY=1"); }

std::optional<int> passed_socket(const std::string& name) {
    Names names;
    const int count = sd_listen_fds_with_names(0, &names.list);
    for (int i = 0; i < count; ++i) {
        if (names.list[i] == name) return SD_LISTEN_FDS_START + i;
    }
    return std::nullopt;
}

tl::expected<service::UnixSocket, std::string> open_socket(
    const std::string& name, const service::UnixSocket::Options& options) {
    if (const auto passed = passed_socket(name)) {
        return service::UnixSocket::adopt(*passed, options.path);
    }
    return service::UnixSocket::open(options);
}

}  // namespace postern::supervisor
