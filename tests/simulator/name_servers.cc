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

// Of the name in a message; there is one in every zone.  Lengths of labels are no letters.
auto first_letter(std::vector<std::byte>& message) {
    return std::find_if(message.begin() + 12, message.end(), [](std::byte byte) {
        const unsigned lower = std::to_integer<unsigned>(byte) | 0x20;
        return lower >= 'a' && lower <= 'z';
    });
}

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

NameServers::NameServers(const std::vector<io::Endpoint>& servers,
                         const std::vector<std::string>& lists, Duration timeout,
                         std::uint64_t seed)
    : random_(seed), timeout_(timeout) {
    for (const io::Endpoint& endpoint : servers) servers_.push_back({.endpoint = endpoint});
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

void NameServers::count(const Topic& topic, bool tcp) {
    QueryCounts& counts = counts_[topic.list.name()];
    ++(topic.address.is_public() ? counts.queries : counts.probes);
    if (tcp) ++counts.over_tcp;
    if (!lies(topic.list)) lying_since_.erase(topic.list.name());
}

std::optional<NameServers::Topic> NameServers::topic_of(const SeenQuery& query) {
    const std::string name = query.name();
    for (ScriptedList& list : lists_) {
        if (const auto address = list.address_in(name)) return Topic{list, *address};
    }
    violations_.push_back("a query for a name under no list's zone: " + name);
    return std::nullopt;
}

void NameServers::on_datagram_sent(const io::Endpoint& endpoint, std::uint16_t port,
                                   std::span<const std::byte> bytes) {
    const SeenQuery query{endpoint, port, copy(bytes), loop_->now()};
    const std::optional<Topic> topic = topic_of(query);
    if (!topic) return;
    NameServer& server = server_at(endpoint);
    ++server.queries;
    count(*topic, false);
    const bool lost = server.dead || chance(weather_.loss) || chance(topic->list.loss());
    std::optional<Reply> reply;
    if (!lost) reply = reply_to(query, *topic);
    watch(query, *topic, reply);
    if (!server.dead) forge_replies(query);
    if (reply) deliver(query, std::move(*reply));
}

void NameServers::watch(const SeenQuery& query, const Topic& topic,
                        const std::optional<Reply>& reply) {
    std::optional<TimePoint> reply_at;
    if (reply) reply_at = loop_->now() + reply->delay;
    const bool probe = !topic.address.is_public();
    const auto number = static_cast<std::size_t>(&server_at(query.server) - servers_.data());
    auto wrong = traffic_->on_query(number, query.name(), probe, loop_->now(), reply_at);
    if (wrong) violations_.push_back(std::move(*wrong));
}

std::optional<NameServers::Reply> NameServers::reply_to(const SeenQuery& query,
                                                        const Topic& topic) {
    ScriptedList& list = topic.list;
    std::optional<ReplyBuilder> answer = list.answer(query, topic.address);
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
        if (rewritten_ == ScriptedList::test_code) list.was_turned_into_listing(topic.address);
    }
    if (lies(list)) lying_since_.try_emplace(list.name(), loop_->now());
    return reply;
}

void NameServers::deliver(const SeenQuery& query, Reply reply) {
    if (chance(weather_.damaged)) reply.bytes[random_() % reply.bytes.size()] ^= std::byte{0xFF};
    loop_->inject(query.server, query.port, reply.bytes, reply.delay);
    if (chance(weather_.doubled)) {
        loop_->inject(query.server, query.port, reply.bytes, reply.delay + weather_.delay);
    }
}

// What an attacker off the path can send: the id, the letter case or the port is a guess.
void NameServers::forge_replies(const SeenQuery& query) {
    for (unsigned i = 0; i < weather_.forged; ++i) {
        ReplyBuilder forged = query.reply().a("127.0.0.2", 86400);
        io::Endpoint source = query.server;
        std::vector<std::byte> bytes = copy(forged.bytes());
        if (i % 3 == 0) {
            const auto wrong = static_cast<std::uint16_t>(query.id() + 1 + random_() % 65535);
            bytes = copy(forged.id(wrong).bytes());
        } else if (i % 3 == 1) {
            *first_letter(bytes) ^= std::byte{0x20};
        } else {
            source.port = 5353;
        }
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
    const std::optional<Topic> topic = topic_of(query);
    if (!topic) return;
    count(*topic, true);
    const std::optional<Reply> reply = reply_to(query, *topic);
    if (!reply || server_at(peer.endpoint()).dead) return;
    std::vector<std::byte> framed = {static_cast<std::byte>(reply->bytes.size() >> 8),
                                     static_cast<std::byte>(reply->bytes.size() & 0xFF)};
    framed.insert(framed.end(), reply->bytes.begin(), reply->bytes.end());
    loop_->after(reply->delay, [&peer, framed] { peer.send(framed); });
}

}  // namespace postern::simulator
