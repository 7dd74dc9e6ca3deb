// SPDX-License-Identifier: Apache-2.0
#include "policy/report/simulate.h"

#include <istream>
#include <ostream>
#include <string>

#include "policy/model/mail_address.h"
#include "policy/report/decision_json.h"
#include "policy/report/json_writer.h"
#include "policy/report/recorded.h"
#include "policy/report/request_json.h"
#include "policy/stages/memory_table.h"

namespace postern::policy {

namespace {

class Simulation {
  public:
    Simulation(const PolicySet& policies, WallTime now) : policies_(policies), now_(now) {}

    // Appends the answer to one line; false when it is an error.
    bool decide_line(std::size_t number, std::string_view line, std::string& out) {
        const tl::expected<void, std::string> read = reader_.read(line, request_);
        if (!read) return fail(number, read.error(), out);
        const RecordedReputation recorded = request_.reputation.value_or(RecordedReputation());
        const tl::expected<Evidence, std::string> evidence =
            evidence_from(recorded, policies_.lists());
        if (!evidence) return fail(number, evidence.error(), out);

        const WallTime now = request_.now.value_or(now_);
        decide(policies_, request_, *evidence, memory_, now, decision_);
        remember(policies_, request_, decision_, now, memory_);
        append_json(out, policies_, request_, decision_, *evidence, Duration::zero());
        return true;
    }

  private:
    bool fail(std::size_t number, const std::string& error, std::string& out) const {
        JsonWriter json(out);
        json.begin_object();
        if (!request_.id.empty()) json.key("id").text(request_.id);
        json.key("error").text("line " + std::to_string(number) + ": " + error);
        json.end_object();
        return false;
    }

    const PolicySet& policies_;
    WallTime now_;
    RequestReader reader_;
    Request request_;
    Decision decision_;
    MemoryTable memory_;
};

}  // namespace

SimulationResult simulate(const PolicySet& policies, std::istream& in, std::ostream& out,
                          WallTime now) {
    Simulation simulation(policies, now);
    SimulationResult result;
    std::string line;
    std::string answer;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (trimmed(line).empty()) continue;
        answer.clear();
        const bool decided = simulation.decide_line(number, line, answer);
        ++(decided ? result.decided : result.failed);
        out << answer << '\n';
    }
    return result;
}

}  // namespace postern::policy
