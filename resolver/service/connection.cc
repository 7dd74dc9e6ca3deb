// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/connection.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "resolver/service/json_lines.h"
#include "resolver/service/native.h"
#include "resolver/service/native_dialect.h"
#include "resolver/service/postfix.h"

namespace postern::service {

namespace {

// Replies are handed to the loop in pieces of about this size at most, so that a peer which does
// not read is noticed before the replies to all it has sent are made.
constexpr std::size_t out_size_max = 64U << 10;
// An empty buffer above this size is given back: most connections are idle most of the time.
constexpr std::size_t held_kept_max = 64;
// A request that costs less than this is not held up when memory is short, if it is the
// connection's only one: that is how mail servers ask.
constexpr std::size_t always_affordable = 4U << 10;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The native dialect of any version; its own code then refuses those it does not know.
bool is_native(char c) { return (static_cast<std::uint8_t>(c) & 0xF0) == (native::mark & 0xF0); }

// The length of a packet, of which the highest byte is 0.
bool is_milter(char c) { return c == '\0'; }

}  // namespace

void Connection::on_bytes(std::string_view bytes) {
    if (ended_ || bytes.empty()) return;
    if (dialect_ == nullptr) choose_dialect(bytes.front());
    shared_.moved += bytes.size();

    reading_ = true;
    if (held_.empty()) {
        held_ += bytes.substr(take(bytes));
    } else {
        held_ += bytes;
        take_held();
    }
    settle();
}

bool Connection::foresee(std::string_view bytes, IpAddress& client) const {
    if (dialect_ == nullptr || !held_.empty()) return false;
    Queries& queries = shared_.scratch.queries;
    dialect_->read_queries(bytes, queries);
    if (queries.count == 0) return false;
    client = queries.clients.front();
    return true;
}

void Connection::end() {
    if (ended_) return;
    ended_ = true;
    reading_ = true;
    take_held();
    settle();
}

void Connection::on_drained() {
    full_ = false;
    resume();
}

void Connection::resume() {
    queued_ = false;
    if (!stalled_ || full_ || !within(Part::half)) return;
    stalled_ = false;
    reading_ = true;
    take_held();
    if (!stalled_) shared_.loop.resume_reading(stream_);
    settle();
}

// Whatever is none of the others is left to the JSON dialect, whose errors people can read.
void Connection::choose_dialect(char first) {
    if (is_native(first)) {
        dialect_ = std::make_unique<NativeDialect>(shared_.scratch);
        counters_ = &shared_.counters.native;
    } else if (is_letter(first)) {
        dialect_ = std::make_unique<Postfix>(shared_.scratch);
        counters_ = &shared_.counters.postfix;
    } else if (is_milter(first)) {
        dialect_ = std::make_unique<milter::Session>(shared_.milter);
        counters_ = &shared_.counters.milter;
    } else {
        dialect_ = std::make_unique<JsonLines>(shared_.scratch);
        counters_ = &shared_.counters.json;
    }
}

// Takes whole requests from the front of `bytes` as far as the limits allow; returns their length.
std::size_t Connection::take(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && !stalled_ && !lost_) {
        const std::string_view rest = bytes.substr(taken);
        if (const std::size_t size = take_queries(rest); size > 0) {
            taken += size;
            continue;
        }
        const Cut cut = dialect_->cut(rest, seen_, ended_);
        if (cut.error != nullptr) {
            refuse(cut.error);
            break;
        }
        seen_ = cut.size == 0 ? rest.size() : 0;
        if (cut.size == 0 || !take_one(rest.substr(0, cut.size))) break;
        taken += cut.size;
    }
    return lost_ ? bytes.size() : taken;
}

// The same of queries that came together: of most requests.
std::size_t Connection::take_queries(std::string_view bytes) {
    Queries& queries = shared_.scratch.queries;
    dialect_->read_queries(bytes, queries);
    if (queries.count == 0) return 0;
    if (queries.count > 1) shared_.sink.expect(std::span(queries.clients).first(queries.count));
    std::size_t taken = 0;
    for (; taken < queries.count && !stalled_; ++taken) {
        shared_.scratch.query.client = queries.clients[taken];
        ask(Ticket({.number = queries.tags[taken]}), shared_.scratch.query);
        pace();
    }
    counters_->requests += taken;
    progress_ = true;
    seen_ = 0;
    return taken * queries.size;
}

void Connection::take_held() {
    held_.erase(0, take(held_));
    // Assigning an empty string would keep the memory.
    if (held_.empty() && held_.capacity() > held_kept_max) held_.shrink_to_fit();
}

// False: the request stays where it is until there is memory for it.
bool Connection::take_one(std::string_view bytes) {
    shared_.text.clear();
    const Intake intake = dialect_->read(bytes, shared_.text);
    if (intake.kind == Intake::Kind::nothing) return true;
    if (!affordable(intake)) {
        stall();
        queue_up(shared_.starved);
        return false;
    }
    progress_ = true;
    if (intake.kind == Intake::Kind::lost) {
        refuse(intake.error);
        return true;
    }
    ++counters_->requests;
    if (intake.kind == Intake::Kind::question) {
        ask(Ticket({.number = dialect_->ordered() ? order_.take_place() : intake.tag,
                    .weight = intake.weight,
                    .whole = intake.whole}),
            *intake.request);
    } else if (!shared_.text.empty()) {
        say(shared_.text);
    }
    if (intake.kind == Intake::Kind::foresight) look_ahead(intake);
    if (intake.kind == Intake::Kind::farewell) give_up();
    if (intake.kind == Intake::Kind::malformed) {
        ++counters_->malformed;
        if (++malformed_ >= shared_.limits.malformed) give_up();
        report(intake.error);
    }
    pace();
    return true;
}

// Says what there is to say, and stops reading at a limit.
void Connection::pace() {
    if (shared_.out.size() >= out_size_max) flush();
    if (!within(Part::all)) {
        stall();
    } else if (shared_.said >= shared_.limits.said_in_batch) {
        stall();
        queue_up(shared_.ready);
    }
}

void Connection::ask(Ticket ticket, const Request& request) {
    ++in_flight_;
    bytes_in_flight_ += ticket.weight();
    shared_.requests.take(1);
    shared_.request_bytes.take(ticket.weight());
    shared_.sink.ask({.stream = stream_, .tag = ticket.tag(), .door = dialect_->door()}, request,
                     shared_.replies);
}

// Not when room is getting short: nothing depends on it.
void Connection::look_ahead(const Intake& intake) {
    if (shared_.requests.left() < shared_.requests.size() / 2) return;
    shared_.requests.take(1);
    shared_.sink.ask({.stream = {}, .tag = 0, .door = Door::trial}, *intake.request,
                     shared_.unheard);
}

// A reply that needs no decision.
void Connection::say(std::string_view reply) {
    ++counters_->replies;
    if (dialect_->ordered()) {
        order_.put(order_.take_place(), reply, shared_.out);
    } else {
        shared_.out += reply;
    }
}

void Connection::reply(Ticket ticket, const Answer& answer) {
    --in_flight_;
    bytes_in_flight_ -= ticket.weight();
    ++counters_->replies;
    if (reading_) {
        append(shared_.out, ticket, answer);
        return;
    }
    active_ = shared_.loop.now();
    shared_.late.clear();
    append(shared_.late, ticket, answer);
    send(shared_.late);
    if (stalled_ && !full_ && within(Part::half)) queue_up(shared_.ready);
    close_if_done();
}

void Connection::append(std::string& out, Ticket ticket, const Answer& answer) {
    if (!dialect_->ordered()) {
        dialect_->append_answer(out, ticket, answer);
        return;
    }
    shared_.text.clear();
    dialect_->append_answer(shared_.text, ticket, answer);
    order_.put(ticket.number(), shared_.text, out);
}

// The place in the stream is lost.
void Connection::refuse(std::string_view error) {
    ++counters_->requests;
    ++counters_->malformed;
    shared_.text.clear();
    dialect_->append_lost(shared_.text, error);
    if (!shared_.text.empty()) say(shared_.text);
    give_up();
    report(error);
}

void Connection::give_up() {
    ended_ = true;
    lost_ = true;
}

void Connection::report(std::string_view error) const {
    if (!shared_.on_protocol_error) return;
    shared_.on_protocol_error({.peer = shared_.loop.peer_credentials(stream_),
                               .dialect = dialect_->name(),
                               .what = error,
                               .closing = lost_});
}

void Connection::flush() {
    send(shared_.out);
    shared_.out.clear();
}

void Connection::send(std::string_view bytes) {
    if (bytes.empty()) return;
    shared_.said += bytes.size();
    shared_.moved += bytes.size();
    if (shared_.loop.send(stream_, std::as_bytes(std::span(bytes)))) return;
    full_ = true;
    stall();
}

void Connection::stall() {
    if (stalled_) return;
    stalled_ = true;
    if (!dialect_->one_by_one()) ++shared_.counters.pauses;
    shared_.loop.pause_reading(stream_);
}

void Connection::queue_up(std::vector<io::SocketId>& line) {
    if (std::exchange(queued_, true)) return;
    line.push_back(stream_);
}

void Connection::settle() {
    active_ = shared_.loop.now();
    reading_ = false;
    flush();
    close_if_done();
}

void Connection::close_if_done() {
    // One that has more than a little waiting is given the time it needs as long as it reads.
    if (!ended_ || closed_ || full_ || in_flight_ > 0 || !held_.empty()) return;
    closed_ = true;
    shared_.loop.close_within(shared_.limits.patience, stream_);
}

std::size_t Connection::in_flight_max() const {
    if (dialect_->one_by_one()) return 1;
    return dialect_->ordered() ? shared_.limits.ordered_in_flight : shared_.limits.tagged_in_flight;
}

bool Connection::has_room(Part part_of_limits) const {
    const Limits& limits = shared_.limits;
    // Asked for each request: a division would take as long as all the rest.
    const auto part = [shift = static_cast<unsigned>(part_of_limits)](std::size_t most,
                                                                      std::size_t left) {
        return std::max<std::size_t>(std::min(most, left) >> shift, 1);
    };
    const std::size_t requests = part(in_flight_max(), shared_.requests.left());
    const std::size_t bytes = part(limits.bytes_in_flight, shared_.request_bytes.left());
    return in_flight_ < requests && order_.waiting() < requests &&
           bytes_in_flight_ + order_.waiting_bytes() < bytes;
}

bool Connection::affordable(const Intake& intake) const {
    return intake.kept || intake.weight <= always_affordable ||
           intake.weight <= shared_.request_bytes.left();
}

// The end.

std::optional<TimePoint> Connection::idle_since() const {
    const bool unfinished = in_flight_ > 0 || !held_.empty() || shared_.loop.unsent(stream_) > 0 ||
                            shared_.loop.undelivered(stream_) > 0;
    if (ended_ || unfinished || (dialect_ && dialect_->is_busy())) return {};
    return active_;
}

std::size_t Connection::buffered() const {
    return held_.capacity() + (dialect_ ? dialect_->kept() : 0) + order_.waiting_bytes() +
           shared_.loop.unsent(stream_) + shared_.loop.undelivered(stream_);
}

// A busy connection nearly always has half a request here, but never the same one; one that reads
// slowly but reads is not overdue.
void Connection::check_patience() {
    if (closed_) return;
    const std::size_t unsent_before = std::exchange(unsent_, shared_.loop.unsent(stream_));
    const bool unfinished = !held_.empty() && !stalled_;
    const bool progress = std::exchange(progress_, false) || unsent_ < unsent_before;
    if (progress || (!unfinished && unsent_ == 0)) {
        patient_since_ = shared_.loop.now();
        return;
    }
    if (shared_.loop.now() - patient_since_ < shared_.limits.patience) return;
    ++shared_.counters.connections_overdue;
    cut_off(unsent_ > 0 ? "the replies were not read" : "the request was not finished");
}

void Connection::close() {
    ended_ = true;
    close_if_done();
}

void Connection::cut_off(std::string_view why) {
    closed_ = true;
    give_up();
    report(why);
    shared_.loop.drop(stream_);
}

}  // namespace postern::service
