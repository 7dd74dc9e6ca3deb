// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/track_filters.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "tools/posternctl/http_client.h"

namespace postern::ctl {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t page_max = 1000;

std::string percent_encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
        out += plain ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return out;
}

}  // namespace

void TrackFilters::add_to(CLI::App& command) {
    const auto several = [&](const char* name, std::vector<std::string>& values, const char* help) {
        command.add_option(name, values, help)->allow_extra_args(false);
    };
    several("--client", client_, "connecting address, or a range of them");
    several("--from", from_, "sender's address or domain, of the envelope or the From header");
    several("--to", to_, "recipient's address or domain");
    several("--action", action_, "accept, reject or defer");
    several("--reason", reason_, "reputation, blocked_sender, greylisted, ...");
    several("--policy", policy_, "a policy that had a part in it");
    several("--list", list_, "a list that listed the client");
    several("--id", id_, "id of the decision or the request, Postfix instance or queue id");
    command.add_option("--since", since_, "from then on: 2026-01-15T12:00:00Z, or 2h for two ago");
    command.add_option("--until", until_, "before then");
    command.add_flag("--rejected", rejected_, "what was rejected or deferred");
}

TrackFilters::Arguments TrackFilters::arguments() const {
    Arguments arguments;
    for (const auto& [name, values] :
         {std::pair{"client", &client_}, std::pair{"from", &from_}, std::pair{"to", &to_},
          std::pair{"action", &action_}, std::pair{"reason", &reason_},
          std::pair{"policy", &policy_}, std::pair{"list", &list_}, std::pair{"id", &id_}}) {
        for (const std::string& value : *values) arguments.emplace_back(name, value);
    }
    if (!since_.empty()) arguments.emplace_back("since", since_);
    if (!until_.empty()) arguments.emplace_back("until", until_);
    if (rejected_) arguments.emplace_back("rejected", "true");
    return arguments;
}

tl::expected<std::string, std::string> TrackFilters::newest(const std::string& socket,
                                                            std::size_t limit,
                                                            const Visit& visit) const {
    std::string last;
    std::string before;
    for (std::size_t found = 0;;) {
        Arguments asked = arguments();
        const std::size_t wanted = limit == 0 ? page_max : std::min(page_max, limit - found);
        asked.emplace_back("limit", std::to_string(wanted));
        if (!before.empty()) asked.emplace_back("before", before);
        const auto page = track_page(socket, asked);
        if (!page) return tl::unexpected(page.error());
        if (last.empty()) last = (*page)["last"];
        for (const json& decision : (*page)["decisions"]) visit(decision);
        found += (*page)["decisions"].size();
        if ((*page)["next"].is_null() || (limit != 0 && found >= limit)) return last;
        before = (*page)["next"];
    }
}

tl::expected<std::string, std::string> TrackFilters::after(const std::string& socket,
                                                           const std::string& last,
                                                           const Visit& visit) const {
    for (std::string seen = last;;) {
        Arguments asked = arguments();
        asked.emplace_back("limit", std::to_string(page_max));
        asked.emplace_back("after", seen);
        const auto page = track_page(socket, asked);
        if (!page) return tl::unexpected(page.error());
        for (const json& decision : (*page)["decisions"]) visit(decision);
        if ((*page)["next"].is_null()) return (*page)["last"].get<std::string>();
        seen = (*page)["next"];
    }
}

tl::expected<json, std::string> track_page(
    const std::string& socket, const std::vector<std::pair<std::string, std::string>>& arguments) {
    std::string path = "/v1/track";
    char before = '?';
    for (const auto& [name, value] : arguments) {
        path += before + name + '=' + percent_encoded(value);
        before = '&';
    }
    const auto reply = request(socket, "GET", path, "");
    if (!reply) return tl::unexpected(reply.error());
    json page = json::parse(reply->body, nullptr, false);
    if (page.is_discarded())
        return tl::unexpected("the daemon did not answer in JSON: " + reply->body);
    if (page.contains("error")) return tl::unexpected(page["error"].get<std::string>());
    return page;
}

}  // namespace postern::ctl
