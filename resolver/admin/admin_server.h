// SPDX-License-Identifier: Apache-2.0
//
// The admin socket: HTTP/1.1 with JSON, for posternctl, health checks and people with curl.
//
//      GET    /healthz          200 while the loop of every worker turns, else 503
//      GET    /readyz           200 when a list votes or a snapshot was loaded, else 503
//      GET    /metrics          for Prometheus (docs/metrics.md)
//      GET    /v1/ping          {"status":"ok", …}
//      POST   /v1/check         a request, as on the gateway socket; its decision
//                               (decisions.h); an array of requests gets an array
//      POST   /v1/explain       the same, with every policy type's winner and why the others lost
//      GET    /v1/explain?ip=   the same, of a connection
//      POST   /v1/hooks/check   as /v1/check, for gateways: leaves a trace, and heeds the mode
//      POST   /v1/hooks/stalwart  an MTA hook of Stalwart
//      GET    /v1/lists         state, counts and latency of each list
//      GET    /v1/cache         size and counts
//      GET    /v1/cache/IP      what is remembered of an address
//      DELETE /v1/cache[/IP]    forget all, or one address
//      GET    /v1/track?…       the decision log, searched (docs/tracking.md)
//      GET    /v1/policies      effective order and status
//      POST   /v1/reload        read the configuration again; 422 with the problems when it is
//                               refused
//      POST   /v1/reload/force  the same, however much changes
//
// libmicrohttpd serves it on threads of its own, apart from the data path.  Errors are
// {"error":"what is wrong"} with a fitting status.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "resolver/config/config.h"
#include "resolver/daemon.h"

struct MHD_Daemon;

namespace postern::admin {

class AdminServer {
  public:
    // `daemon` must have been started and must outlive the server.
    explicit AdminServer(Daemon& daemon) : daemon_(daemon) {}
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    // The error is a sentence for the operator.
    tl::expected<void, std::string> start(const config::AdminConfig& config,
                                          const std::string& group);
    void stop();

  private:
    struct Stop {
        void operator()(MHD_Daemon* server) const;
    };
    using Server = std::unique_ptr<MHD_Daemon, Stop>;

    tl::expected<void, std::string> serve(int listener, const std::string& name);

    Daemon& daemon_;
    std::unique_ptr<service::UnixSocket> socket_;
    std::vector<Server> servers_;
};

}  // namespace postern::admin
