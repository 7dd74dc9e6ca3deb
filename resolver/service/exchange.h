// SPDX-License-Identifier: Apache-2.0
//
// What passes between the gateway socket and the pipeline.
#pragma once

#include <cstdint>

#include "policy/decision.h"
#include "policy/policy_set.h"
#include "policy/request.h"
#include "policy/time.h"
#include "resolver/io/loop.h"

namespace postern::service {

// Where the reply to a request goes.  Outlives the connection harmlessly.
struct Origin {
    io::SocketId stream;
    std::uint64_t tag = 0;  // the dialect's own: which request of the connection
};

// A decision with all that the dialects need to put it into words.  References; valid during the
// call.
struct Answer {
    const Request& request;
    const Decision& decision;
    const Evidence& evidence;
    const policy::PolicySet& policies;
    Duration elapsed{};
};

// Takes requests; the pipeline.  Every request gets exactly one reply, from inside the call or
// later.
class RequestSink {
  public:
    virtual ~RequestSink() = default;
    // `request` is valid during the call only.
    virtual void on_request(const Origin& origin, const Request& request) = 0;
};

// Takes replies; the gateway server.  A reply to a connection that is gone does nothing.
class ReplySink {
  public:
    virtual ~ReplySink() = default;
    virtual void reply(const Origin& origin, const Answer& answer) = 0;
};

// What decisions do to mail: `monitor` decides and logs but answers accept, `tag` answers accept
// and marks, `enforce` means it.
enum class Mode : std::uint8_t { monitor, tag, enforce };

}  // namespace postern::service
