// SPDX-License-Identifier: Apache-2.0
//
// posternctl lists: a line of numbers for each list, and below it what there is to know beyond
// them.
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/posternctl/show.h"

namespace postern::ctl {

namespace {

using nlohmann::json;
using Out = std::back_insert_iterator<std::string>;

std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

// What counts against a list; that nobody was there to be asked, or a code that is not counted,
// does not.
bool is_failure(const std::string& kind) {
    return kind != "late" && kind != "not_asked" && kind != "unmapped_code" && kind != "nodata";
}

std::uint64_t failures(const json& errors) {
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : errors.items()) {
        if (is_failure(kind)) sum += count.get<std::uint64_t>();
    }
    return sum;
}

void show_numbers(Out out, const json& list) {
    const json& latency = list["latency_ms"];
    fmt::format_to(out, "{:<14} {:<9} {:<7} {:>9} {:>8} {:>9} {:>7.2f} {:>9} {:>9.1f} {:>9.1f}\n",
                   text_of(list["name"]), text_of(list["state"]), text_of(list["kind"]),
                   text_of(list["queries"]), text_of(list["retries"]), text_of(list["listed"]),
                   list["hit_rate"].get<double>() * 100, failures(list["errors"]),
                   latency["p50"].get<double>(), latency["p99"].get<double>());
}

void show_state(Out out, const json& list) {
    fmt::format_to(out, "    {} since {}", text_of(list["state"]), text_of(list["since"]));
    const std::string why = text_of(list["why"]);
    if (!why.empty()) fmt::format_to(out, ": {}", why);
    fmt::format_to(out, "\n");
}

void show_errors(Out out, const json& errors) {
    std::string text;
    for (const auto& [kind, count] : errors.items()) {
        if (count.get<std::uint64_t>() == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, text_of(count));
    }
    if (!text.empty()) fmt::format_to(out, "    errors: {}\n", text);
}

void show_budget(Out out, const json& list) {
    if (list["budget"].is_null()) return;
    fmt::format_to(out, "    {} of {} queries today\n", text_of(list["queries_today"]),
                   text_of(list["budget"]));
}

void show_probes(Out out, const json& probes) {
    for (const json& probe : probes) {
        fmt::format_to(out, "    tested {}: {}\n", text_of(probe["at"]), text_of(probe["result"]));
    }
}

}  // namespace

std::string show_lists(const json& reply) {
    std::string text;
    const Out out(text);
    fmt::format_to(out, "{:<14} {:<9} {:<7} {:>9} {:>8} {:>9} {:>7} {:>9} {:>9} {:>9}\n", "list",
                   "state", "kind", "queries", "retries", "listed", "hits %", "errors", "p50 ms",
                   "p99 ms");
    for (const json& list : reply["lists"]) {
        show_numbers(out, list);
        show_state(out, list);
        show_errors(out, list["errors"]);
        show_budget(out, list);
        show_probes(out, list["probes"]);
    }
    return text;
}

}  // namespace postern::ctl
