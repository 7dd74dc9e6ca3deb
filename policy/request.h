// SPDX-License-Identifier: Apache-2.0
//
// What a gateway asks: a connection, and as much of a message as is known.
//
// An aggregate that owns its text, because it may wait for DNS; decoders reuse one object, so that
// a request without text costs no allocation.  Texts are as the gateway sent them: unfolded header
// values in UTF-8 or raw bytes, addresses without angle brackets, letter case kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/ip_address.h"
#include "policy/time.h"

namespace postern {

// Results of authentication checks that the gateway made; lower case as in RFC 8601 ("pass",
// "fail", "softfail", "none", …); empty when it made none.
struct AuthResults {
    std::string spf;
    std::string dkim;
    std::string dmarc;

    friend bool operator==(const AuthResults&, const AuthResults&) = default;
};

struct Header {
    std::string name;
    std::string value;
};

// What a recorded request says about the address instead of asking lists; honoured by simulate
// alone. The names are checked against the catalogue by whoever turns this into Evidence.
struct RecordedReputation {
    std::vector<std::string> listed;
    std::vector<std::string> unknown;
    bool permitted = false;
};

// What a request brings of an SMTP transaction.
enum class Step : std::uint8_t {
    whole,  // as much as is known, at once
    connect,
    mail,
    rcpt,
    headers,
    end,
};

struct Request {
    std::string id;        // returned as it is; may be empty
    std::string instance;  // Postfix's name of the message; decides nothing, like the next
    std::string queue_id;  // the mail server's, where it is known already
    // The transaction that this is a step of; returned as it is.  Empty: it stands alone.
    std::string transaction;
    Step step = Step::whole;
    IpAddress client;
    std::string hostname;  // forward-confirmed reverse name; empty: none
    std::string helo;
    bool authenticated = false;
    std::optional<std::string> mail_from;  // absent: connection stage only; "": the null sender
    std::vector<std::string> recipients;
    std::optional<std::vector<Header>> headers;  // present: the header stage is decided too
    AuthResults auth;
    std::vector<std::string> urls;
    std::string context;  // a label of the place in the gateway's configuration that asks

    std::optional<WallTime> now;                   // simulate only
    std::optional<RecordedReputation> reputation;  // simulate only

    // Back to the default state, keeping the memory of short texts where that is possible.
    void clear();
};

// "connect", "mail", …
const char* to_string(Step step);

}  // namespace postern
