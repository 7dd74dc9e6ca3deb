// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a question's attempts: how their fate counts for the name servers that they were
// sent to.
#pragma once

#include "resolver/dns/question_table.h"

namespace postern::dns {

// The attempts under way have gone unanswered for `timeout`.  Silence while the list answers others
// is a lost datagram; silence of a list that answers nobody says nothing about the way to the name
// server.
void count_silence(Question& question, TimePoint last_reply_of_list, TimePoint now,
                   Duration timeout);

// `answered` has answered the question, so it was not the list that was silent where the question
// was asked before.
void blame_others(const Question& question, const Upstream& answered);

// Nothing is expected any more: ids are given back, and room in the windows.
void close_attempts(Question& question);

}  // namespace postern::dns
