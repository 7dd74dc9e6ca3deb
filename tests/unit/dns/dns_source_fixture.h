// SPDX-License-Identifier: Apache-2.0
//
// A DnsSource on a clock that stands still, with scripted name servers and a recorder of answers.
#pragma once

#include <gtest/gtest.h>

#include "resolver/dns/dns_source.h"
#include "tests/support/scripted_servers.h"
#include "tests/support/usual_list.h"

namespace postern::dns {

using namespace std::chrono_literals;
using State = Listing::State;
using support::ReplyBuilder;
using support::ScriptedServers;
using support::SeenQuery;
using support::usual_list;

inline const io::Endpoint server{*IpAddress::parse("127.0.0.1"), 53};
inline const io::Endpoint second_server{*IpAddress::parse("127.0.0.2"), 53};

struct Given {
    Ticket ticket = 0;
    ListIndex list = 0;
    State state = State::pending;

    bool operator==(const Given&) const = default;
};

// Writes down what it is given.
class Recorder final : public ListAnswers {
  public:
    void on_answer(Ticket ticket, ListIndex list, const ListAnswer& answer) override {
        given.push_back({ticket, list, answer.listing.state});
        last = answer;
    }
    void on_late_answer(const IpAddress& address, ListIndex list,
                        const ListAnswer& answer) override {
        late.push_back(address.to_string() + " " + std::to_string(list) + " " +
                       to_string(answer.listing.state));
    }

    std::vector<Given> given;
    std::vector<std::string> late;
    ListAnswer last;
};

class DnsSourceTest : public testing::Test {
  protected:
    void start(std::vector<io::Endpoint> name_servers = {server}, unsigned attempts = 2) {
        DnsSource::Options options{
            .servers = std::move(name_servers),
            .lists = {usual_list("bl.example"), usual_list("other.example")},
            .timeout = 400ms,
            .attempts = attempts,
            .ttl = {},
            .questions_max = questions_max,
            .on_server = [this](const io::Endpoint& which, bool up) {
                told.push_back(which.address.to_string() + (up ? " up" : " down"));
            }};
        servers.attach(loop);
        source = std::make_unique<DnsSource>(loop, std::move(options));
        source->deliver_to(recorder);
    }
    bool ask(std::string_view address, ListIndex list = 0, Ticket ticket = 1) {
        return source->ask({.list = list, .address = *IpAddress::parse(address)}, ticket);
    }
    // Questions are asked from within a batch; here it is the next one.
    void run() {
        loop.run_once(Duration::zero());
        loop.run_until_idle();
    }
    void advance(Duration duration) {
        run();
        loop.advance(duration);
    }
    void listed_everywhere() {
        servers.answer_with([](const SeenQuery& query) {
            return ScriptedServers::Answer{query.reply().a("127.0.0.2", 300)};
        });
    }

    std::size_t questions_max = 8192;
    ScriptedServers servers;
    io::VirtualLoop loop{1, servers};
    Recorder recorder;
    std::unique_ptr<DnsSource> source;
    std::vector<std::string> told;  // of name servers
};

}  // namespace postern::dns
