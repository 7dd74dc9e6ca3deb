// SPDX-License-Identifier: Apache-2.0
//
// The service manager that started the daemon: systemd, or whoever speaks as it does.
//
// It is told how the daemon fares (sd_notify(3)) and may have opened the sockets already
// (sd_listen_fds(3)), so that gateways can connect while no daemon runs.  Without one, telling does
// nothing and every socket is made here.  Any thread may tell.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "policy/time.h"
#include "resolver/service/unix_socket.h"

namespace postern::supervisor {

// All sockets listen and the configuration is in force.
void tell_ready(const std::string& status);
void tell_stopping();
// Restarts the daemon's watchdog; due every alive_interval().
void tell_alive();
Duration alive_interval();

// Tells that a reload is under way as long as it lives, refused reloads included.
class Reloading {
  public:
    Reloading();
    ~Reloading();
    Reloading(const Reloading&) = delete;
    Reloading& operator=(const Reloading&) = delete;
};

// The listening socket that was passed under `name` (FileDescriptorName=): gateway, postfix,
// milter or admin.
std::optional<int> passed_socket(const std::string& name);

// That one, for which owner and mode have been chosen by whoever made it; else a new one.  To be
// called once for each name, as the result closes what was passed.
tl::expected<service::UnixSocket, std::string> open_socket(
    const std::string& name, const service::UnixSocket::Options& options);

}  // namespace postern::supervisor
