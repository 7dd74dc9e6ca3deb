// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/upstream.h"

#include <cerrno>

#include "policy/index/hash.h"

namespace postern::dns {

namespace {

constexpr std::size_t ids = 65536;
// Beyond this a free id would take long to find, and a guess would soon hit a used one.
constexpr std::size_t ids_used_max = ids / 2;

std::uint16_t id_of(std::span<const std::byte> message) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(message[0]) << 8 |
                                      std::to_integer<unsigned>(message[1]));
}

}  // namespace

Upstream::Upstream(io::Loop& loop, Owner& owner, std::uint8_t number, const io::Endpoint& server,
                   std::size_t lists, unsigned sources)
    : loop_(loop),
      owner_(owner),
      number_(number),
      server_(server),
      hash_seed_(loop.random()),
      window_(sources),
      reachability_(lists),
      question_of_id_(ids) {
    for (Port& port : ports_) {
        port.upstream = this;
        port.socket = loop_.open_datagram(server_, port);
    }
    rotate_port();
    draw_id();
}

Upstream::~Upstream() {
    for (const Port& port : ports_) loop_.close_datagram(port.socket);
}

bool Upstream::send(QuestionIndex question, Query& query, Attempt& attempt) {
    attempt = {.upstream = this};
    Port& port = ports_[current_socket_];
    // A socket that could not be opened at first (no descriptors, no route) is tried again when its
    // turn comes.
    if (!port.socket) port.socket = loop_.open_datagram(server_, port);
    if (!port.socket || ids_used_ >= ids_used_max) return false;

    const std::uint16_t id = take_id(question);
    query.set_id(id);
    query.set_letter_case(loop_.random());
    attempt = {.upstream = this,
               .question_hash = hash_of(query.question()),
               .sent = loop_.now(),
               .id = id,
               .question_size = static_cast<std::uint16_t>(query.question().size()),
               .socket = current_socket_,
               .live = true,
               .in_window = true};
    loop_.send_datagram(port.socket, query.bytes());
    window_.on_sent();
    return true;
}

std::uint16_t Upstream::take_id(QuestionIndex question) {
    while (question_of_id_[next_id_] != 0) draw_id();
    const std::uint16_t id = next_id_;
    question_of_id_[id] = question + 1;
    ++ids_used_;
    draw_id();
    return id;
}

// One attempt ahead: ids are spread over so much memory that the next one's place is far away.
void Upstream::draw_id() {
    next_id_ = static_cast<std::uint16_t>(loop_.random());
    __builtin_prefetch(&question_of_id_[next_id_], 1);
}

bool Upstream::is_reply(const Attempt& attempt, std::uint8_t socket,
                        std::span<const std::byte> bytes) const {
    if (bytes.size() < Query::header_size + attempt.question_size || socket != attempt.socket ||
        id_of(bytes) != attempt.id) {
        return false;
    }
    // A response, a standard query, one question (RFC 1035 section 4.1.1).
    const auto flags = std::to_integer<unsigned>(bytes[2]);
    const bool one_question = bytes[4] == std::byte{0} && bytes[5] == std::byte{1};
    if ((flags & 0xF8) != 0x80 || !one_question) return false;
    return hash_of(bytes.subspan(Query::header_size, attempt.question_size)) ==
           attempt.question_hash;
}

void Upstream::forget(Attempt& attempt) {
    if (!attempt.live) return;
    attempt.live = false;
    question_of_id_[attempt.id] = 0;
    --ids_used_;
}

void Upstream::on_answer() {
    const bool returns = !reachability_.up();
    reachability_.on_answer(loop_.now());
    if (returns) owner_.on_reachability(*this);
}

void Upstream::on_failure(ListIndex list, TimePoint sent) {
    if (reachability_.on_failure(list, sent, loop_.now())) go_down();
}

void Upstream::go_down() {
    window_.on_down();
    owner_.on_reachability(*this);
}

std::uint64_t Upstream::hash_of(std::span<const std::byte> question) const {
    return policy::hash_of(question.data(), question.size(), hash_seed_);
}

std::uint8_t Upstream::pick_socket() { return static_cast<std::uint8_t>(loop_.random() % sockets); }

const QuestionIndex* Upstream::place_of(std::span<const std::byte> datagram) const {
    return datagram.size() < Query::header_size ? nullptr : &question_of_id_[id_of(datagram)];
}

// The places first, all of them at the same time, then what they name.
void Upstream::Port::on_arrivals(std::span<const io::Arrival> arrivals) {
    for (const io::Arrival& arrival : arrivals)
        __builtin_prefetch(upstream->place_of(arrival.bytes));
    for (const io::Arrival& arrival : arrivals) {
        const QuestionIndex* const place = upstream->place_of(arrival.bytes);
        if (place != nullptr && *place != 0) upstream->owner_.expect_datagram(*place - 1);
    }
}

void Upstream::Port::on_datagram(io::SocketId, std::span<const std::byte> bytes) {
    const QuestionIndex* const place = upstream->place_of(bytes);
    if (place == nullptr || *place == 0) {
        ++upstream->strays_;
        return;
    }
    const auto index = static_cast<std::uint8_t>(this - upstream->ports_.data());
    upstream->owner_.on_datagram(*upstream, *place - 1, index, bytes);
}

void Upstream::Port::on_error(io::SocketId, int error) {
    if (error != ECONNREFUSED) return;
    if (upstream->reachability_.on_refusal(upstream->loop_.now())) upstream->go_down();
}

}  // namespace postern::dns
