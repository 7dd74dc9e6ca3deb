// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/name_servers.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace postern::simulator {

namespace {

using support::ReplyBuilder;
using support::SeenQuery;

constexpr unsigned servfail = 2;
constexpr unsigned nxdomain = 3;

unsigned rcode_of(std::span<const std::byte> reply) {
    return std::to_integer<unsigned>(reply[3] & std::byte{0x0F});
}

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

NameServers::NameServers(std::size_t servers, const std::vector<std::string>& lists,
                         Duration timeout, std::uint64_t seed)
    : random_(seed), timeout_(timeout) {
    for (std::size_t i = 0; i < servers; ++i) {
        const auto address = IpAddress::from_v4(0x7F000001 + static_cast<std::uint32_t>(i));
        servers_.push_back({.endpoint = {address, 53}});
    }
    for (const std::string& name : lists) lists_.emplace_back(name, seed + lists_.size());
}

void NameServers::attach(io::VirtualLoop& loop) {
    loop_ = &loop;
    streams_.clear();
    traffic_.emplace(timeout_);
}

ScriptedList* NameServers::find_list(std::string_view name) {
    const auto found = std::find_if(lists_.begin(), lists_.end(), [name](const ScriptedList& list) {
        return list.name() == name;
    });
    return found == lists_.end() ? nullptr : &*found;
}

void NameServers::count_from_here() {
    counts_.clear();
    for (NameServer& server : servers_) server.queries = 0;
}

NameServer& NameServers::server_at(const io::Endpoint& endpoint) {
    return *std::find_if(servers_.begin(), servers_.end(),
                         [&](const NameServer& server) { return server.endpoint == endpoint; });
}

bool NameServers::lies(const ScriptedList& list) const {
    return list.lists_everybody() || rewritten_ == ScriptedList::test_code;
}

std::optional<TimePoint> NameServers::lying_since(const ScriptedList& list) const {
    const auto found = lying_since_.find(list.name());
    if (found == lying_since_.end() || !lies(list)) return std::nullopt;
    return found->second;
}

void NameServers::count(const ScriptedList& list, const IpAddress& address, bool tcp) {
    QueryCounts& counts = counts_[list.name()];
    ++(address.is_public() ? counts.queries : counts.probes);
    if (tcp) ++counts.over_tcp;
    if (!lies(list)) lying_since_.erase(list.name());
}

void NameServers::on_datagram_sent(const io::Endpoint& endpoint, std::uint16_t port,
                                   std::span<const std::byte> bytes) {
    const SeenQuery query{endpoint, port, copy(bytes), loop_->now()};
    const std::string name = query.name();
    for (ScriptedList& list : lists_) {
        const std::optional<IpAddress> address = list.address_in(name);
        if (!address) continue;
        NameServer& server = server_at(endpoint);
        ++server.queries;
        count(list, *address, false);
        const bool lost = server.dead || chance(weather_.loss) || chance(list.loss());
        std::optional<Reply> reply;
        if (!lost) reply = reply_to(query, list, *address);

        std::optional<TimePoint> reply_at;
        if (reply) reply_at = loop_->now() + reply->delay;
        const auto number = static_cast<std::size_t>(&server - servers_.data());
        if (auto wrong =
                traffic_->on_query(number, name, !address->is_public(), loop_->now(), reply_at)) {
            violations_.push_back(std::move(*wrong));
        }
        if (!server.dead) forge_replies(query);
        if (!reply) return;
        if (chance(weather_.damaged))
            reply->bytes[random_() % reply->bytes.size()] ^= std::byte{0xFF};
        return deliver(query, std::move(*reply));
    }
    violations_.push_back("a query for a name under no list's zone: " + name);
}

std::optional<NameServers::Reply> NameServers::reply_to(const SeenQuery& query, ScriptedList& list,
                                                        const IpAddress& address) {
    std::optional<ReplyBuilder> answer = list.answer(query, address);
    if (server_at(query.server).fails) answer = query.reply().rcode(servfail);
    if (!answer) return std::nullopt;
    Reply reply{copy(answer->bytes()), weather_.delay + list.delay()};
    if (weather_.jitter > Duration::zero()) {
        const auto jitter = static_cast<std::uint64_t>(weather_.jitter.count());
        reply.delay += Duration(static_cast<Duration::rep>(random_() % jitter));
    }
    if (rewritten_ != 0 && rcode_of(reply.bytes) == nxdomain) {
        const std::string instead = IpAddress::from_v4(rewritten_).to_string();
        reply.bytes = copy(ReplyBuilder(query.bytes).a(instead, 60).bytes());
        if (rewritten_ == ScriptedList::test_code) list.was_turned_into_listing(address);
    }
    if (lies(list)) lying_since_.try_emplace(list.name(), loop_->now());
    return reply;
}

void NameServers::deliver(const SeenQuery& query, Reply reply) {
    loop_->inject(query.server, query.port, reply.bytes, reply.delay);
    if (chance(weather_.doubled)) {
        loop_->inject(query.server, query.port, reply.bytes, reply.delay + weather_.delay);
    }
}

// What an attacker off the path can send: the port, the id or the letter case is a guess.  Letters
// are swapped in the name's first letter; a zone always has one.
void NameServers::forge_replies(const SeenQuery& query) {
    for (unsigned i = 0; i < weather_.forged; ++i) {
        ReplyBuilder forged = query.reply().a("127.0.0.2", 86400);
        const auto wrong_id = static_cast<std::uint16_t>(query.id() + 1 + random_() % 65535);
        if (i % 3 == 0) forged.id(wrong_id);
        std::vector<std::byte> bytes = copy(forged.bytes());
        if (i % 3 == 1) {
            const auto letter = std::find_if(bytes.begin() + 12, bytes.end(), [](std::byte b) {
                const auto c = std::to_integer<unsigned char>(b) | 0x20;
                return c >= 'a' && c <= 'z';
            });
            *letter ^= std::byte{0x20};
        }
        io::Endpoint source = query.server;
        if (i % 3 == 2) source.port = 5353;
        loop_->inject(source, query.port, bytes, weather_.delay / 2);
    }
}

std::optional<int> NameServers::on_connect(io::VirtualPeer& peer) {
    const NameServer& server = server_at(peer.endpoint());
    if (server.dead) return std::nullopt;
    return server.refuses_tcp ? ECONNREFUSED : 0;
}

void NameServers::on_stream(io::VirtualPeer& peer) {
    const std::vector<std::byte> arrived = peer.read();
    std::vector<std::byte>& buffer = streams_[&peer];
    buffer.insert(buffer.end(), arrived.begin(), arrived.end());
    while (buffer.size() >= 2) {
        const std::size_t size =
            std::to_integer<std::size_t>(buffer[0]) << 8 | std::to_integer<std::size_t>(buffer[1]);
        if (buffer.size() < 2 + size) return;
        const auto end = buffer.begin() + 2 + static_cast<std::ptrdiff_t>(size);
        std::vector<std::byte> message(buffer.begin() + 2, end);
        buffer.erase(buffer.begin(), end);
        answer_over_tcp(peer, std::move(message));
    }
}

// The network loses nothing here: what TCP makes of loss is delay.
void NameServers::answer_over_tcp(io::VirtualPeer& peer, std::vector<std::byte> message) {
    const SeenQuery query{peer.endpoint(), 0, std::move(message), loop_->now()};
    const std::string name = query.name();
    for (ScriptedList& list : lists_) {
        const std::optional<IpAddress> address = list.address_in(name);
        if (!address) continue;
        count(list, *address, true);
        const std::optional<Reply> reply = reply_to(query, list, *address);
        if (!reply || server_at(peer.endpoint()).dead) return;
        std::vector<std::byte> framed = {static_cast<std::byte>(reply->bytes.size() >> 8),
                                         static_cast<std::byte>(reply->bytes.size() & 0xFF)};
        framed.insert(framed.end(), reply->bytes.begin(), reply->bytes.end());
        loop_->after(reply->delay, [&peer, framed] { peer.send(framed); });
        return;
    }
}

}  // namespace postern::simulator
