// SPDX-License-Identifier: Apache-2.0
#include "policy/report/decision_text.h"

#include <algorithm>

namespace postern::policy {

namespace {

std::string where_to_look(const ListInfo& list, const IpAddress& client) {
    std::string url = list.info_url;
    constexpr std::string_view placeholder = "{ip}";
    const std::size_t at = url.find(placeholder);
    if (at != std::string::npos) url.replace(at, placeholder.size(), client.to_string());
    return url;
}

// "listed by zen (https://…) and psbl"; what would not fit is left out whole.
std::string listed_by(const ListCatalogue& lists, const IpAddress& client, ListMask listed) {
    std::string text;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if ((listed & mask_of(static_cast<ListIndex>(i))) == 0) continue;
        const ListInfo& list = lists[i];
        const std::string url = where_to_look(list, client);
        text += text.empty() ? "" : ", ";
        text += list.name;
        if (!url.empty()) text += " (see " + url + ")";
    }
    return text;
}

std::string names_only(const ListCatalogue& lists, ListMask listed) {
    std::string text;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if ((listed & mask_of(static_cast<ListIndex>(i))) == 0) continue;
        text += (text.empty() ? "" : ", ") + lists[i].name;
    }
    return text;
}

// With the addresses to look at when they all fit, else with the names alone.
std::string reputation_text(const ListCatalogue& lists, const IpAddress& client, ListMask listed) {
    const std::string begin = "Your mail server " + client.to_string() + " is on block lists: ";
    const std::string end = ". Ask for removal there, or write to the recipient another way.";
    const std::string full = begin + listed_by(lists, client, listed) + end;
    return full.size() <= reply_text_size_max ? full : begin + names_only(lists, listed) + end;
}

std::string text_of(const ListCatalogue& lists, const IpAddress& client, Reason reason,
                    ListMask listed) {
    switch (reason) {
        case Reason::accepted:
            return "Accepted";
        case Reason::reputation:
            return reputation_text(lists, client, listed);
        case Reason::reputation_unknown:
            return "The reputation of your mail server " + client.to_string() +
                   " cannot be checked at present. Please try again later; mail servers do so by "
                   "themselves.";
        case Reason::blocked_sender:
            return "Mail from this sender is not accepted here. Ask the recipient or the "
                   "postmaster another way.";
        case Reason::blocked_client:
            return "Mail from " + client.to_string() +
                   " is not accepted here. Ask the postmaster another way.";
        case Reason::anti_spoofing:
            return "The sender address belongs to the recipient's organisation, but this server "
                   "may not send for it. "
                   "Send through the organisation's own servers, or ask its postmaster to permit "
                   "yours.";
        case Reason::greylisted:
            return "Greylisted: please try again in a few minutes. Mail servers do so by "
                   "themselves.";
        case Reason::open_relay:
            return "This server does not relay mail for the recipient's domain. Check the address, "
                   "or authenticate first.";
    }
    return {};
}

}  // namespace

void append_reply_text(std::string& out, const PolicySet& policies, const Request& request,
                       const Verdict& verdict, const Reputation& reputation) {
    append_reply_text(out, policies.lists(), request.client, verdict.reason, reputation.listed);
}

void append_reply_text(std::string& out, const ListCatalogue& lists, const IpAddress& client,
                       Reason reason, ListMask listed) {
    std::string text = text_of(lists, client, reason, listed).substr(0, reply_text_size_max);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    out += text;
}

}  // namespace postern::policy
