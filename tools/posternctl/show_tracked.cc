// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/show_tracked.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>

namespace postern::ctl {

namespace {

using json = nlohmann::ordered_json;
using Out = std::back_insert_iterator<std::string>;

// What is on a terminal is printable ASCII, whatever the log holds.
std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return "";
    return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string joined(const json& names) {
    std::string text;
    for (const json& name : names) text += (text.empty() ? "" : " ") + name.get<std::string>();
    return text;
}

std::string from_of(const json& decision) {
    const json& request = decision["request"];
    if (!request.contains("mail_from")) return "(connection)";
    const std::string sender = request["mail_from"];
    return sender.empty() ? "<>" : sender;
}

std::string to_of(const json& decision) {
    const json& recipients = decision["recipients"];
    if (recipients.empty()) return "";
    std::string to = recipients[0]["address"];
    if (recipients.size() > 1) to += fmt::format(" +{}", recipients.size() - 1);
    return to;
}

constexpr std::size_t columns = 7;
constexpr std::size_t table_width = 100;
using Cells = std::array<std::string, columns>;

Cells cells_of(const json& decision) {
    const std::string time = decision["time"];
    return {text_of(decision, "id"),
            time.substr(5, 5) + ' ' + time.substr(11, 8),
            decision["request"]["client"].get<std::string>(),
            text_of(decision, "action"),
            text_of(decision, "reason"),
            printable(from_of(decision)),
            printable(to_of(decision))};
}

// The last two columns share what the others leave.
std::array<std::size_t, columns> widths_of(const std::vector<Cells>& rows) {
    std::array<std::size_t, columns> widths{};
    for (const Cells& row : rows) {
        for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::size_t taken = columns - 1;
    for (std::size_t i = 0; i < columns - 2; ++i) taken += widths[i];
    const std::size_t left = taken < table_width ? table_width - taken : 0;
    const std::size_t half = left / 2;
    const std::size_t to = std::min(widths[columns - 1], half);
    widths[columns - 2] = std::min(widths[columns - 2], left - to);
    widths[columns - 1] = std::min(widths[columns - 1], left - widths[columns - 2]);
    return widths;
}

void show_row(Out out, const Cells& row, const std::array<std::size_t, columns>& widths) {
    std::string line;
    for (std::size_t i = 0; i < columns; ++i) {
        const bool fits = row[i].size() <= widths[i];
        const std::string cell = fits || widths[i] == 0 ? row[i].substr(0, widths[i])
                                                        : row[i].substr(0, widths[i] - 1) + '~';
        line += fmt::format("{}{:<{}}", i == 0 ? "" : " ", cell, widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::format_to(out, "{}\n", line);
}

void show_field(Out out, const char* name, const std::string& value) {
    if (!value.empty()) fmt::format_to(out, "{:<12} {}\n", name, printable(value));
}

void show_verdict(Out out, const json& verdict) {
    fmt::format_to(out, "    {} {} {}, reason {}, stage {}, policy {}\n",
                   text_of(verdict, "action"), text_of(verdict, "code"),
                   text_of(verdict, "enhanced"), text_of(verdict, "reason"),
                   text_of(verdict, "stage"),
                   verdict["policy"].is_null() ? "none" : printable(text_of(verdict, "policy")));
    if (verdict["action"] == "accept") return;
    fmt::format_to(out, "    reply: {} {} {}\n", text_of(verdict, "code"),
                   text_of(verdict, "enhanced"), text_of(verdict, "text"));
}

void show_reputation(Out out, const json& reputation) {
    fmt::format_to(out, "    reputation {} by definition {}: {} listed, {} needed",
                   text_of(reputation, "state"), text_of(reputation, "definition"),
                   text_of(reputation, "hits"), text_of(reputation, "threshold"));
    const std::string listed = joined(reputation["listed"]);
    const std::string unknown = joined(reputation["unknown"]);
    if (!listed.empty()) fmt::format_to(out, "; listed by {}", listed);
    if (!unknown.empty()) fmt::format_to(out, "; unknown {}", unknown);
    fmt::format_to(out, "\n");
}

void show_recipient(Out out, const json& recipient) {
    fmt::format_to(out, "to {}\n", printable(text_of(recipient, "address")));
    show_verdict(out, recipient);
    const json& permit = recipient["permit"];
    if (permit["state"] != "none") {
        fmt::format_to(out, "    permit {}, policy {}, by the {}\n", text_of(permit, "state"),
                       printable(text_of(permit, "policy")), text_of(permit, "matched"));
    }
    show_reputation(out, recipient["reputation"]);
}

void show_lists(Out out, const json& lists) {
    for (const auto& [name, listing] : lists.items()) {
        fmt::format_to(out, "list {:<14} {}{}{}\n", name, text_of(listing, "state"),
                       listing.contains("code") ? " " + text_of(listing, "code") : "",
                       listing.contains("stale") ? ", stale" : "");
    }
}

std::string from_header(const json& request) {
    if (!request.contains("headers") || request["headers"].empty()) return "";
    return request["headers"][0][1];
}

std::string csv_cell(std::string text) {
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string::npos)
        text.insert(text.begin(), '\'');
    if (text.find_first_of("\",\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string csv_line(const std::vector<std::string>& cells) {
    std::string line;
    for (const std::string& cell : cells) line += (line.empty() ? "" : ",") + csv_cell(cell);
    return line + "\r\n";
}

std::vector<std::string> csv_cells(const json& decision, const json& verdict,
                                   const std::string& to) {
    const json& request = decision["request"];
    const json& reputation = request["reputation"];
    const bool refused = verdict["action"] != "accept";
    return {text_of(decision, "id"),
            text_of(decision, "time"),
            text_of(decision, "interface"),
            text_of(request, "client"),
            text_of(request, "hostname"),
            text_of(request, "helo"),
            text_of(request, "mail_from"),
            from_header(request),
            to,
            text_of(verdict, "action"),
            text_of(verdict, "code"),
            text_of(verdict, "enhanced"),
            text_of(verdict, "reason"),
            text_of(verdict, "policy"),
            joined(reputation["listed"]),
            joined(reputation["unknown"]),
            refused ? text_of(verdict, "text") : "",
            text_of(decision, "mode"),
            text_of(decision, "enforced"),
            text_of(decision, "instance"),
            text_of(decision, "queue_id")};
}

}  // namespace

std::string show_tracked(const std::vector<json>& decisions, bool with_header) {
    std::vector<Cells> rows;
    if (with_header)
        rows.push_back({"id", "time (UTC)", "client", "action", "reason", "from", "to"});
    for (const json& decision : decisions) rows.push_back(cells_of(decision));
    const auto widths = widths_of(rows);
    std::string text;
    for (const Cells& row : rows) show_row(Out(text), row, widths);
    return text;
}

std::string show_tracked_decision(const json& decision) {
    std::string text;
    const Out out(text);
    const json& request = decision["request"];
    show_field(out, "decision", text_of(decision, "id"));
    show_field(out, "time", text_of(decision, "time"));
    show_field(out, "interface", text_of(decision, "interface"));
    show_field(out, "instance", text_of(decision, "instance"));
    show_field(out, "queue id", text_of(decision, "queue_id"));
    show_field(out, "request id", text_of(request, "id"));
    show_field(out, "client", text_of(request, "client"));
    show_field(out, "hostname", text_of(request, "hostname"));
    show_field(out, "helo", text_of(request, "helo"));
    show_field(out, "from", from_of(decision));
    show_field(out, "header From", from_header(request));
    for (const auto& [name, value] : request["auth"].items())
        show_field(out, name.c_str(), value.get<std::string>());
    if (decision["recipients"].empty()) {
        fmt::format_to(out, "the connection\n");
        show_verdict(out, decision);
        if (decision.contains("reputation")) show_reputation(out, decision["reputation"]);
    }
    for (const json& recipient : decision["recipients"]) show_recipient(out, recipient);
    show_lists(out, decision["lists"]);
    show_field(out, "mode",
               text_of(decision, "mode") +
                   (decision["enforced"] == true ? "" : ": the gateway was told to accept"));
    if (decision["degraded"] == true)
        show_field(out, "degraded", "a list that was wanted gave no opinion, or a stale one");
    if (decision["final"] == false) show_field(out, "final", "no, a later stage decides");
    show_field(out, "policy set", text_of(decision, "policy_set"));
    show_field(out, "took", text_of(decision, "elapsed_us") + " us");
    return text;
}

std::string csv_header() {
    return csv_line({"id",       "time",        "interface", "client",  "hostname", "helo",
                     "from",     "header_from", "to",        "action",  "code",     "enhanced",
                     "reason",   "policy",      "listed",    "unknown", "reply",    "mode",
                     "enforced", "instance",    "queue_id"});
}

std::string csv_rows(const json& decision) {
    if (decision["recipients"].empty()) return csv_line(csv_cells(decision, decision, ""));
    std::string rows;
    for (const json& recipient : decision["recipients"])
        rows += csv_line(csv_cells(decision, recipient, recipient["address"]));
    return rows;
}

}  // namespace postern::ctl
