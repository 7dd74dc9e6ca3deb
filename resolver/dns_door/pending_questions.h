// SPDX-License-Identifier: Apache-2.0
//
// The questions whose address is being judged: a fixed number of places, taken at start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "resolver/dns_door/query.h"
#include "resolver/dns_door/responder.h"
#include "resolver/io/loop.h"

namespace postern::dns_door {

// Where a reply goes.
struct Client {
    io::SocketId socket;
    io::Endpoint peer;  // over UDP
    bool over_tcp = false;
};

struct Question {
    Client client;
    Query query;
    Topic topic;
};

// A question is known by its number, which stays its own until it is closed.
class PendingQuestions {
  public:
    explicit PendingQuestions(std::size_t size) : questions_(size) {
        for (std::size_t i = size; i-- > 0;) vacant_.push_back(static_cast<std::uint32_t>(i));
    }

    // Null when all places are taken.
    Question* open() {
        if (vacant_.empty()) return nullptr;
        Question& question = questions_[vacant_.back()];
        vacant_.pop_back();
        return &question;
    }
    void close(const Question& question) { vacant_.push_back(number_of(question)); }

    Question& at(std::uint64_t number) { return questions_[number]; }
    std::uint32_t number_of(const Question& question) const {
        return static_cast<std::uint32_t>(&question - questions_.data());
    }
    std::size_t open_questions() const { return questions_.size() - vacant_.size(); }

  private:
    std::vector<Question> questions_;
    std::vector<std::uint32_t> vacant_;
};

}  // namespace postern::dns_door
