// SPDX-License-Identifier: Apache-2.0
//
// A decision in the words that mail servers use: an SMTP reply, or a mark on the message.
#pragma once

#include <string>

#include "policy/decision.h"
#include "resolver/service/exchange.h"

namespace postern::service {

// The verdict and the reputation that belong together.
struct Judgement {
    const Verdict& verdict;
    const Reputation& reputation;
};

// The decision's verdict, with the reputation of the recipient it was taken from, or of the
// connection.  Refers to `decision`.
Judgement judgement_of(const Decision& decision);

// "550 5.7.1 text", for a verdict that is not to accept.
void append_refusal(std::string& out, const Answer& answer, const Judgement& judgement);

// "reject reason=reputation lists=zen,psbl": what would have happened.  Short enough for one line
// of a header.
void append_mark(std::string& out, const Answer& answer, const Judgement& judgement);

}  // namespace postern::service
