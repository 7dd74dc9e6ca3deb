// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/seats.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace postern::dns {

namespace {

std::uint16_t id_of(QuestionIndex question, QuestionIndex first) {
    return static_cast<std::uint16_t>(question - first);
}

constexpr std::size_t id_size = 2;

// The query for the A records of the root (RFC 1035 section 4.1), with recursion desired.
using StandIn = std::array<std::byte, Query::header_size + 1 + 2 + 2>;

StandIn stand_in(std::uint16_t id) {
    constexpr std::array<std::uint8_t, std::tuple_size_v<StandIn>> query = {
        0, 0, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
    auto bytes = std::bit_cast<StandIn>(query);
    bytes[0] = static_cast<std::byte>(id >> 8);
    bytes[1] = static_cast<std::byte>(id & 0xFF);
    return bytes;
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

void Seats::ask(QuestionIndex question) {
    Seat& seat = datagram_seat(question);
    const std::uint16_t id = id_of(question, seat.first);
    seat.channel.ask(id, stand_in(id));
}

void Seats::receive(QuestionIndex question, std::span<const std::byte> reply,
                    std::size_t question_size) {
    Seat& seat = datagram_seat(question);
    const StandIn asked = stand_in(id_of(question, seat.first));
    std::array<std::byte, io::Loop::datagram_max> bytes;
    auto end = std::copy(asked.begin(), asked.end(), bytes.begin());
    const auto header = reply.first(Query::header_size);
    std::copy(header.begin() + id_size, header.end(), bytes.begin() + id_size);
    const auto records = reply.subspan(Query::header_size + question_size);
    // A longer reply than a server may send loses its end, and is malformed then.
    const std::size_t room = bytes.size() - asked.size();
    end = std::copy_n(records.begin(), std::min(records.size(), room), end);
    seat.channel.receive(std::span(bytes.begin(), end));
}

void Seats::ask_over_tcp(QuestionIndex question, std::uint8_t server, Query query) {
    Seat& seat = *streams_[server];
    query.set_id(id_of(question, seat.first));
    seat.channel.ask(id_of(question, seat.first), query.bytes());
}

void Seats::expire(QuestionIndex question) {
    Seat& seat = datagram_seat(question);
    const std::uint16_t id = id_of(question, seat.first);
    seat.channel.expire(id, stand_in(id));
}

void Seats::expire_over_tcp(QuestionIndex question, std::uint8_t server, const Query& query) {
    Seat& seat = *streams_[server];
    seat.channel.expire(id_of(question, seat.first), query.bytes());
}

void Seats::process_datagrams() {
    for (const auto& seat : datagrams_) seat->channel.process();
}

void Seats::process_streams() {
    for (const auto& seat : streams_) seat->channel.process();
}

}  // namespace postern::dns
