// SPDX-License-Identifier: Apache-2.0
//
// Questions: what does a decision cost its loop to record, what does it cost the journal's thread
// to find its terms and in all, and how many a second does that write down for good?
//
// The decision is about a message to one recipient, or about a connection; six lists were asked.
// `Tracked` offers a million at the rate given, as a loop would: those that find the queue full are
// dropped.  Printed are how many were not, and for each of them the bytes of the file and the CPU
// of all threads but the one that offers.
#include <benchmark/benchmark.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "policy/config/document.h"
#include "resolver/io/virtual_loop.h"
#include "resolver/journal/journal.h"
#include "resolver/tracking/record_reader.h"

namespace {

using namespace postern;

constexpr std::size_t list_count = 6;

ListCatalogue lists() {
    ListCatalogue lists;
    for (std::size_t i = 0; i < list_count; ++i)
        lists.push_back({.name = "list" + std::to_string(i), .info_url = "https://x.example/{ip}"});
    return lists;
}

// A stream of decisions: every eighth client is listed and rejected; clients change with each, and
// of messages the senders and recipients.
class Decisions {
  public:
    enum class About { connections, messages };

    explicit Decisions(About about) : about_(about) {
        Problems problems;
        policies_ = policy::PolicySet::load(
            Document::parse("[definition.reputation.default]\ndescription = \"x\"\n", "bench.toml",
                            problems),
            lists(), problems);
        if (about == About::messages) {
            request_.helo = "mx.some-sender.example";
            request_.hostname = "mx.some-sender.example";
            request_.instance = "be.6b030e76.c7ab4.0";
            request_.recipients.resize(1);
            decision_.recipients.resize(1);
        }
        for (std::size_t i = 0; i < list_count; ++i)
            evidence_.listings[i].state = Listing::State::clear;
    }

    void tell(journal::Recorder& recorder) {
        const std::uint32_t i = number_++;
        const std::uint32_t scattered = i * 2654435761U;
        request_.client = IpAddress::from_v4(scattered);
        if (about_ == About::messages) address_message(scattered);
        const bool listed = i % 8 == 0;
        evidence_.listings[0] = {.state = listed ? Listing::State::listed : Listing::State::clear,
                                 .code = listed ? 0x7F000002U : 0U};
        if (about_ == About::connections && listed != was_listed_) ++alike_;
        was_listed_ = listed;
        decision_.verdict = {.action = listed ? Action::reject : Action::accept,
                             .reason = listed ? Reason::reputation : Reason::accepted,
                             .stage = Stage::envelope,
                             .code = static_cast<std::uint16_t>(listed ? 550 : 250)};
        decision_.connection_reputation = {.state = Reputation::State::checked,
                                           .hits = static_cast<std::uint8_t>(listed),
                                           .listed = static_cast<ListMask>(listed)};
        for (RecipientDecision& recipient : decision_.recipients) {
            recipient.verdict = decision_.verdict;
            recipient.reputation = decision_.connection_reputation;
        }
        recorder.on_decision({.stream = {}, .door = service::Door::postfix},
                             {.request = request_,
                              .decision = decision_,
                              .evidence = evidence_,
                              .policies = *policies_,
                              .alike = alike_});
    }

  private:
    void address_message(std::uint32_t number) {
        request_.mail_from = "sender" + std::to_string(number >> 12) + "@some-sender.example";
        request_.recipients[0] = "user" + std::to_string(number % 5000) + "@corp.example";
    }

    const About about_;
    std::shared_ptr<const policy::PolicySet> policies_;
    Request request_;
    Decision decision_;
    Evidence evidence_;
    std::uint32_t number_ = 0;
    bool was_listed_ = false;
    std::uint64_t alike_ = 0;  // as a Decider would number them
};

// Nothing is sent.
class NoNetwork final : public io::Network {
  public:
    void on_datagram_sent(const io::Endpoint&, std::uint16_t, std::span<const std::byte>) override {
    }
};

class Folder {
  public:
    Folder() { path_ = mkdtemp(pattern_); }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file() const { return path_ + "/tracking.db"; }

  private:
    char pattern_[32] = "/var/tmp/postern-bench.XXXXXX";
    std::string path_;
};

// A loop's end of the journal.
struct Lane {
    NoNetwork servers;
    io::VirtualLoop loop{1, servers};
    journal::RecordQueue queue{{}};
    journal::Recorder recorder{loop, queue, [] {}};
};

// What the loop pays; the queue is emptied beside it.
void Record(benchmark::State& state, Decisions::About about) {
    Lane lane;
    Decisions decisions(about);
    for (auto _ : state) {
        decisions.tell(lane.recorder);
        if (lane.queue.next().empty()) state.SkipWithError("the queue was full");
        lane.queue.release();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(Record, connections, Decisions::About::connections);
BENCHMARK_CAPTURE(Record, messages, Decisions::About::messages);

// What the journal pays to know by which words the decision will be found.
void Terms(benchmark::State& state, Decisions::About about) {
    Lane lane;
    Decisions decisions(about);
    std::vector<std::span<const std::byte>> entries(1024);
    for (auto& entry : entries) {
        decisions.tell(lane.recorder);
        entry = lane.queue.next().subspan(journal::entry_head);
    }
    const ListCatalogue catalogue = lists();
    tracking::RecordReader reader;
    auto filter = std::make_unique<tracking::BlockFilter>();
    std::size_t next = 0;
    for (auto _ : state) {
        if (!reader.read(entries[next], catalogue)) state.SkipWithError("no record");
        filter->add(reader.terms());
        if (++next == entries.size()) {
            filter = std::make_unique<tracking::BlockFilter>();
            next = 0;
        }
    }
    benchmark::DoNotOptimize(filter->bytes().data());
    state.counters["terms"] = static_cast<double>(reader.terms().size());
    state.counters["bytes"] = static_cast<double>(entries.front().size());
}
BENCHMARK_CAPTURE(Terms, connections, Decisions::About::connections);
BENCHMARK_CAPTURE(Terms, messages, Decisions::About::messages);

double cpu_us(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double cpu_us_of_other_threads() {
    return cpu_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_us(CLOCK_THREAD_CPUTIME_ID);
}

void offer(journal::Recorder& recorder, Decisions::About about, int decisions,
           int per_millisecond) {
    Decisions stream(about);
    const auto start = std::chrono::steady_clock::now();
    for (int sent = 0, tick = 1; sent < decisions; ++tick) {
        for (int i = 0; i < per_millisecond; ++i, ++sent) stream.tell(recorder);
        const auto due = start + std::chrono::milliseconds(tick);
        while (std::chrono::steady_clock::now() < due) ::poll(nullptr, 0, 1);
    }
}

journal::JournalStats track(const std::string& path, Decisions::About about, int decisions,
                            int per_millisecond) {
    NoNetwork servers;
    io::VirtualLoop loop(1, servers);
    journal::Journal journal({.path = path,
                              .lists = lists(),
                              .settings = {.decisions = journal::Decisions::none, .line = {}}});
    journal::Recorder& recorder = journal.add_worker(loop);
    journal.start();
    offer(recorder, about, decisions, per_millisecond);
    journal.flush();
    return journal.stats();
}

void Tracked(benchmark::State& state, Decisions::About about) {
    constexpr int decisions_in_all = 1'000'000;
    const int per_millisecond = static_cast<int>(state.range(0)) / 1000;
    for (auto _ : state) {
        const Folder folder;
        const double before = cpu_us_of_other_threads();
        const auto start = std::chrono::steady_clock::now();
        const auto stats = track(folder.file(), about, decisions_in_all, per_millisecond);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        const auto tracked = static_cast<double>(stats.tracked);
        state.counters["tracked"] = tracked;
        state.counters["tracked/s"] = tracked / took.count();
        state.counters["dropped"] = static_cast<double>(stats.dropped);
        state.counters["cpu_us_each"] = (cpu_us_of_other_threads() - before) / tracked;
        state.counters["bytes_each"] =
            static_cast<double>(std::filesystem::file_size(folder.file())) / tracked;
    }
}
void at_each_rate(benchmark::internal::Benchmark* tracked) {
    tracked->Arg(50'000)->Arg(100'000)->Arg(1'000'000);
    tracked->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK_CAPTURE(Tracked, connections, Decisions::About::connections)->Apply(at_each_rate);
BENCHMARK_CAPTURE(Tracked, messages, Decisions::About::messages)->Apply(at_each_rate);

}  // namespace
