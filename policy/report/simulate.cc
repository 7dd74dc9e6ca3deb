// SPDX-License-Identifier: Apache-2.0
#include "policy/report/simulate.h"

#include <istream>
#include <ostream>
#include <string>

#include "policy/model/mail_address.h"
#include "policy/report/decision_json.h"
#include "policy/report/json_writer.h"
#include "policy/report/recorded.h"

namespace postern::policy {

namespace {

void append_error(std::string& out, const std::string& id, const std::string& error) {
    JsonWriter json(out);
    json.begin_object();
    if (!id.empty()) json.key("id").text(id);
    json.key("error").text(error);
    json.end_object();
}

}  // namespace

tl::expected<void, std::string> Simulation::decide(std::string_view json) {
    if (auto read = reader_.read(json, request_); !read) return read;
    const RecordedReputation recorded = request_.reputation.value_or(RecordedReputation());
    const tl::expected<Evidence, std::string> evidence = evidence_from(recorded, policies_.lists());
    if (!evidence) return tl::unexpected(evidence.error());

    evidence_ = *evidence;
    const WallTime now = request_.now.value_or(now_);
    policy::decide(policies_, request_, evidence_, memory_, now, decision_);
    remember(policies_, request_, decision_, now, memory_);
    return {};
}

SimulationResult simulate(const PolicySet& policies, std::istream& in, std::ostream& out,
                          WallTime now) {
    Simulation simulation(policies, now);
    SimulationResult result;
    std::string line;
    std::string answer;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (trimmed(line).empty()) continue;
        answer.clear();
        const auto decided = simulation.decide(line);
        ++(decided ? result.decided : result.failed);
        if (decided) {
            append_json(answer, policies, simulation.request(), simulation.decision(),
                        simulation.evidence(), Duration::zero());
        } else {
            append_error(answer, simulation.request().id,
                         "line " + std::to_string(number) + ": " + decided.error());
        }
        out << answer << '\n';
    }
    return result;
}

}  // namespace postern::policy
