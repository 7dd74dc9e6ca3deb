// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/dns_source.h"

#include <algorithm>
#include <utility>

#include "resolver/dns/attempts.h"

namespace postern::dns {

namespace {

// A server that says so says nothing about the list.
bool could_not_find_out(std::span<const std::byte> reply, const CodeMap& codes) {
    const ReplyKind kind = read_listing_reply(reply, codes).kind;
    return kind == ReplyKind::servfail || kind == ReplyKind::declined;
}

}  // namespace

DnsSource::DnsSource(io::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      upstreams_(loop_, *this, options_.servers, options_.lists.size(), options_.sources),
      questions_(options_.questions_max, *this,
                 [](void* timed_out) {
                     auto& question = *static_cast<Question*>(timed_out);
                     question.source->on_timeout(question);
                 }),
      seats_(loop_, *this, options_.servers, options_.questions_max),
      patience_([](void* source) { static_cast<DnsSource*>(source)->end_patience(); }, this),
      // What is to be done is done at the end of the batch that the timer makes.
      next_try_([](void*) {}, nullptr) {
    loop_.add_batch_end(*this);
}

DnsSource::~DnsSource() { loop_.remove_batch_end(*this); }

bool DnsSource::ask(const ListQuestion& asked, Ticket ticket) {
    const bool too_many =
        asked.purpose == Purpose::refresh && questions_.waiting(Purpose::refresh) >= refreshes_max;
    Question* const question = too_many ? nullptr : questions_.take(asked, ticket);
    if (question == nullptr) {
        ++stats_[asked.list].crowded_out;
        return false;
    }
    question->patience_ends = end_of_patience();
    questions_.enqueue(*question);
    expect_patience_to_end(question->patience_ends);
    return true;
}

// Of a question that begins to wait, or is sent for the first time, now.
TimePoint DnsSource::end_of_patience() const {
    return loop_.now() + options_.timeout * options_.attempts;
}

void DnsSource::expect_patience_to_end(TimePoint end) {
    if (!patience_.armed() || end < patience_.deadline()) loop_.timers().arm(patience_, end);
}

// Who came first is impatient first; a queue whose first can wait needs no further look.
void DnsSource::end_patience() {
    for (const Purpose purpose : {Purpose::probe, Purpose::request, Purpose::refresh}) {
        for (ListIndex list = 0; list < options_.lists.size(); ++list) {
            while (Question* const question = questions_.first(purpose, list)) {
                if (question->patience_ends > loop_.now()) {
                    expect_patience_to_end(question->patience_ends);
                    break;
                }
                dismiss(*question);
            }
        }
    }
}

// The first of its queue: it has waited in vain.
void DnsSource::dismiss(Question& question) {
    questions_.dequeue(question.asked.purpose, question.asked.list);
    give_up(question);
    release(question);
}

// What came in, then what goes out.
void DnsSource::on_batch_end() {
    seats_.process_datagrams();
    for (const QuestionIndex index : truncated_) ask_over_tcp(questions_[index]);
    truncated_.clear();
    seats_.process_streams();

    for (const Finished& finished : finished_) deliver(finished);
    finished_.clear();
    // Answers lead to further questions, and questions that nobody can be asked to further answers.
    do {
        if (std::exchange(answered_, false)) answers_->on_answers_given();
        start_waiting();
    } while (answered_);
}

// Those who wait longest for an answer first; what one of them hears may lead to another.
void DnsSource::start_waiting() {
    upstreams_.rotate_ports();
    while (start_all(Purpose::probe) || start_all(Purpose::request) ||
           start_all(Purpose::refresh)) {
    }
    if (questions_.waiting(Purpose::probe) == 0 || upstreams_.any_up()) return;
    loop_.timers().arm(next_try_, upstreams_.next_try());
}

// The lists take turns, one question each, until the windows are full.  True when any was started.
bool DnsSource::start_all(Purpose purpose) {
    if (questions_.waiting(purpose) == 0) return false;
    const auto lists = static_cast<ListIndex>(options_.lists.size());
    bool any = false;
    for (ListIndex idle = 0; idle < lists;
         next_list_ = static_cast<ListIndex>((next_list_ + 1) % lists)) {
        const bool started = start_one(purpose, next_list_);
        idle = started ? ListIndex{0} : static_cast<ListIndex>(idle + 1);
        any |= started;
    }
    return any;
}

// True when a question has left the queue.
bool DnsSource::start_one(Purpose purpose, ListIndex list) {
    Question* const question = questions_.first(purpose, list);
    if (question == nullptr) return false;
    Upstream* const upstream = upstreams_.for_attempt(0);
    if (upstream == nullptr) return start_without_server(*question);
    if (asked_of_list_[list] >= room_for(purpose) || !upstream->window().has_room()) return false;

    questions_.dequeue(purpose, list);
    start(*question, *upstream);
    if (Upstream* const down = upstreams_.to_try(loop_.now())) try_server(*down, question->asked);
    return true;
}

// While none is up, a question now and then is asked; the others wait to see what comes of it.
// Where nothing came, requests are answered at once, and probes wait on for the next try.
bool DnsSource::start_without_server(Question& question) {
    const ListQuestion& asked = question.asked;
    if (Upstream* const upstream = upstreams_.to_try(loop_.now())) {
        questions_.dequeue(asked.purpose, asked.list);
        upstream->reachability().on_try(loop_.now(), loop_.now() + options_.timeout);
        start(question, *upstream);
        return true;
    }
    if (asked.purpose == Purpose::probe || upstreams_.being_tried(loop_.now())) return false;
    dismiss(question);
    return true;
}

void DnsSource::start(Question& question, Upstream& upstream) {
    question.state = State::asked;
    question.patience_ends = end_of_patience();
    ++asked_of_list_[question.asked.list];
    retries_[question.asked.list].on_first_try();
    seats_.ask(questions_.index_of(question));
    attempt(question, upstream);
}

// Asks a server that is down what another one is being asked, so that nobody has to wait for it.
void DnsSource::try_server(Upstream& upstream, const ListQuestion& asked) {
    upstream.reachability().on_try(loop_.now(), loop_.now() + options_.timeout);
    Question* const question = questions_.take(asked, Ticket{});
    if (question == nullptr) return;
    question->state = State::late;
    ++late_;
    seats_.ask(questions_.index_of(*question));
    attempt(*question, upstream);
    loop_.timers().arm(question->timer, loop_.now() + linger);
}

// An attempt that cannot be sent is like one that got lost: its time runs, then the next is made.
void DnsSource::attempt(Question& question, Upstream& upstream) {
    Query query = query_of(question);
    upstream.send(questions_.index_of(question), query,
                  question.attempts[question.attempts_made++]);
    ++stats_[question.asked.list].queries;
    loop_.timers().arm(question.timer, loop_.now() + options_.timeout);
}

// Asks again, if that is still allowed and paid for.
bool DnsSource::try_again(Question& question) {
    if (question.attempts_made == options_.attempts || loop_.now() >= question.patience_ends ||
        question.asked.purpose == Purpose::refresh) {
        return false;
    }
    const ListIndex list = question.asked.list;
    Upstream* const upstream = upstreams_.for_attempt(question.attempts_made);
    if (upstream == nullptr || !retries_[list].take()) return false;
    ++stats_[list].retries;
    attempt(question, *upstream);
    return true;
}

// A reply may be slow rather than lost.
bool DnsSource::wait_on(Question& question) {
    if (loop_.now() >= question.patience_ends || !upstreams_.any_up()) return false;
    loop_.timers().arm(question.timer, question.patience_ends);
    return true;
}

void DnsSource::on_datagram(Upstream& upstream, QuestionIndex index, std::uint8_t socket,
                            std::span<const std::byte> bytes) {
    Question& question = questions_[index];
    for (Attempt& attempt : question.made()) {
        if (!attempt.live || attempt.upstream != &upstream) continue;
        if (!upstream.is_reply(attempt, socket, bytes)) continue;

        const ListIndex list = question.asked.list;
        if (attempt.in_window) upstream.window().on_reply();
        attempt.in_window = false;
        last_reply_[list] = loop_.now();
        stats_[list].latency.add(loop_.now() - attempt.sent);
        stats_[list].durations.add(loop_.now() - attempt.sent);
        if (try_elsewhere(question, attempt, bytes)) return;
        blame_others(question, upstream);
        question.answered_by = upstream.number();
        seats_.receive(index, bytes, attempt.question_size);
        close_attempts(question);
        return;
    }
}

// Where a server could not find out, or does not want to, another one may.
bool DnsSource::try_elsewhere(Question& question, const Attempt& attempt,
                              std::span<const std::byte> reply) {
    const ListIndex list = question.asked.list;
    if (upstreams_.size() == 1 || !could_not_find_out(reply, options_.lists[list].codes)) {
        attempt.upstream->on_answer();
        return false;
    }
    attempt.upstream->on_failure(list, attempt.sent);
    if (question.state != State::asked) return false;
    // The next attempt may have been made already: for this reply's double, or because it is late.
    return any_under_way(question) || try_again(question);
}

void DnsSource::on_reachability(const Upstream& upstream) {
    if (options_.on_server) options_.on_server(upstream.server(), upstream.reachability().up());
}

void DnsSource::on_reply(QuestionIndex index, std::span<const std::byte> reply) {
    Question& question = questions_[index];
    if (question.state == State::ended) return release(question);
    const ListingReply read = read_listing_reply(reply, options_.lists[question.asked.list].codes);
    if (read.kind == ReplyKind::truncated && !question.truncated) {
        question.truncated = true;
        truncated_.push_back(index);
    } else {
        finished_.push_back({index, read});
    }
}

void DnsSource::on_no_reply(QuestionIndex index) {
    Question& question = questions_[index];
    if (question.state == State::ended) return release(question);
    ListingReply failure;
    failure.kind = ReplyKind::failure;
    finished_.push_back({index, failure});
}

void DnsSource::ask_over_tcp(Question& question) {
    if (question.state == State::asked) {
        question.state = State::over_tcp;
        loop_.timers().arm(question.timer, loop_.now() + options_.timeout);
    }
    ++stats_[question.asked.list].over_tcp;
    seats_.ask_over_tcp(questions_.index_of(question), question.answered_by, query_of(question));
}

void DnsSource::deliver(const Finished& finished) {
    Question& question = questions_[finished.question];
    ListStats& stats = stats_[question.asked.list];
    ++stats.replies[static_cast<std::size_t>(finished.reply.kind)];
    const ListAnswer answer = answer_from(finished.reply);
    const bool in_time = question.state != State::late;
    if (!in_time) ++stats.late;
    // Freed first: what follows may ask again.
    const Ticket ticket = question.ticket;
    const ListQuestion asked = question.asked;
    release(question);

    if (in_time) {
        answered_ = true;
        answers_->on_answer(ticket, asked.list, answer);
    } else if (!is_unknown(answer.listing.state)) {
        answers_->on_late_answer(asked.address, asked.list, answer);
    }
}

void DnsSource::on_timeout(Question& question) {
    switch (question.state) {
        case State::asked:
            note_silence(question);
            if (try_again(question) || wait_on(question)) return;
            [[fallthrough]];
        case State::over_tcp:
            become_late(question);
            return give_up(question);
        case State::late:
            note_silence(question);
            return end(question);
        case State::free:
        case State::waiting:
        case State::ended:
            return;
    }
}

void DnsSource::become_late(Question& question) {
    question.state = State::late;
    --asked_of_list_[question.asked.list];
    ++late_;
    if (late_ > options_.questions_max / 2) return end(question);
    loop_.timers().arm(question.timer, loop_.now() + linger);
}

void DnsSource::give_up(Question& question) {
    answered_ = true;
    ++stats_[question.asked.list].timeouts;
    answers_->on_answer(question.ticket, question.asked.list,
                        {.listing = {.state = Listing::State::timeout}});
}

void DnsSource::note_silence(Question& question) {
    count_silence(question, last_reply_[question.asked.list], loop_.now(), options_.timeout);
}

void DnsSource::end(Question& question) {
    close_attempts(question);
    if (question.state == State::late) --late_;
    question.state = State::ended;
    const QuestionIndex index = questions_.index_of(question);
    if (question.truncated) {
        seats_.expire_over_tcp(index, question.answered_by, query_of(question));
    } else {
        seats_.expire(index);
    }
}

void DnsSource::release(Question& question) {
    close_attempts(question);
    if (question.state == State::asked || question.state == State::over_tcp) {
        --asked_of_list_[question.asked.list];
    }
    if (question.state == State::late) --late_;
    questions_.give_back(question);
}

ListAnswer DnsSource::answer_from(const ListingReply& reply) const {
    const TtlBounds& bounds = options_.ttl;
    const bool listed = reply.listing.state == Listing::State::listed;
    const Duration min = listed ? bounds.listed_min : bounds.clear_min;
    const Duration max = listed ? bounds.listed_max : bounds.clear_max;
    return {.listing = reply.listing,
            .ttl = std::clamp(reply.ttl.value_or(min), min, max),
            .kind = reply.kind};
}

// Half of the room may be one list's; were it more, a list that does not answer would hold up the
// others.  Refreshes leave half of that to those who wait.
unsigned DnsSource::room_for(Purpose purpose) const {
    const unsigned room = upstreams_.room();
    const unsigned of_one_list = options_.lists.size() == 1 ? room : room / 2;
    return std::max(purpose == Purpose::refresh ? of_one_list / 2 : of_one_list, 1U);
}

bool DnsSource::any_under_way(const Question& question) {
    return std::ranges::any_of(question.made(), &Attempt::in_window);
}

Query DnsSource::query_of(const Question& question) const {
    const ListQuestion& asked = question.asked;
    return {0, asked.address, options_.lists[asked.list].zone, asked.form};
}

}  // namespace postern::dns
