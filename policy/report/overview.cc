// SPDX-License-Identifier: Apache-2.0
#include "policy/report/overview.h"

#include <algorithm>

#include "policy/index/index.h"
#include "policy/report/json_writer.h"

namespace postern::policy {

namespace {

std::string what_it_does(const Model& model, const Policy& policy) {
    switch (info(policy.type).definition) {
        case DefinitionKind::none:
            return to_string(policy.option);
        case DefinitionKind::reputation:
            return model.reputation[policy.definition].name;
        case DefinitionKind::header:
            return model.headers[policy.definition].name;
    }
    return {};
}

PolicyRow row_of(const PolicySet& policies, std::uint32_t number, WallTime now) {
    const Model& model = policies.index().model;
    const Policy& policy = model.policies[number];
    return {.id = policy.id,
            .type = to_string(policy.type),
            .option = what_it_does(model, policy),
            .from = to_string(policy.from),
            .to = to_string(policy.to),
            .status = to_string(status_of(policy, now)),
            .override_rank = policy.override_rank,
            .has_source_condition = policy.has_source_condition(),
            .hits = policies.hits().of(number),
            .narrative = policy.narrative,
            .place = model.files[policy.place.file] + ':' + std::to_string(policy.place.line)};
}

}  // namespace

std::vector<PolicyRow> policy_rows(const PolicySet& policies, WallTime now) {
    const PolicySet::Index& index = policies.index();
    const std::vector<Policy>& written = index.model.policies;
    std::vector<std::uint32_t> ordered;
    for (const Rule& rule : index.rules) {
        if (rule.ref.kind == PolicyRef::Kind::written) ordered.push_back(rule.ref.index);
    }
    // The rules come strongest first whatever their type, and that order must stay within a type.
    std::stable_sort(ordered.begin(), ordered.end(), [&](std::uint32_t a, std::uint32_t b) {
        return written[a].type < written[b].type;
    });
    std::vector<PolicyRow> rows;
    rows.reserve(ordered.size());
    for (const std::uint32_t number : ordered) rows.push_back(row_of(policies, number, now));
    return rows;
}

void append_json(std::string& out, const std::vector<PolicyRow>& rows) {
    JsonWriter json(out);
    json.begin_array();
    for (const PolicyRow& row : rows) {
        json.begin_object();
        json.key("id").text(row.id);
        json.key("type").text(row.type);
        json.key("option").text_or_null(row.option);
        json.key("from").text(row.from);
        json.key("to").text(row.to);
        json.key("status").text(row.status);
        json.key("override").boolean(row.override_rank);
        json.key("source_condition").boolean(row.has_source_condition);
        json.key("hits").number(static_cast<std::int64_t>(row.hits));
        json.key("narrative").text(row.narrative);
        json.key("place").text(row.place);
        json.end_object();
    }
    json.end_array();
}

}  // namespace postern::policy
