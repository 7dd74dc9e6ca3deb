// SPDX-License-Identifier: Apache-2.0
//
// The asker's side of a dialect of the gateway socket: a request becomes bytes, bytes become the
// verdict.
//
// One object serves all connections; nothing of any of them is kept.  docs/protocol.md describes
// the dialects.  The benchmarks have an implementation of their own, for a peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/decision.h"
#include "policy/ip_address.h"

namespace postern::load {

// The first answer in a piece of what came.
struct Reply {
    std::size_t size = 0;  // bytes that it takes; 0: not all of it is here yet, unless malformed
    Action action = Action::accept;
    bool degraded = false;
    std::uint32_t number = 0;  // which request, in tagged dialects
    // What the server found wrong with the request, in its words.
    std::optional<std::string_view> complaint{};
    // This is no answer, and where the next one begins is lost.
    const char* malformed = nullptr;
};

class Dialect {
  public:
    virtual ~Dialect() = default;

    virtual const char* name() const = 0;
    // Answers come in any order and name the request.
    virtual bool tagged() const = 0;
    // Answers say whether they are degraded.
    virtual bool tells_degraded() const = 0;

    virtual void append_request(std::string& out, const IpAddress& client,
                                std::uint32_t number) = 0;
    // `bytes` is not empty.
    virtual Reply read(std::string_view bytes) = 0;
};

// Whom the message is from and to, in the dialects that say so.
struct Envelope {
    std::string from = "sender@sender.example";
    std::string to = "recipient@recipient.example";
};

// "native": the connection is judged.  "postfix", "json": a message at RCPT.  Null: no such
// dialect.
std::unique_ptr<Dialect> make_dialect(std::string_view name, const Envelope& envelope);

std::unique_ptr<Dialect> make_native();
std::unique_ptr<Dialect> make_postfix(const Envelope& envelope);
std::unique_ptr<Dialect> make_json(const Envelope& envelope);

}  // namespace postern::load
