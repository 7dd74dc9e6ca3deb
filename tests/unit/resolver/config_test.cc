// SPDX-License-Identifier: Apache-2.0
#include "resolver/config/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "resolver/config/endpoint_text.h"

namespace postern::config {
namespace {

using namespace std::chrono_literals;

class ConfigTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "postern-config.XXXXXX";
        folder = mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::unique_ptr<const Config> load_text(const std::string& text) {
        std::ofstream(folder / "postern.toml") << text;
        problems.clear();
        return load(folder / "postern.toml", problems);
    }
    std::string all_problems() const {
        std::string text;
        for (const Problem& problem : problems) text += problem.to_string() + "\n";
        return text;
    }

    std::filesystem::path folder;
    Problems problems;
};

TEST_F(ConfigTest, AnEmptyFileIsTheDefaultProfileOfSixBlockLists) {
    const auto config = load_text("# nothing but defaults\n");
    ASSERT_NE(config, nullptr) << all_problems();
    ASSERT_EQ(config->lists.size(), 6U);
    const char* const zones[] = {"zen.spamhaus.org", "bl.spamcop.net",   "b.barracudacentral.org",
                                 "psbl.surriel.com", "bl.mailspike.net", "dnsbl-1.uceprotect.net"};
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(config->lists[i].zone, zones[i]);
        EXPECT_EQ(config->lists[i].info.kind, ListKind::block);
        EXPECT_EQ(config->lists[i].ipv6, i == 0);
        EXPECT_EQ(config->lists[i].dns.codes.meaning_of(0x7F000002), dns::CodeMap::Meaning::listed);
        EXPECT_EQ(config->lists[i].dns.codes.meaning_of(0x7FFFFFFE),
                  dns::CodeMap::Meaning::refused);
    }
    EXPECT_EQ(config->gateway.deadline, 1s);
    EXPECT_EQ(config->gateway.socket_mode, 0660U);
}

TEST_F(ConfigTest, LogAndTrackingAreRead) {
    const auto config = load_text(R"(
[log]
decisions = "refused"
format = "json"
addresses = "domain"
decisions_per_second = 0
[tracking]
path = "/tmp/t.db"
retention = "7d"
size_max = "64MiB"
)");
    ASSERT_NE(config, nullptr) << all_problems();
    const journal::Settings& journal = config->journal.settings;
    EXPECT_EQ(journal.decisions, journal::Decisions::refused);
    EXPECT_EQ(journal.line.format, log::Format::json);
    EXPECT_EQ(journal.line.addresses, journal::Addresses::domain);
    EXPECT_EQ(journal.lines_per_second, 0U);
    EXPECT_EQ(config->journal.path, "/tmp/t.db");
    EXPECT_EQ(journal.retention, 24h * 7);
    EXPECT_EQ(journal.bytes_max, std::uint64_t{64} << 20);
}

TEST_F(ConfigTest, WhatIsWrongWithLogAndTrackingIsSaid) {
    const struct {
        const char* text;
        const char* problem;
    } cases[] = {
        {"[tracking]\nsize_max = \"1GB\"\n", "\"1GB\" is no size from 16MiB on"},
        {"[tracking]\nsize_max = \"15MiB\"\n", "\"15MiB\" is no size from 16MiB on"},
        {"[tracking]\npath = \"t.db\"\n", "\"t.db\" is not an absolute path"},
        {"[log]\nhash_key_file = \"/nonexistent/key\"\n", "holds fewer than 16 bytes"},
        {"[log]\ndecision = \"all\"\n", "decisions"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(load_text(c.text), nullptr) << c.text;
        EXPECT_NE(all_problems().find(c.problem), std::string::npos) << all_problems();
    }
}

TEST_F(ConfigTest, TheKeysOfEachSectionAreRead) {
    const auto config = load_text(R"(
[gateway]
socket = "/tmp/g.sock"
postfix_socket = "/tmp/p.sock"
milter_socket = "/tmp/m.sock"
milter_quarantine = true
socket_mode = "0666"
socket_group = "postfix"
workers = 3
deadline = "750ms"
io = "epoll"
mode = "monitor"
contexts.submission.mode = "enforce"
contexts."mx 2".mode = "tag"
[dns]
servers = ["127.0.0.1:5300", "::1", "[::1]:54"]
timeout = "100ms"
attempts = 3
listed_ttl = { min = "10s", max = "2h" }
[[list]]
name = "one"
zone = "key.one.example"
listed = ["127.0.0.2"]
operator = "op"
[[list]]
name = "white"
kind = "permit"
zone = "white.example"
listed = ["127.0.2-9.1-3"]
refused = ["127.0.0.255"]
ipv6 = true
[cache]
entries = 5000
ipv6_by_network = true
[admin]
socket = "/tmp/a.sock"
listen = "127.0.0.1:9480"
)");
    ASSERT_NE(config, nullptr) << all_problems();
    EXPECT_EQ(config->gateway.postfix_socket, "/tmp/p.sock");
    EXPECT_EQ(config->gateway.milter_socket, "/tmp/m.sock");
    EXPECT_TRUE(config->gateway.milter_quarantine);
    EXPECT_EQ(config->gateway.socket_mode, 0666U);
    EXPECT_EQ(config->gateway.workers, 3U);
    EXPECT_EQ(config->gateway.deadline, 750ms);
    EXPECT_EQ(config->gateway.io, io::IoChoice::epoll);
    EXPECT_EQ(config->gateway.mode.of(""), service::Mode::monitor);
    EXPECT_EQ(config->gateway.mode.of("elsewhere"), service::Mode::monitor);
    EXPECT_EQ(config->gateway.mode.of("submission"), service::Mode::enforce);
    EXPECT_EQ(config->gateway.mode.of("mx 2"), service::Mode::tag);
    ASSERT_EQ(config->dns.servers.size(), 3U);
    EXPECT_EQ(to_string(config->dns.servers[1]), "[::1]:53");
    EXPECT_EQ(config->dns.attempts, 3U);
    EXPECT_EQ(config->dns.ttl.listed_max, 2h);
    ASSERT_EQ(config->lists.size(), 2U);
    EXPECT_EQ(config->lists[0].info.operator_name, "op");
    EXPECT_EQ(config->lists[1].info.kind, ListKind::permit);
    EXPECT_EQ(config->lists[1].dns.codes.meaning_of(0x7F000901), dns::CodeMap::Meaning::listed);
    EXPECT_EQ(config->lists[1].dns.codes.meaning_of(0x7F0000FF), dns::CodeMap::Meaning::refused);
    EXPECT_EQ(config->cache.entries, 5000U);
    EXPECT_TRUE(config->cache.ipv6_by_network);
    EXPECT_EQ(config->admin.listen->port, 9480);
}

TEST_F(ConfigTest, HowAListIsProbedCanBeSetForEachList) {
    const auto config = load_text(R"(
[[list]]
name = "usual"
zone = "usual.example"
listed = ["127.0.0.2"]
[[list]]
name = "special"
zone = "special.example"
listed = ["127.0.0.2"]
probe = { listed = "127.0.0.99", clear = "", interval = "10m" }
budget = 100000
[[list]]
name = "six"
zone = "six.example"
listed = ["127.0.0.2"]
ipv4 = false
ipv6 = true
probe = { random = false }
)");
    ASSERT_NE(config, nullptr) << all_problems();
    EXPECT_EQ(config->lists[0].probe, health::Probe{});
    EXPECT_EQ(config->lists[0].budget, 0U);
    EXPECT_EQ(config->lists[1].probe.listed, IpAddress::parse("127.0.0.99"));
    EXPECT_EQ(config->lists[1].probe.clear, std::nullopt);
    EXPECT_EQ(config->lists[1].probe.interval, 10min);
    EXPECT_EQ(config->lists[1].budget, 100'000U);
    EXPECT_TRUE(config->lists[1].ipv4);
    EXPECT_FALSE(config->lists[2].ipv4);
    EXPECT_FALSE(config->lists[2].probe.random);
}

TEST_F(ConfigTest, AProbeThatCannotBeIsAProblem) {
    EXPECT_EQ(load_text(R"(
[[list]]
name = "a"
zone = "a.example"
listed = ["127.0.0.2"]
probe = { listed = "::1", clear = "nobody", interval = "1s", every = "2s" }
budget = 0
)"),
              nullptr);
    const std::string text = all_problems();
    for (const char* expected : {"::1", "nobody", "interval", "every", "budget"}) {
        EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
    }
}

TEST_F(ConfigTest, AListThatCouldNeverBeAskedOrTestedIsAProblem) {
    EXPECT_EQ(load_text(R"(
[[list]]
name = "a"
zone = "a.example"
listed = ["127.0.0.2"]
ipv4 = false
[[list]]
name = "b"
zone = "b.example"
listed = ["127.0.0.2"]
probe = { listed = "", clear = "", random = false }
)"),
              nullptr);
    const std::string text = all_problems();
    EXPECT_NE(text.find("ipv4: is false and `ipv6` is not true"), std::string::npos) << text;
    EXPECT_NE(text.find("random: leaves nothing to test the list with"), std::string::npos) << text;
}

TEST_F(ConfigTest, HowLongStaleOpinionsStandInCanBeSet) {
    const auto usual = load_text("# nothing but defaults\n");
    ASSERT_NE(usual, nullptr) << all_problems();
    EXPECT_EQ(usual->cache.stale_clear, 6h);
    EXPECT_EQ(usual->cache.stale_listed, 1h);
    const auto config = load_text("[cache]\nstale = { clear = \"2h\", listed = \"0s\" }\n");
    ASSERT_NE(config, nullptr) << all_problems();
    EXPECT_EQ(config->cache.stale_clear, 2h);
    EXPECT_EQ(config->cache.stale_listed, 0s);
}

TEST_F(ConfigTest, AllProblemsAreReportedAtOnceWithTheirPlaceAndCure) {
    EXPECT_EQ(load_text(R"(
[gateway]
deadlin = "1s"
io = "kqueue"
workers = 65
socket_mode = "0999"
socket = "relative.sock"
[dns]
servers = ["localhost"]
timeout = 400
[[list]]
name = "a"
zone = "bad..zone"
listed = ["10.0.0.1"]
[[list]]
name = "a"
zone = "b.example"
listed = ["127.0.0.2"]
[admin]
listen = "0.0.0.0:80"
[gatway]
[gateway.contexts.mx]
[gateway.contexts.out]
mode = "enforced"
)"),
              nullptr);
    const std::string text = all_problems();
    for (const char* expected :
         {":3:",     "deadlin", "deadline", ":4:",  "kqueue",       ":5:",  "workers",  ":6:",
          "0999",    ":7:",     "absolute", ":9:",  "localhost",    ":10:", "timeout",  ":13:",
          "zone",    ":14:",    "10.0.0.1", ":16:", "another list", ":20:", "loopback", "gatway",
          "gateway", ":22:",    "missing",  ":24:", "enforced"}) {
        EXPECT_NE(text.find(expected), std::string::npos) << expected << " in\n" << text;
    }
}

TEST_F(ConfigTest, OnlyWhatARunningDaemonCannotChangeNeedsARestart) {
    const auto before = load_text("[gateway]\ndeadline = \"1s\"\n[dns]\ntimeout = \"300ms\"\n");
    const auto harmless = load_text(
        "[gateway]\ndeadline = \"2s\"\nmode = \"tag\"\ncontexts.mx.mode = "
        "\"enforce\"\n[dns]\ntimeout = \"200ms\"\nattempts = 3\n"
        "listed_ttl = { max = \"30m\" }\n"
        "[definition.reputation.default]\ndescription = \"x\"\nblock_list_hits = 2\n");
    ASSERT_NE(harmless, nullptr) << all_problems();
    EXPECT_TRUE(needs_restart(*before, *harmless).empty());
    const auto workers = load_text("[gateway]\nworkers = 2\n[dns]\ntimeout = \"300ms\"\n");
    EXPECT_EQ(needs_restart(*before, *workers), std::vector<std::string>{"gateway.workers"});
    const auto more = load_text(
        "[gateway]\nsocket = \"/tmp/x\"\nio = \"epoll\"\n[dns]\nservers = "
        "[\"127.0.0.1\"]\n[cache]\nentries = 2000\n"
        "[[list]]\nname = \"a\"\nzone = \"a.example\"\nlisted = [\"127.0.0.2\"]\n");
    ASSERT_NE(more, nullptr) << all_problems();
    EXPECT_EQ(needs_restart(*before, *more),
              (std::vector<std::string>{
                  "gateway.socket", "gateway.io", "dns.servers", "list.a (new)", "list.zen (gone)",
                  "list.spamcop (gone)", "list.barracuda (gone)", "list.psbl (gone)",
                  "list.mailspike (gone)", "list.uceprotect (gone)", "cache.entries"}));
}

TEST_F(ConfigTest, OfAListOnlyWhatPeopleReadCanChange) {
    const auto list = [&](const std::string& keys) {
        auto config = load_text("[[list]]\nname = \"a\"\n" + keys);
        EXPECT_NE(config, nullptr) << keys << all_problems();
        return config;
    };
    const std::string usual = "zone = \"key.a.example\"\nlisted = [\"127.0.0.2\"]\n";
    const auto before = list(usual);
    // clang-format off
    const std::pair<std::string, std::vector<std::string>> cases[] = {
        {usual + "operator = \"x\"\ninfo = \"https://x.example/{ip}\"\n", {}},
        {"zone = \"yek.a.example\"\nlisted = [\"127.0.0.2\"]\n", {"list.a.zone"}},
        {"zone = \"key.a.example\"\nlisted = [\"127.0.0.3\"]\nprobe = { listed = \"127.0.0.3\" }\n",
         {"list.a.listed or .refused", "list.a.probe"}},
        {usual + "kind = \"permit\"\nipv6 = true\nbudget = 100\n",
         {"list.a.kind", "list.a.ipv6", "list.a.budget"}},
    };
    // clang-format on
    for (const auto& [keys, expected] : cases)
        EXPECT_EQ(needs_restart(*before, *list(keys)), expected) << keys;
}

TEST_F(ConfigTest, TheOrderOfListsTakesARestart) {
    const std::string a =
        "[[list]]\nname = \"a\"\nzone = \"a.example\"\nlisted = [\"127.0.0.2\"]\n";
    const std::string b =
        "[[list]]\nname = \"b\"\nzone = \"b.example\"\nlisted = [\"127.0.0.2\"]\n";
    const auto before = load_text(a + b);
    const auto after = load_text(b + a);
    ASSERT_TRUE(before != nullptr && after != nullptr) << all_problems();
    EXPECT_EQ(needs_restart(*before, *after), std::vector<std::string>{"the order of the lists"});
}

TEST_F(ConfigTest, TheDnsDoorIsClosedUnlessItIsConfigured) {
    const auto none = load_text("[gateway]\n");
    ASSERT_NE(none, nullptr) << all_problems();
    EXPECT_FALSE(none->dns_door);

    const auto some =
        load_text("[dns_door]\nlisten = \"127.0.0.1:5353\"\nzone = \"bl.corp.example\"\n");
    ASSERT_NE(some, nullptr) << all_problems();
    ASSERT_TRUE(some->dns_door);
    EXPECT_EQ(some->dns_door->zones.ttl, 30s);
    EXPECT_EQ(some->dns_door->zones.codes, bit_of(dns_door::Code::reject));
    EXPECT_FALSE(some->dns_door->zones.permit_zone);
    EXPECT_EQ(needs_restart(*none, *some), (std::vector<std::string>{"dns_door"}));

    const auto all = load_text(R"(
[dns_door]
listen = "[::1]:5353"
zone = "bl.corp.example."
permit_zone = "wl.corp.example"
ttl = "1m"
codes = ["reject", "defer", "tag", "undecided", "score"]
)");
    ASSERT_NE(all, nullptr) << all_problems();
    EXPECT_EQ(to_string(all->dns_door->listen), "[::1]:5353");
    EXPECT_EQ(all->dns_door->zones.permit_zone, dns::Zone::parse("wl.corp.example"));
    EXPECT_EQ(all->dns_door->zones.ttl, 1min);
    EXPECT_EQ(all->dns_door->zones.codes, 0b100'0011'1100);
}

TEST_F(ConfigTest, WhatIsWrongWithTheDnsDoorIsNamed) {
    struct Case {
        const char* keys;
        const char* expected;
    };
    const Case cases[] = {
        {"zone = \"bl.corp.example\"", "listen"},
        {"listen = \"0.0.0.0:53\"\nzone = \"bl.corp.example\"", "loopback"},
        {"listen = \"127.0.0.1:5353\"", "zone: is missing"},
        {"listen = \"127.0.0.1:5353\"\nzone = \"a..b\"", "is not a DNS zone"},
        {"listen = \"127.0.0.1:5353\"\nzone = \"spamhaus.org\"", "list zen"},
        {"listen = \"127.0.0.1:5353\"\nzone = \"b.example\"\npermit_zone = \"b.example\"",
         "another name"},
        {"listen = \"127.0.0.1:5353\"\nzone = \"b.example\"\nttl = \"2h\"", "ttl"},
        {"listen = \"127.0.0.1:5353\"\nzone = \"b.example\"\ncodes = [\"deny\"]", "\"deny\""},
        {"listen = \"127.0.0.1:5353\"\nzone = \"b.example\"\ncodes = []", "is empty"},
        {"listen = \"127.0.0.1:5353\"\nzone = \"b.example\"\nzones = \"x\"", "zones"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(load_text(std::string("[dns_door]\n") + c.keys + "\n"), nullptr) << c.keys;
        EXPECT_NE(all_problems().find(c.expected), std::string::npos) << all_problems();
    }
}

TEST_F(ConfigTest, WhereTheStateIsKeptTakesARestart) {
    const auto usual = load_text("[gateway]\n");
    ASSERT_NE(usual, nullptr) << all_problems();
    EXPECT_EQ(usual->state.path, "/var/lib/postern/state.db");
    const auto nowhere = load_text("[state]\npath = \"\"\n");
    ASSERT_NE(nowhere, nullptr) << all_problems();
    EXPECT_EQ(nowhere->state.path, "");
    EXPECT_EQ(needs_restart(*usual, *nowhere), (std::vector<std::string>{"state.path"}));
    EXPECT_EQ(load_text("[state]\npath = \"state.db\"\n"), nullptr);
}

TEST(EndpointTextTest, AddressesWithAndWithoutPorts) {
    // clang-format off
    const struct { const char* text; std::uint16_t port; const char* expected; } cases[] = {
        {"127.0.0.1:5300", 53, "127.0.0.1:5300"}, {"127.0.0.1", 53, "127.0.0.1:53"},
        {"[::1]:54", 53, "[::1]:54"}, {"[::1]", 53, "[::1]:53"}, {"::1", 53, "[::1]:53"},
        {"127.0.0.1", 0, nullptr}, {"127.0.0.1:", 53, nullptr}, {"127.0.0.1:0", 53, nullptr},
        {"127.0.0.1:65536", 53, nullptr}, {"localhost:53", 53, nullptr}, {"[::1", 53, nullptr},
        {"[::1]x", 53, nullptr}, {"", 53, nullptr},
    };
    // clang-format on
    for (const auto& c : cases) {
        const auto endpoint = parse_endpoint(c.text, c.port);
        EXPECT_EQ(endpoint.has_value(), c.expected != nullptr) << c.text;
        if (endpoint) {
            EXPECT_STREQ(to_string(*endpoint).c_str(), c.expected);
        }
    }
}

}  // namespace
}  // namespace postern::config
