// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/question_table.h"

namespace postern::dns {

QuestionTable::QuestionTable(std::size_t questions_max, DnsSource& source, io::Timer::Fire fire)
    : questions_(std::make_unique<Question[]>(questions_max)) {
    for (std::size_t i = questions_max; i-- > 0;) {
        Question& question = questions_[i];
        question.source = &source;
        question.timer.set(fire, &question);
        question.next = free_;
        free_ = static_cast<QuestionIndex>(i);
    }
}

Question* QuestionTable::take(const ListQuestion& asked, Ticket ticket) {
    if (free_ == none) return nullptr;
    Question& question = questions_[free_];
    free_ = question.next;
    if (free_ != none) prefetch(free_);  // the lists' questions are taken one after the other
    ++used_;
    question.asked = asked;
    question.ticket = ticket;
    question.next = none;
    question.attempts_made = 0;
    question.state = Question::State::waiting;
    question.truncated = false;
    return &question;
}

void QuestionTable::give_back(Question& question) {
    question.timer.cancel();
    question.state = Question::State::free;
    question.next = free_;
    free_ = index_of(question);
    --used_;
}

QuestionIndex QuestionTable::index_of(const Question& question) const {
    return static_cast<QuestionIndex>(&question - questions_.get());
}

void QuestionTable::enqueue(Question& question) {
    Room& room = rooms_[static_cast<std::size_t>(question.asked.purpose)];
    Queue& queue = room.queues[question.asked.list];
    const QuestionIndex index = index_of(question);
    (queue.first == none ? queue.first : questions_[queue.last].next) = index;
    queue.last = index;
    ++room.waiting;
}

void QuestionTable::prefetch(QuestionIndex index) const {
    const auto* const lines = reinterpret_cast<const std::byte*>(&questions_[index]);
    for (std::size_t at = 0; at < sizeof(Question); at += alignof(Question)) {
        __builtin_prefetch(lines + at, 1);
    }
}

Question* QuestionTable::first(Purpose purpose, ListIndex list) {
    const QuestionIndex first = rooms_[static_cast<std::size_t>(purpose)].queues[list].first;
    return first == none ? nullptr : &questions_[first];
}

void QuestionTable::dequeue(Purpose purpose, ListIndex list) {
    Room& room = rooms_[static_cast<std::size_t>(purpose)];
    Queue& queue = room.queues[list];
    queue.first = questions_[queue.first].next;
    --room.waiting;
    // It has waited so long that it left the processor's cache; the other lists' turns come first.
    if (queue.first != none) prefetch(queue.first);
}

std::size_t QuestionTable::waiting(Purpose purpose) const {
    return rooms_[static_cast<std::size_t>(purpose)].waiting;
}

}  // namespace postern::dns
