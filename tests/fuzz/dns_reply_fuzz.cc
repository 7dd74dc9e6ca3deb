// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a DNS reply.
//
// Properties: a listing is a mapped code; a reply is accepted for a query only when it repeats id,
// port and question to the letter; and the whole DNS side survives the bytes, on the port that
// asked and over TCP, with one answer to each question.
#include "resolver/dns/dns_source.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/scripted_servers.h"

namespace {

using namespace postern;
using fuzz::require;
using support::ScriptedServers;
using support::SeenQuery;

dns::DnsList fuzzed_list() {
    dns::DnsList list;
    list.zone = *dns::Zone::parse("bl.example");
    list.codes.add_listed(*dns::parse_codes("127.0.0.2-127.0.0.11"));
    list.codes.add_refused(*dns::parse_codes("127.255.255.0/24"));
    return list;
}

class OneAnswer final : public dns::ListAnswers {
  public:
    void on_answer(dns::Ticket, ListIndex, const dns::ListAnswer& answer) override {
        ++answers;
        check(answer);
    }
    void on_late_answer(const IpAddress&, ListIndex, const dns::ListAnswer& answer) override {
        check(answer);
    }

    int answers = 0;

  private:
    static void check(const dns::ListAnswer& answer) {
        const bool mapped = answer.listing.code >= 0x7F000002 && answer.listing.code <= 0x7F00000B;
        require(answer.listing.state != Listing::State::listed || mapped,
                "a listing has a mapped code");
    }
};

void read_alone(std::span<const std::byte> bytes) {
    static const dns::DnsList list = fuzzed_list();
    const dns::ListingReply reply = dns::read_listing_reply(bytes, list.codes);
    const bool listed = reply.listing.state == Listing::State::listed;
    require(listed == (reply.kind == dns::ReplyKind::listed), "kind and state agree");
    require(!listed || list.codes.meaning_of(reply.listing.code) == dns::CodeMap::Meaning::listed,
            "a listing has a mapped code");
}

// The bytes come as the answer to a real question: as they are, with the query's id and question
// put in front, and behind a truncated reply over TCP.
void answer_with(std::span<const std::byte> bytes) {
    ScriptedServers servers;
    io::VirtualLoop loop(1, servers);
    servers.attach(loop);
    dns::DnsSource source(loop, {.servers = {{*IpAddress::parse("127.0.0.1"), 53}},
                                 .lists = {fuzzed_list()},
                                 .ttl = {},
                                 .questions_max = 16});
    OneAnswer answers;
    source.deliver_to(answers);
    servers.answer_with([&](const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
        if (query.port == 0)
            return ScriptedServers::Answer{
                support::ReplyBuilder(bytes.size() > 12 ? bytes : query.bytes)};
        loop.inject(query.server, query.port, bytes);
        std::vector<std::byte> spliced(query.bytes);
        spliced[2] |= std::byte{0x80};
        for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) spliced[i + 2] = bytes[i];
        spliced.insert(spliced.end(), bytes.begin(), bytes.end());
        spliced.resize(std::min<std::size_t>(spliced.size(), io::Loop::datagram_max));
        loop.inject(query.server, query.port, spliced);
        return std::nullopt;
    });
    source.ask({.list = 0, .address = *IpAddress::parse("5.9.1.2")}, 1);
    loop.run_once(Duration::zero());
    loop.advance(std::chrono::seconds{10});
    require(answers.answers == 1, "one answer to each question");
    require(source.in_flight() == 0, "nothing is left behind");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    read_alone(bytes);
    answer_with(bytes);
    return 0;
}
