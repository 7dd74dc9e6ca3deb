// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/seats.h"

#include <algorithm>
#include <array>

namespace postern::dns {

namespace {

std::uint16_t id_of(QuestionIndex question, QuestionIndex first) {
    return static_cast<std::uint16_t>(question - first);
}

}  // namespace

Seats::Seats(io::Loop& loop, Owner& owner, const std::vector<io::Endpoint>& servers,
             std::size_t questions_max) {
    using Transport = AresChannel::Transport;
    for (std::size_t first = 0; first < questions_max; first += AresChannel::queries_max) {
        datagrams_.push_back(std::make_unique<Seat>(
            loop, owner, Transport::datagrams, servers.front(), static_cast<QuestionIndex>(first)));
    }
    for (const io::Endpoint& server : servers) {
        streams_.push_back(
            std::make_unique<Seat>(loop, owner, Transport::stream, server, QuestionIndex{0}));
    }
}

void Seats::ask(QuestionIndex question, Query query) {
    Seat& seat = datagram_seat(question);
    query.set_id(id_of(question, seat.first));
    seat.channel.ask(id_of(question, seat.first), query.bytes());
}

void Seats::receive(QuestionIndex question, std::span<const std::byte> reply) {
    Seat& seat = datagram_seat(question);
    const std::uint16_t id = id_of(question, seat.first);
    std::array<std::byte, io::Loop::datagram_max> bytes;
    const std::size_t size = std::min(reply.size(), bytes.size());
    std::copy_n(reply.begin(), size, bytes.begin());
    bytes[0] = static_cast<std::byte>(id >> 8);
    bytes[1] = static_cast<std::byte>(id & 0xFF);
    seat.channel.receive({bytes.data(), size});
}

void Seats::ask_over_tcp(QuestionIndex question, std::uint8_t server, Query query) {
    Seat& seat = *streams_[server];
    query.set_id(id_of(question, seat.first));
    seat.channel.ask(id_of(question, seat.first), query.bytes());
}

void Seats::expire(QuestionIndex question, std::optional<std::uint8_t> stream, Query query) {
    Seat& seat = stream ? *streams_[*stream] : datagram_seat(question);
    query.set_id(id_of(question, seat.first));
    seat.channel.expire(id_of(question, seat.first), query.bytes());
}

void Seats::process_datagrams() {
    for (const auto& seat : datagrams_) seat->channel.process();
}

void Seats::process_streams() {
    for (const auto& seat : streams_) seat->channel.process();
}

}  // namespace postern::dns
