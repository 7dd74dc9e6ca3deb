// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/decision_line.h"

#include <fmt/format.h>
#include <sodium/crypto_shorthash.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "policy/model/mail_address.h"
#include "policy/report/decision_text.h"
#include "policy/stages/header_from.h"
#include "resolver/service/mode.h"

namespace postern::journal {

namespace {

using tracking::Found;
using tracking::Record;
using tracking::RecordedRecipient;
using tracking::RecordedVerdict;

static_assert(sizeof(HashKey) == crypto_shorthash_KEYBYTES);

// More are counted; the decision log has them all.
constexpr std::size_t recipients_max = 20;

std::string hash_of(std::string_view text, const HashKey& key) {
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     key.data());
    std::string out;
    for (const unsigned char byte : hash) out += fmt::format("{:02x}", byte);
    return out;
}

// What the lists said, "zen:listed:127.0.0.2,psbl:clear"; a stale opinion ends in ":stale".
std::string lists_text(const Found& found) {
    std::string text;
    for (std::size_t i = 0; i < found.lists.size(); ++i) {
        const Listing& listing = found.record.evidence.listings[i];
        if (listing.state == Listing::State::not_applicable) continue;
        if (!text.empty()) text += ',';
        text += found.lists[i].name + ':' + to_string(listing.state);
        if (listing.code != 0) text += ':' + IpAddress::from_v4(listing.code).to_string();
        if (listing.stale) text += ":stale";
    }
    return text;
}

std::string names_of(ListMask lists, const ListCatalogue& catalogue) {
    std::string text;
    for (std::size_t i = 0; i < catalogue.size(); ++i) {
        if ((lists & mask_of(static_cast<ListIndex>(i))) == 0) continue;
        text += (text.empty() ? "" : ",") + catalogue[i].name;
    }
    return text;
}

class Writer {
  public:
    Writer(std::string& out, const Found& found, const LineOptions& options)
        : found_(found),
          record_(found.record),
          options_(options),
          line_(out, options.format, found.time, log::Level::info) {}

    void write() {
        line_.text("event", "decision").text("id", tracking::to_text(found_.id));
        line_.text("interface", to_string(record_.door));
        where_known("request_id", record_.id);
        where_known("instance", record_.instance);
        where_known("queue_id", record_.queue_id);
        line_.text("client", record_.client.to_string());
        where_known("hostname", record_.hostname);
        where_known("helo", record_.helo);
        if (record_.mail_from) line_.text("from", shown_address(*record_.mail_from, options_));
        if (!record_.header_from.empty()) line_.text("header_from", shown_header_from());
        verdict("", record_.verdict);
        recipients();
        lists();
        line_.text("mode", to_string(record_.mode));
        line_.flag("degraded", record_.degraded).flag("final", record_.final);
        line_.number("elapsed_us", static_cast<std::int64_t>(record_.elapsed_us));
        line_.text("policy_set", fmt::format("{:016x}", record_.policy_set));
        told();
        line_.end();
    }

  private:
    void where_known(std::string_view key, std::string_view text) {
        if (!text.empty()) line_.text(key, text);
    }

    void verdict(const std::string& number, const RecordedVerdict& recorded) {
        line_.text("action" + number, to_string(recorded.verdict.action));
        line_.number("code" + number, recorded.verdict.code);
        line_.text("reason" + number, to_string(recorded.verdict.reason));
        where_known("policy" + number, recorded.policy);
    }

    // One is `to`; several are counted, and each has its own keys: to1, action1, …, to2, …
    void recipients() {
        const std::vector<RecordedRecipient>& all = record_.recipients;
        if (all.size() == 1) {
            line_.text("to", shown_address(all[0].address, options_));
            return permit("", all[0]);
        }
        if (all.size() > 1) line_.number("recipients", static_cast<std::int64_t>(all.size()));
        for (std::size_t i = 0; i < std::min(all.size(), recipients_max); ++i) {
            const std::string number = std::to_string(i + 1);
            line_.text("to" + number, shown_address(all[i].address, options_));
            verdict(number, all[i].verdict);
            permit(number, all[i]);
        }
    }

    void permit(const std::string& number, const RecordedRecipient& recipient) {
        if (recipient.permit == Permit::State::none) return;
        line_.text("permit" + number, to_string(recipient.permit));
        where_known("permit_policy" + number, recipient.permit_policy);
    }

    void lists() {
        where_known("listed", names_of(record_.evidence.listed(), found_.lists));
        where_known("unknown", names_of(record_.evidence.unknown(), found_.lists));
        where_known("lists", lists_text(found_));
    }

    // What the sender of refused mail is told, or would be.
    void told() {
        if (record_.verdict.verdict.action == Action::accept) return;
        std::string text;
        policy::append_reply_text(text, found_.lists, record_.client,
                                  record_.verdict.verdict.reason,
                                  tracking::reputation_behind(record_).listed);
        line_.text("text", text);
    }

    std::string shown_header_from() const {
        if (options_.addresses == Addresses::full) return std::string(record_.header_from);
        const std::vector<Header> headers = {{"From", std::string(record_.header_from)}};
        std::string shown;
        for (const policy::Mailbox& mailbox :
             policy::header_from(headers, std::pmr::get_default_resource())) {
            shown += (shown.empty() ? "" : ",") + shown_address(mailbox.address, options_);
        }
        return shown;
    }

    const Found& found_;
    const Record& record_;
    const LineOptions& options_;
    log::Line line_;
};

}  // namespace

std::string shown_address(std::string_view address, const LineOptions& options) {
    if (options.addresses == Addresses::full || address.empty()) return std::string(address);
    const std::string domain(policy::domain_of(address));
    if (options.addresses == Addresses::domain) return '@' + domain;
    return hash_of(policy::canonical_address(address), options.key) + '@' + domain;
}

void append_line(std::string& out, const Found& found, const LineOptions& options) {
    Writer(out, found, options).write();
}

}  // namespace postern::journal
