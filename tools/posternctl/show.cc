// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/show.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace postern::ctl {

namespace {

using nlohmann::json;
using Out = std::back_insert_iterator<std::string>;

std::string text_of(const json& value) {
    if (value.is_null()) return "-";
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string joined(const json& names) {
    std::string out;
    for (const json& name : names) out += (out.empty() ? "" : ", ") + text_of(name);
    return out.empty() ? "none" : out;
}

void show_verdict(Out out, const json& verdict) {
    fmt::format_to(out, "{} {} {}  reason: {}  stage: {}  policy: {}\n", text_of(verdict["action"]),
                   text_of(verdict["code"]), text_of(verdict["enhanced"]),
                   text_of(verdict["reason"]), text_of(verdict["stage"]),
                   text_of(verdict["policy"]));
    const std::string text = text_of(verdict.value("text", json()));
    if (text != "-" && !text.empty()) fmt::format_to(out, "  told the sender: {}\n", text);
}

void show_reputation(Out out, const json& reputation) {
    fmt::format_to(out,
                   "  reputation: {} by definition {}: {} of {} hits; listed: {}; unknown: {}\n",
                   text_of(reputation["state"]), text_of(reputation["definition"]),
                   text_of(reputation["hits"]), text_of(reputation["threshold"]),
                   joined(reputation["listed"]), joined(reputation["unknown"]));
}

void show_recipient(Out out, const json& recipient) {
    fmt::format_to(out, "{}: ", text_of(recipient["address"]));
    show_verdict(out, recipient);
    const json& permit = recipient["permit"];
    fmt::format_to(out, "  permit: {} (policy {})\n", text_of(permit["state"]),
                   text_of(permit["policy"]));
    show_reputation(out, recipient["reputation"]);
    const json content = recipient.value("content", json());
    if (content.is_null()) return;
    for (const auto& [step, what] : content.items()) {
        if (!what.is_object()) continue;
        fmt::format_to(out, "  {}: {} (policy {})\n", step, text_of(what["do"]),
                       text_of(what["policy"]));
    }
}

void show_listings(Out out, const json& lists) {
    for (const auto& [name, listing] : lists.items()) {
        fmt::format_to(out, "  {:<14} {:<10} {}{}\n", name, text_of(listing["state"]),
                       text_of(listing.value("code", json(""))),
                       listing.value("stale", false) ? " (stale)" : "");
    }
}

}  // namespace

std::string show_decision(const json& decision) {
    std::string text;
    const Out out(text);
    show_verdict(out, decision);
    if (decision.contains("reputation")) show_reputation(out, decision["reputation"]);
    for (const json& recipient : decision.value("recipients", json::array()))
        show_recipient(out, recipient);
    if (decision.contains("lists") && !decision["lists"].empty()) {
        fmt::format_to(out, "lists{}:\n",
                       decision.value("degraded", false) ? " (not all of them answered)" : "");
        show_listings(out, decision["lists"]);
    }
    fmt::format_to(out, "decided in {:.1f} ms by policy set {}\n",
                   decision.value("elapsed_us", 0.0) / 1000, text_of(decision["policy_set"]));
    return text;
}

std::string show_cached(const json& cached) {
    if (cached["lists"].empty()) return text_of(cached["client"]) + " is not in the cache\n";
    std::string text = text_of(cached["client"]) + "\n";
    show_listings(Out(text), cached["lists"]);
    return text;
}

std::string show_fields(const json& object) {
    std::string text;
    for (const auto& [name, value] : object.items()) {
        fmt::format_to(Out(text), "{}: {}\n", name, text_of(value));
    }
    return text;
}

}  // namespace postern::ctl
