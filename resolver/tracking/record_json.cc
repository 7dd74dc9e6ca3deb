// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/record_json.h"

#include <fmt/format.h>

#include <chrono>

#include "policy/config/rfc3339.h"
#include "policy/report/decision_text.h"
#include "policy/report/json_writer.h"
#include "resolver/log/line.h"
#include "resolver/service/mode.h"

namespace postern::tracking {

namespace {

class Writer {
  public:
    Writer(std::string& out, const Found& found)
        : json_(out), found_(found), record_(found.record) {}

    void write() {
        json_.begin_object();
        json_.key("id").text(to_text(found_.id));
        std::string time;
        log::append_time(time, found_.time);
        json_.key("time").text(time);
        json_.key("interface").text(to_string(record_.door));
        json_.key("mode").text(to_string(record_.mode));
        verdict(record_.verdict, reputation_behind(record_));
        json_.key("enforced").boolean(record_.mode == service::Mode::enforce);
        text_where_known("instance", record_.instance);
        text_where_known("queue_id", record_.queue_id);
        recipients();
        if (!record_.mail_from) reputation(record_.connection_reputation);
        lists();
        json_.key("final").boolean(record_.final);
        json_.key("degraded").boolean(record_.degraded);
        json_.key("policy_set").text(fmt::format("{:016x}", record_.policy_set));
        json_.key("elapsed_us").number(static_cast<std::int64_t>(record_.elapsed_us));
        if (record_.more_headers) json_.key("more_headers").boolean(true);
        if (record_.is_cut) json_.key("cut").boolean(true);
        request();
        json_.end_object();
    }

  private:
    void text_where_known(std::string_view key, std::string_view text) {
        if (!text.empty()) json_.key(key).text(text);
    }

    void verdict(const RecordedVerdict& recorded, const RecordedReputation& reputation) {
        const Verdict& verdict = recorded.verdict;
        json_.key("action").text(to_string(verdict.action));
        json_.key("code").number(verdict.code);
        json_.key("enhanced").text(enhanced_code(verdict));
        json_.key("reason").text(to_string(verdict.reason));
        json_.key("stage").text(to_string(verdict.stage));
        json_.key("policy").text_or_null(recorded.policy);
        text_.clear();
        policy::append_reply_text(text_, found_.lists, record_.client, verdict.reason,
                                  reputation.listed);
        json_.key("text").text(text_);
    }

    void recipients() {
        json_.key("recipients").begin_array();
        for (const RecordedRecipient& recipient : record_.recipients) {
            json_.begin_object();
            json_.key("address").text(recipient.address);
            verdict(recipient.verdict, recipient.reputation);
            json_.key("permit").begin_object();
            json_.key("state").text(to_string(recipient.permit));
            json_.key("policy").text_or_null(recipient.permit_policy);
            const char* const matched = to_string(recipient.permit_matched);
            json_.key("matched").text_or_null(matched == nullptr ? "" : matched);
            json_.end_object();
            reputation(recipient.reputation);
            json_.end_object();
        }
        json_.end_array();
    }

    void reputation(const RecordedReputation& reputation) {
        json_.key("reputation").begin_object();
        json_.key("state").text(to_string(reputation.state));
        json_.key("definition").text(reputation.definition);
        json_.key("policy").text_or_null(reputation.policy);
        json_.key("hits").number(reputation.hits);
        json_.key("threshold").number(reputation.threshold);
        list_names("listed", reputation.listed);
        list_names("unknown", reputation.unknown);
        json_.end_object();
    }

    void list_names(std::string_view key, ListMask lists) {
        json_.key(key).begin_array();
        for (std::size_t i = 0; i < found_.lists.size(); ++i) {
            if ((lists & mask_of(static_cast<ListIndex>(i))) != 0) json_.text(found_.lists[i].name);
        }
        json_.end_array();
    }

    void lists() {
        json_.key("lists").begin_object();
        for (std::size_t i = 0; i < found_.lists.size(); ++i) {
            const Listing& listing = record_.evidence.listings[i];
            if (listing.state == Listing::State::not_applicable) continue;
            json_.key(found_.lists[i].name).begin_object();
            json_.key("state").text(to_string(listing.state));
            if (listing.code != 0)
                json_.key("code").text(IpAddress::from_v4(listing.code).to_string());
            if (listing.stale) json_.key("stale").boolean(true);
            json_.end_object();
        }
        json_.end_object();
    }

    void request() {
        json_.key("request").begin_object();
        text_where_known("id", record_.id);
        json_.key("client").text(record_.client.to_string());
        text_where_known("hostname", record_.hostname);
        text_where_known("helo", record_.helo);
        if (record_.authenticated) json_.key("authenticated").boolean(true);
        if (record_.mail_from) {
            json_.key("mail_from").text(*record_.mail_from);
            json_.key("recipients").begin_array();
            for (const RecordedRecipient& recipient : record_.recipients)
                json_.text(recipient.address);
            json_.end_array();
        }
        if (record_.has_headers) headers();
        json_.key("auth").begin_object();
        text_where_known("spf", record_.spf);
        text_where_known("dkim", record_.dkim);
        text_where_known("dmarc", record_.dmarc);
        json_.end_object();
        const std::chrono::sys_time<std::chrono::milliseconds> time{
            std::chrono::milliseconds(found_.time)};
        json_.key("now").text(to_rfc3339(std::chrono::floor<std::chrono::seconds>(time)));
        json_.key("reputation").begin_object();
        list_names("listed", record_.evidence.listed());
        list_names("unknown", record_.evidence.unknown());
        json_.key("permitted").boolean(record_.evidence.permitted);
        json_.end_object();
        json_.end_object();
    }

    void headers() {
        json_.key("headers").begin_array();
        if (!record_.header_from.empty()) {
            json_.begin_array();
            json_.text("From");
            json_.text(record_.header_from);
            json_.end_array();
        }
        json_.end_array();
    }

    policy::JsonWriter json_;
    const Found& found_;
    const Record& record_;
    std::string text_;
};

}  // namespace

void append_json(std::string& out, const Found& found) { Writer(out, found).write(); }

}  // namespace postern::tracking
