// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/dns_source.h"

#include <algorithm>

namespace postern::dns {

namespace {

// After so many attempts in a row that a server left unanswered, the next one is asked first.
constexpr unsigned silent_max = 8;

}  // namespace

DnsSource::DnsSource(io::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      questions_(std::make_unique<Question[]>(options_.questions_max)) {
    for (const io::Endpoint& server : options_.servers) {
        Upstream::Owner& owner = *this;
        upstreams_.push_back(std::make_unique<Upstream>(loop_, owner, server));
        stream_seats_.push_back(std::make_unique<Seat>(*this, AresChannel::Transport::stream,
                                                       server, QuestionIndex{0}));
    }
    for (QuestionIndex i = 0; i < options_.questions_max; ++i) {
        if (i % AresChannel::queries_max == 0) {
            datagram_seats_.push_back(std::make_unique<Seat>(
                *this, AresChannel::Transport::datagrams, options_.servers.front(), i));
        }
        Question& question = questions_[i];
        question.source = this;
        question.timer.set(
            [](void* timed_out) {
                auto& late = *static_cast<Question*>(timed_out);
                late.source->on_timeout(late);
            },
            &question);
        question.next = i + 1 < options_.questions_max ? i + 1 : none;
    }
    free_ = 0;
    loop_.add_batch_end(*this);
}

DnsSource::~DnsSource() { loop_.remove_batch_end(*this); }

bool DnsSource::ask(ListIndex list, const IpAddress& address, NameForm form, Ticket ticket) {
    if (free_ == none) {
        ++stats_[list].crowded_out;
        return false;
    }
    const QuestionIndex index = free_;
    Question& question = questions_[index];
    free_ = question.next;
    ++questions_used_;
    question.address = address;
    question.ticket = ticket;
    question.asked = loop_.now();
    question.attempts = {};
    question.next = none;
    question.list = list;
    question.form = form;
    question.attempts_made = 0;
    question.state = State::waiting;
    question.truncated = false;
    loop_.timers().arm(question.timer, loop_.now() + options_.timeout * options_.attempts);

    Queue& queue = queues_[list];
    (queue.first == none ? queue.first : questions_[queue.last].next) = index;
    queue.last = index;
    return true;
}

// What came in, then what goes out.
void DnsSource::on_batch_end() {
    for (const auto& seat : datagram_seats_) seat->channel.process();
    for (const QuestionIndex index : truncated_) ask_over_tcp(questions_[index]);
    truncated_.clear();
    for (const auto& seat : stream_seats_) seat->channel.process();

    // on_answer may lead to new questions, but never to a new entry here.
    for (const Finished& finished : finished_) deliver(finished);
    finished_.clear();
    start_waiting();
}

// The lists take turns, one question each, until the windows are full.
void DnsSource::start_waiting() {
    for (const auto& upstream : upstreams_) upstream->rotate_port();
    const auto lists = static_cast<ListIndex>(options_.lists.size());
    if (lists == 0) return;
    for (ListIndex idle = 0; idle < lists;
         next_list_ = static_cast<ListIndex>((next_list_ + 1) % lists)) {
        idle = start_one(next_list_) ? ListIndex{0} : static_cast<ListIndex>(idle + 1);
    }
}

bool DnsSource::start_one(ListIndex list) {
    Queue& queue = queues_[list];
    if (queue.first == none) return false;
    Question& question = questions_[queue.first];
    if (question.state == State::abandoned) {
        queue.first = question.next;
        release(question);
        return true;
    }
    if (asked_of_list_[list] >= share_of_one_list()) return false;
    if (!upstreams_[server_for_next_attempt(question)]->window().has_room()) return false;

    const QuestionIndex index = queue.first;
    queue.first = question.next;
    question.state = State::asked;
    ++asked_of_list_[list];
    Seat& seat = seat_of(question);
    const auto id = static_cast<std::uint16_t>(index - seat.first);
    seat.channel.ask(id, query_of(question, id).bytes());
    make_attempt(question);
    return true;
}

// An attempt that cannot be sent is like one that got lost: its time runs, then the next is made.
void DnsSource::make_attempt(Question& question) {
    const std::uint8_t server = server_for_next_attempt(question);
    const unsigned attempt = question.attempts_made++;
    question.servers[attempt] = server;
    upstreams_[server]->send(index_of(question), query_of(question, 0), question.attempts[attempt]);
    ++stats_[question.list].queries;
    if (attempt > 0) ++stats_[question.list].retries;
    loop_.timers().arm(question.timer, loop_.now() + options_.timeout);
}

void DnsSource::on_datagram(Upstream& upstream, QuestionIndex index, std::uint8_t socket,
                            std::span<const std::byte> bytes) {
    Question& question = questions_[index];
    for (unsigned i = 0; i < question.attempts_made; ++i) {
        Attempt& attempt = question.attempts[i];
        const std::uint8_t server = question.servers[i];
        if (!attempt.live || upstreams_[server].get() != &upstream) continue;
        if (!matches(attempt, socket, query_of(question, 0), bytes)) continue;

        if (attempt.in_window) upstream.window().on_reply();
        attempt.in_window = false;
        last_reply_[question.list] = loop_.now();
        if (server == preferred_server_) silent_in_a_row_ = 0;
        stats_[question.list].latency.add(loop_.now() - attempt.sent);
        if (try_elsewhere(question, bytes)) return;

        close_attempts(question);
        // c-ares knows the question by the id it was asked with.
        std::array<std::byte, io::Loop::datagram_max> reply;
        const std::size_t size = std::min(bytes.size(), reply.size());
        std::copy_n(bytes.begin(), size, reply.begin());
        Seat& seat = seat_of(question);
        const QuestionIndex id = index - seat.first;
        reply[0] = static_cast<std::byte>(id >> 8);
        reply[1] = static_cast<std::byte>(id & 0xFF);
        seat.channel.receive({reply.data(), size});
        return;
    }
}

// A server that could not find out, or does not want to, says nothing about the list; another one
// may.
bool DnsSource::try_elsewhere(Question& question, std::span<const std::byte> reply) {
    if (upstreams_.size() < 2 || question.state != State::asked) return false;
    if (question.attempts_made >= options_.attempts) return false;
    const ReplyKind kind = read_listing_reply(reply, options_.lists[question.list].codes).kind;
    if (kind != ReplyKind::servfail && kind != ReplyKind::declined) return false;
    make_attempt(question);
    return true;
}

void DnsSource::on_reply(QuestionIndex index, std::span<const std::byte> reply) {
    Question& question = questions_[index];
    if (question.state == State::ended) return release(question);
    const ListingReply read = read_listing_reply(reply, options_.lists[question.list].codes);
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
    ++stats_[question.list].over_tcp;
    const auto id = static_cast<std::uint16_t>(index_of(question));
    seat_of(question).channel.ask(id, query_of(question, id).bytes());
}

void DnsSource::deliver(const Finished& finished) {
    Question& question = questions_[finished.question];
    ListStats& stats = stats_[question.list];
    ++stats.replies[static_cast<std::size_t>(finished.reply.kind)];
    const ListAnswer answer = answer_from(finished.reply);
    const bool in_time = question.state != State::late;
    if (!in_time) ++stats.late;
    // Freed first: what follows may ask again.
    const Ticket ticket = question.ticket;
    const IpAddress address = question.address;
    const ListIndex list = question.list;
    release(question);

    if (in_time) {
        answers_->on_answer(ticket, list, answer);
    } else if (!is_unknown(answer.listing.state)) {
        answers_->on_late_answer(address, list, answer);
    }
}

void DnsSource::on_timeout(Question& question) {
    switch (question.state) {
        case State::waiting:
            question.state = State::abandoned;
            return give_up(question);
        case State::asked:
            count_silence(question);
            if (question.attempts_made < options_.attempts) return make_attempt(question);
            [[fallthrough]];
        case State::over_tcp:
            question.state = State::late;
            --asked_of_list_[question.list];
            ++late_;
            if (late_ > options_.questions_max / 2) {
                end(question);
            } else {
                loop_.timers().arm(question.timer, loop_.now() + linger);
            }
            return give_up(question);
        case State::late:
            return end(question);
        case State::free:
        case State::abandoned:
        case State::ended:
            return;
    }
}

void DnsSource::give_up(Question& question) {
    ++stats_[question.list].timeouts;
    answers_->on_answer(question.ticket, question.list,
                        {.listing = {.state = Listing::State::timeout}});
}

// Silence while the list answers others is a lost datagram; silence of a list that answers nobody
// says nothing about the way to the name server.
void DnsSource::count_silence(Question& question) {
    const unsigned last = question.attempts_made - 1U;
    Attempt& attempt = question.attempts[last];
    const std::uint8_t server = question.servers[last];
    if (attempt.in_window) {
        Window& window = upstreams_[server]->window();
        if (last_reply_[question.list] > attempt.sent) {
            window.on_loss(loop_.now(), options_.timeout);
        } else {
            window.on_silence();
        }
        attempt.in_window = false;
    }
    if (server == preferred_server_ && upstreams_.size() > 1 && ++silent_in_a_row_ >= silent_max) {
        preferred_server_ = static_cast<std::uint8_t>((preferred_server_ + 1U) % upstreams_.size());
        silent_in_a_row_ = 0;
    }
}

void DnsSource::close_attempts(Question& question) {
    for (unsigned i = 0; i < question.attempts_made; ++i) {
        Upstream& upstream = *upstreams_[question.servers[i]];
        Attempt& attempt = question.attempts[i];
        upstream.forget(attempt);
        if (attempt.in_window) upstream.window().on_silence();
        attempt.in_window = false;
    }
}

// c-ares cannot cancel one query, but it can be told that it failed.
void DnsSource::end(Question& question) {
    close_attempts(question);
    if (question.state == State::late) --late_;
    question.state = State::ended;
    Seat& seat = seat_of(question);
    const auto id = static_cast<std::uint16_t>(index_of(question) - seat.first);
    seat.channel.expire(id, query_of(question, id).bytes());
}

void DnsSource::release(Question& question) {
    close_attempts(question);
    if (question.state == State::asked || question.state == State::over_tcp) {
        --asked_of_list_[question.list];
    }
    if (question.state == State::late) --late_;
    question.timer.cancel();
    question.state = State::free;
    question.next = free_;
    free_ = index_of(question);
    --questions_used_;
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

std::uint8_t DnsSource::server_for_next_attempt(const Question& question) const {
    return static_cast<std::uint8_t>((preferred_server_ + question.attempts_made) %
                                     upstreams_.size());
}

// Half of the room may be one list's; were it more, a list that does not answer would hold up the
// others.
unsigned DnsSource::share_of_one_list() const {
    unsigned room = 0;
    for (const auto& upstream : upstreams_) room += upstream->window().size();
    return options_.lists.size() == 1 ? room : std::max(room / 2, 1U);
}

Query DnsSource::query_of(const Question& question, std::uint16_t id) const {
    return {id, question.address, options_.lists[question.list].zone, question.form};
}

QuestionIndex DnsSource::index_of(const Question& question) const {
    return static_cast<QuestionIndex>(&question - questions_.get());
}

DnsSource::Seat& DnsSource::seat_of(const Question& question) {
    if (question.truncated) return *stream_seats_[question.servers[question.attempts_made - 1U]];
    return *datagram_seats_[index_of(question) / AresChannel::queries_max];
}

}  // namespace postern::dns
