// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/cause.h"

#include "policy/ip_address.h"

namespace postern::health {

namespace {

// What the operators of block lists have agreed to mean by these codes.
std::string refusal_text(std::uint32_t code) {
    const std::string text = "refuses to serve us (" + IpAddress::from_v4(code).to_string() + ")";
    switch (code) {
        case 0x7FFFFFFC:
            return text + ": the configured zone has a typing error";
        case 0x7FFFFFFE:
            return text + ": we ask through a public or unattributable resolver";
        case 0x7FFFFFFF:
            return text + ": we ask too many queries";
        default:
            return text;
    }
}

}  // namespace

std::string to_string(const Cause& cause) {
    switch (cause.kind) {
        case Cause::Kind::none:
            return "";
        case Cause::Kind::unproven:
            return "has not passed its first self-test yet";
        case Cause::Kind::slept:
            return "was not tested while the machine slept; has to pass a self-test first";
        case Cause::Kind::surge:
            return "listed too many addresses in a row; votes are held until a self-test is passed";
        case Cause::Kind::emptied:
            return "emptied: its test points are gone";
        case Cause::Kind::world:
            return "lists addresses that cannot be listed, most likely everything";
        case Cause::Kind::foreign:
            return "answers with addresses that no list uses: its domain may be parked";
        case Cause::Kind::rewritten:
            return "resolver suspected: it rewrites names that do not exist";
        case Cause::Kind::silent:
            return "does not answer";
        case Cause::Kind::failing:
            return "answers with failures only";
        case Cause::Kind::unfinished:
            return "left some test points unanswered";
        case Cause::Kind::refusal:
            return refusal_text(cause.code);
    }
    return "";
}

}  // namespace postern::health
