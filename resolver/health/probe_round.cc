// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/probe_round.h"

#include <bit>

namespace postern::health {

namespace {

using Point = ProbeRound::Question::Point;
using Verdict = Finding::Verdict;
using dns::NameForm;
using dns::ReplyKind;

// RFC 5737: the ranges for documentation.
constexpr std::array<std::uint32_t, 3> documentation = {0xC0000200, 0xC6336400, 0xCB007100};

IpAddress random_v4(std::uint64_t random) {
    const auto range = documentation[random % documentation.size()];
    return IpAddress::from_v4(range | static_cast<std::uint32_t>(random >> 56));
}

// In 2001:db8::/32 (RFC 3849).
IpAddress random_v6(std::uint64_t random) {
    IpAddress::Bytes bytes = {0x20, 0x01, 0x0D, 0xB8};
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[8 + i] = static_cast<std::uint8_t>(random >> (8 * i));
    }
    return IpAddress(bytes);
}

// Test points may come from a resolver's cache, so that they tell little of a list that is silent;
// `fresh` are those that cannot.
Finding judge(const ProbeRound::Question& question, bool fresh) {
    const dns::ListAnswer& answer = question.answer;
    const bool should_be_listed = question.point == Point::listed;
    switch (answer.listing.state) {
        case Listing::State::refused:
            return {Verdict::refused, {Cause::Kind::refusal, answer.listing.code}};
        case Listing::State::listed:
            if (should_be_listed) return {};
            return {Verdict::lying, {Cause::Kind::world}};
        case Listing::State::clear:
            if (!should_be_listed) return {};
            return {Verdict::missing, {Cause::Kind::emptied}};
        default:
            break;
    }
    if (answer.kind == ReplyKind::nonsense) return {Verdict::lying, {Cause::Kind::foreign}};
    if (!fresh) return {Verdict::unfinished, {Cause::Kind::unfinished}};
    return {Verdict::silent, {answer.kind ? Cause::Kind::failing : Cause::Kind::silent}};
}

}  // namespace

ProbeRound::ProbeRound(const Probe& probe, const ProbeScope& scope, std::uint64_t random)
    : random_(probe.random) {
    const unsigned random_addresses = probe.random ? scope.random_addresses : 0;
    for (const NameForm form : {NameForm::by_family, NameForm::nibbles}) {
        const bool nibbles = form == NameForm::nibbles;
        if (!(nibbles ? scope.ipv6 : scope.ipv4)) continue;
        if (probe.listed) add(Point::listed, *probe.listed, form);
        if (probe.clear) add(Point::clear, *probe.clear, form);
        for (unsigned i = 0; i < random_addresses; ++i) {
            const std::uint64_t bits = std::rotr(random, static_cast<int>(8 * i));
            add(Point::random, nibbles ? random_v6(bits) : random_v4(bits), form);
        }
    }
}

void ProbeRound::add(Question::Point point, const IpAddress& address, NameForm form) {
    Question& question = questions_[size_++];
    question.point = point;
    question.address = address;
    question.form = form;
}

void ProbeRound::on_answer(std::size_t index, const dns::ListAnswer& answer) {
    if (index >= size_ || questions_[index].answered) return;
    questions_[index].answered = true;
    questions_[index].answer = answer;
    ++answers_;
}

Finding ProbeRound::finding() const {
    Finding gravest;
    for (std::size_t i = 0; i < size_; ++i) {
        const Question& question = questions_[i];
        const Finding finding = judge(question, !random_ || question.point == Point::random);
        if (finding.verdict > gravest.verdict) gravest = finding;
    }
    return gravest;
}

}  // namespace postern::health
