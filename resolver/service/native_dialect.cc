// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/native_dialect.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "resolver/service/json_lines.h"
#include "resolver/service/mode.h"
#include "resolver/service/native.h"

namespace postern::service {

namespace {

std::uint32_t microseconds(Duration elapsed) {
    const auto count = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, most));
}

// But for its tag.
native::Answer to_frame(const Answer& answer) {
    const Decision& decision = answer.decision;
    const Reputation& reputation = decision.connection_reputation;
    const Verdict verdict = told(decision.verdict, answer.mode);
    return {.action = verdict.action,
            .reason = verdict.reason,
            .stage = verdict.stage,
            .code = verdict.code,
            .final = decision.final,
            .degraded = decision.degraded,
            .advisory = answer.mode != Mode::enforce,
            .reputation = reputation.state,
            .hits = reputation.hits,
            .threshold = reputation.threshold,
            .listed = reputation.listed,
            .unknown = reputation.unknown,
            .elapsed_us = microseconds(answer.elapsed),
            .policy_set = decision.policy_set};
}

const native::Fixed& frame_of(const Answer& answer, LastFrame& last) {
    const bool can_be_alike = answer.elapsed == Duration::zero();
    if (can_be_alike && answer.alike != 0 && answer.alike == last.alike && answer.mode == last.mode)
        return last.frame;
    last = {.alike = can_be_alike ? answer.alike : 0,
            .mode = answer.mode,
            .frame = native::encode(to_frame(answer))};
    return last.frame;
}

void append(std::string& out, const native::Fixed& frame) {
    out.append(frame.data(), frame.size());
}

Intake refuse(std::string& reply, std::uint32_t tag, native::Error code, std::string_view error) {
    native::append_text_frame(
        reply, {.kind = native::Kind::error, .code = static_cast<std::uint8_t>(code), .tag = tag},
        error);
    return {.kind = Intake::Kind::malformed, .error = error};
}

}  // namespace

Cut NativeDialect::cut(std::string_view bytes, std::size_t, bool last) const {
    if (static_cast<std::uint8_t>(bytes[0]) != native::mark) {
        return {.error = "the frame does not begin with 0xD1 (native, version 1)"};
    }
    const Cut unfinished = {.error = last ? "the stream ended inside a frame" : nullptr};
    if (bytes.size() < native::text_header_size) return unfinished;

    std::size_t size = native::fixed_size;
    if (native::has_text(native::read_header(bytes).kind)) {
        const std::size_t text_size = native::text_length(bytes);
        if (text_size > native::text_size_max) return {.error = "the text is longer than 1 MiB"};
        size = native::text_header_size + text_size;
    }
    return bytes.size() < size ? unfinished : Cut{.size = size};
}

void NativeDialect::read_queries(std::string_view bytes, Queries& queries) const {
    queries.count = 0;
    queries.size = native::fixed_size;
    for (; queries.count < Queries::most && bytes.size() >= native::fixed_size; ++queries.count) {
        const auto query = native::decode_query(bytes);
        if (!query) break;
        queries.clients[queries.count] = query->client;
        queries.tags[queries.count] = query->tag;
        bytes.remove_prefix(native::fixed_size);
    }
}

Intake NativeDialect::read(std::string_view bytes, std::string& reply) {
    const native::Header header = native::read_header(bytes);
    if (header.kind == native::Kind::message) return read_message(bytes, reply);
    if (header.kind == native::Kind::ping) {
        append(reply, native::encode({.kind = native::Kind::pong, .tag = header.tag}));
        return {.kind = Intake::Kind::answered};
    }
    return refuse(reply, header.tag, native::Error::unknown,
                  header.kind == native::Kind::query
                      ? "the query has bits set that version 1 does not define"
                      : "no such kind of frame to ask with");
}

Intake NativeDialect::read_message(std::string_view frame, std::string& reply) {
    const native::Header header = native::read_header(frame);
    if (header.flags != 0 || header.code != 0) {
        return refuse(reply, header.tag, native::Error::unknown,
                      "the message has bits set that version 1 does not define");
    }
    Intake intake = requests_.read(frame.substr(native::text_header_size));
    if (intake.kind == Intake::Kind::malformed) {
        return refuse(reply, header.tag, native::Error::malformed, intake.error);
    }
    intake.tag = header.tag;
    return intake;
}

void NativeDialect::append_answer(std::string& out, Ticket ticket, const Answer& answer) {
    if (ticket.weight() == 0) {
        append(out, frame_of(answer, last_frame_));
        native::set_tag(&out[out.size() - native::fixed_size], ticket.number());
        return;
    }
    std::string text;
    append_decision(text, answer);
    native::append_text_frame(out, {.kind = native::Kind::decision, .tag = ticket.number()}, text);
    requests_.settle(answer);
}

void NativeDialect::append_lost(std::string& out, std::string_view error) const {
    refuse(out, 0, native::Error::lost, error);
}

}  // namespace postern::service
