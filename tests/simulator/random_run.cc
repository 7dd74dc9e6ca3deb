// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/random_run.h"

#include <algorithm>

#include "policy/config/duration_text.h"
#include "tests/simulator/criteria.h"
#include "tests/simulator/random_plan.h"

namespace postern::simulator {

namespace {

using namespace std::chrono_literals;

constexpr unsigned steps_max = 120;
constexpr std::size_t clients_max = 6;
// Besides a tenth of the first tries.
constexpr std::uint64_t retries_reserve = 10;

}  // namespace

RandomRun::RandomRun(std::uint64_t seed, std::vector<std::string>* log)
    : dice_(seed), log_(log), world_(random_plan(dice_, seed)) {
    policies_ = world_.plan().config.policies;
    for (ScriptedList& list : world_.servers().lists()) {
        list.set_share(dice_.between(0, 40));
        list.set_ttl(dice_.time_between(10s, 300s));
    }
}

std::string RandomRun::run() {
    world_.start();
    trouble();
    make_peace();
    std::string wrong = recover();
    if (wrong.empty()) wrong = check_answers();
    if (wrong.empty()) wrong = check_books();
    const std::vector<std::string> violations = world_.violations();
    return violations.empty() ? wrong : violations.front();
}

void RandomRun::trouble() {
    const unsigned steps = dice_.between(10, steps_max);
    for (unsigned i = 0; i < steps && world_.violations().empty(); ++i) step();
}

void RandomRun::step() {
    if (dice_.chance(15)) {
        const Fault& fault = dice_.one_of(all_faults());
        note(fault.name);
        fault.begin(world_, dice_);
    }
    if (dice_.chance(10)) end_some_fault(world_, dice_);
    if (dice_.chance(15)) change_a_client();
    if (dice_.chance(5)) change_postern();
    for (unsigned questions = dice_.between(0, 8); questions > 0; --questions) ask_something();
    note_events();
    world_.advance(dice_.chance(10) ? dice_.time_between(1s, 30s) : dice_.time_between(0ms, 500ms));
}

GatewayClient& RandomRun::some_client() {
    if (clients_.size() < clients_max) {
        constexpr Dialect dialects[] = {Dialect::json, Dialect::native, Dialect::postfix};
        clients_.push_back(&world_.connect(dice_.one_of(dialects)));
        return *clients_.back();
    }
    return *dice_.one_of(clients_);
}

void RandomRun::ask_something() {
    Question question;
    const bool again = !known_.empty() && dice_.chance(40);
    question.client = again ? dice_.one_of(known_) : dice_.chance(20) ? dice_.v6() : dice_.v4();
    if (!again) known_.push_back(question.client);
    if (dice_.chance(30)) {
        question.mail_from = "sender@elsewhere.example";
        question.recipient = "ann@corp.example";
    }
    some_client().ask(next_number_++, question);
}

// A client misbehaves, or goes; one that goes is replaced by the next question.
void RandomRun::change_a_client() {
    if (clients_.empty()) return;
    const std::size_t index = dice_.below(clients_.size());
    GatewayClient& client = *clients_[index];
    switch (dice_.below(5)) {
        case 0:
            note("a client reads slowly");
            return client.read_slowly(dice_.between(0, 100));
        case 1:
            return client.read_freely();
        case 2:
            note("a client hangs up");
            client.hang_up();
            break;
        case 3:
            note("a client half-closes");
            client.half_close();
            break;
        default:
            note("a client talks nonsense");
            client.send_raw("\xD2nonsense\n\n");
            client.half_close();
    }
    clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(index));
}

void RandomRun::change_postern() {
    if (dice_.chance(20)) {
        note("restart");
        world_.restart();
        policies_ = world_.plan().config.policies;
        clients_.clear();
        return;
    }
    note("reload");
    Problems problems;
    policies_ = world_.plan().load_policies(random_policies(dice_, world_.plan()), problems);
    world_.parts().pipeline.set_policies(policies_);
}

void RandomRun::make_peace() {
    note("peace");
    end_all_faults(world_);
    world_.let_everybody_read();
    world_.advance(world_.longest_deadline() + World::grace);
}

std::string RandomRun::recover() {
    const TimePoint end = world_.now() + recovery_max;
    const auto all = static_cast<ListMask>((1U << world_.servers().lists().size()) - 1);
    while (world_.standings().voting() != all) {
        if (world_.now() >= end)
            return "a list is not healthy " + to_string(recovery_max) + " after peace";
        world_.advance(5s);
        note_events();
    }
    // What was learned in the trouble may be remembered: for its time to live at most.
    world_.advance(5min);
    return "";
}

std::string RandomRun::check_answers() {
    GatewayClient& client = world_.connect(Dialect::json);
    // Lies that nobody noticed in the trouble may be a few short of an alarm, which the first
    // listing then gives; a self-test disproves it.
    for (unsigned i = 0; i < 30; ++i) {
        client.ask(next_number_++, {dice_.v4(), std::nullopt, ""});
        world_.advance(50ms);
    }
    for (unsigned i = 0; i < 20; ++i) {
        const std::uint32_t number = next_number_++;
        const IpAddress address = dice_.v4();
        client.ask(number, {address, std::nullopt, ""});
        world_.advance(50ms);
        note_events();
        const auto told = client.answers().find(number);
        if (told == client.answers().end()) return "no answer within 50 ms of peace";
        if (told->second.degraded || told->second.action != right_action(address)) {
            return "a wrong answer in peace: " + address.to_string() + " " + describe(told->second);
        }
    }
    return "";
}

// What the policies make of the truth.
Action RandomRun::right_action(const IpAddress& client) const {
    Request request;
    request.client = client;
    Evidence evidence;
    const std::deque<ScriptedList>& lists = world_.lists();
    for (std::size_t i = 0; i < lists.size(); ++i) {
        evidence.listings[i].state =
            lists[i].lists(client) ? Listing::State::listed : Listing::State::clear;
    }
    Decision decision;
    policy::decide(*policies_, request, evidence, policy::MemoryTable(), {}, decision);
    return decision.verdict.action;
}

// Every request has ended in one way, and nothing is left over.
std::string RandomRun::check_books() {
    const PipelineStats& stats = world_.parts().pipeline.stats();
    const std::uint64_t ends = stats.answered_at_once + stats.answered_after_waiting +
                               stats.answered_at_deadline + stats.answered_in_overload;
    if (world_.parts().pipeline.waiting() != 0) return "requests wait for ever";
    if (ends != stats.requests) return "the counters do not add up";
    if (world_.replies() != stats.requests) return "not as many replies as requests";
    if (world_.unanswered() != 0) return "a gateway waits for an answer";
    for (ListIndex list = 0; list < world_.lists().size(); ++list) {
        const dns::ListStats& list_stats = world_.parts().source.stats(list);
        const std::uint64_t earned = (list_stats.queries - list_stats.retries) / 10;
        if (list_stats.retries > earned + retries_reserve) return "too many retries";
    }
    for (unsigned i = 0; i < 100 && world_.parts().source.in_flight() != 0; ++i) {
        world_.advance(100ms);
    }
    if (world_.parts().source.in_flight() != 0) return "questions to lists are left over";
    return "";
}

void RandomRun::note_events() {
    for (const std::string& line : world_.events().lines()) note("    " + line);
    world_.events().forget();
}

void RandomRun::note(const std::string& what) {
    if (log_ == nullptr) return;
    log_->push_back(to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                        world_.now().time_since_epoch())) +
                    " " + what);
}

}  // namespace postern::simulator
