// SPDX-License-Identifier: Apache-2.0
#include "policy/decision.h"

namespace postern {

void Decision::clear() {
    verdict = Verdict();
    recipients.clear();
    connection_reputation = Reputation();
    final = true;
    degraded = false;
    policy_set = 0;
    open_lists = 0;
}

const char* to_string(Action action) {
    switch (action) {
        case Action::accept:
            return "accept";
        case Action::reject:
            return "reject";
        case Action::defer:
            return "defer";
    }
    return "";
}

const char* to_string(Stage stage) {
    switch (stage) {
        case Stage::connection:
            return "connection";
        case Stage::envelope:
            return "envelope";
        case Stage::header:
            return "header";
        case Stage::content:
            return "content";
    }
    return "";
}

const char* to_string(Reason reason) {
    switch (reason) {
        case Reason::accepted:
            return "accepted";
        case Reason::reputation:
            return "reputation";
        case Reason::reputation_unknown:
            return "reputation_unknown";
        case Reason::blocked_sender:
            return "blocked_sender";
        case Reason::blocked_client:
            return "blocked_client";
        case Reason::anti_spoofing:
            return "anti_spoofing";
        case Reason::greylisted:
            return "greylisted";
        case Reason::open_relay:
            return "open_relay";
    }
    return "";
}

const char* to_string(Permit::State state) {
    switch (state) {
        case Permit::State::none:
            return "none";
        case Permit::State::permitted_senders:
            return "permitted_senders";
        case Permit::State::auto_allow:
            return "auto_allow";
        case Permit::State::ip_range:
            return "ip_range";
        case Permit::State::voided:
            return "voided";
    }
    return "";
}

const char* to_string(Permit::Matched matched) {
    switch (matched) {
        case Permit::Matched::nothing:
            return nullptr;
        case Permit::Matched::envelope:
            return "envelope";
        case Permit::Matched::header:
            return "header";
    }
    return nullptr;
}

const char* to_string(Reputation::State state) {
    switch (state) {
        case Reputation::State::checked:
            return "checked";
        case Reputation::State::overridden:
            return "overridden";
        case Reputation::State::permit_listed:
            return "permit_listed";
        case Reputation::State::skipped:
            return "skipped";
    }
    return "";
}

// RFC 3463: the first digit is that of the reply code (2 success, 4 try again, 5 do not); subject 7
// is security and policy.  Detail 1, "delivery not authorized", fits all refusals and is what
// greylisting uses (RFC 6647).  A 421 ends the connection and speaks of no delivery, so it stays
// with detail 0, "other".
const char* enhanced_code(const Verdict& verdict) {
    switch (verdict.code) {
        case 421:
            return "4.7.0";
        case 451:
            return "4.7.1";
        case 550:
            return "5.7.1";
        default:
            return "2.0.0";
    }
}

}  // namespace postern
