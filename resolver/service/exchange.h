// SPDX-License-Identifier: Apache-2.0
//
// What passes between the gateway socket and the pipeline.
#pragma once

#include <cstdint>
#include <span>

#include "policy/decision.h"
#include "policy/policy_set.h"
#include "policy/request.h"
#include "policy/time.h"
#include "resolver/io/loop.h"

namespace postern::service {

// By which door a request came in.
enum class Door : std::uint8_t {
    native,
    postfix,
    json,
    milter,
    dns,
    http,
    trial,  // an operator tries something out: it leaves no trace
};
inline constexpr std::size_t doors = 7;

// "native", "postfix", …
const char* to_string(Door door);

// Where the reply to a request goes.  Outlives the connection harmlessly.
struct Origin {
    io::SocketId stream;
    std::uint64_t tag = 0;  // the door's own: which request of the connection
    Door door = Door::native;
};

// What decisions do to mail: `monitor` decides and logs but answers accept, `tag` answers accept
// and marks, `enforce` means it.
enum class Mode : std::uint8_t { monitor, tag, enforce };

// A decision with all that is needed to put it into words.  References; valid during the call, and
// only until the next request is asked.
struct Answer {
    const Request& request;
    const Decision& decision;
    const Evidence& evidence;
    const policy::PolicySet& policies;
    Duration elapsed{};
    Mode mode = Mode::enforce;
    // The same for answers of one worker with the same decision, evidence and policies; 0: there is
    // none.
    std::uint64_t alike = 0;
};

// Takes replies; whoever asked.  A reply to a connection that is gone does nothing.
class ReplySink {
  public:
    virtual ~ReplySink() = default;
    virtual void reply(const Origin& origin, const Answer& answer) = 0;
};

// Takes requests; the pipeline.
class RequestSink {
  public:
    virtual ~RequestSink() = default;
    // `replies` gets exactly one reply, from inside this call or later, and must live until then.
    // `request` is valid during the call only.
    virtual void ask(const Origin& origin, const Request& request, ReplySink& replies) = 0;
    // Connections from these clients are about to be asked about, one after the other: what is
    // known of them may be fetched together.  Changes no reply.
    virtual void expect(std::span<const IpAddress>) {}
};

// Is told of every decision that leaves by a door, just before it does; not of trials.  On the
// loop: it must neither wait nor ask.
class DecisionObserver {
  public:
    virtual ~DecisionObserver() = default;
    virtual void on_decision(const Origin& origin, const Answer& answer) = 0;
};

}  // namespace postern::service
