// SPDX-License-Identifier: Apache-2.0
//
// The questions under way: their memory, taken at the start, and the queues in which they wait.
//
// Each list has its own queue for each purpose, first come first served, so that a list that does
// not answer cannot hold up the others', nor a refresh a request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "resolver/dns/list_source.h"
#include "resolver/dns/upstream.h"

namespace postern::dns {

class DnsSource;

// Many wait for each that is asked: what waiting touches lies together.
struct alignas(64) Question {
    enum class State : std::uint8_t {
        free,
        waiting,  // for room in a window
        asked,
        over_tcp,
        late,   // has been answered with "timeout", or nobody ever waited
        ended,  // given up for good; goes when c-ares has let go of it
    };
    static constexpr unsigned attempts_max = 3;

    ListQuestion asked;
    Ticket ticket = 0;
    TimePoint patience_ends{};  // of its waiting, then of all its attempts
    QuestionIndex next = 0;     // in its queue or the free list
    State state = State::free;
    std::uint8_t attempts_made = 0;
    std::uint8_t answered_by = 0;  // the server's number
    bool truncated = false;        // that server's reply was: the query is in its stream channel

    DnsSource* source = nullptr;
    io::Timer timer;                             // of what comes after waiting
    std::array<Attempt, attempts_max> attempts;  // the first attempts_made of them

    std::span<Attempt> made() { return std::span(attempts).first(attempts_made); }
    std::span<const Attempt> made() const { return std::span(attempts).first(attempts_made); }
};

class QuestionTable {
  public:
    // `fire` is what the questions' timers call, with the question.
    QuestionTable(std::size_t questions_max, DnsSource& source, io::Timer::Fire fire);

    // A free one, in state waiting; null when there is none.
    Question* take(const ListQuestion& asked, Ticket ticket);
    void give_back(Question& question);

    // Has the memory of a question fetched that will be needed soon.
    void prefetch(QuestionIndex index) const;
    Question& operator[](QuestionIndex index) { return questions_[index]; }
    QuestionIndex index_of(const Question& question) const;
    std::size_t used() const { return used_; }

    // By purpose and list.
    void enqueue(Question& question);
    Question* first(Purpose purpose, ListIndex list);
    void dequeue(Purpose purpose, ListIndex list);
    std::size_t waiting(Purpose purpose) const;

  private:
    struct Queue {
        QuestionIndex first = none;
        QuestionIndex last = none;
    };
    struct Room {
        std::array<Queue, lists_max> queues;
        std::size_t waiting = 0;
    };

    static constexpr QuestionIndex none = 0xFFFFFFFF;

    std::unique_ptr<Question[]> questions_;
    QuestionIndex free_ = none;
    std::size_t used_ = 0;
    std::array<Room, purposes> rooms_;
};

}  // namespace postern::dns
