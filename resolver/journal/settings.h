// SPDX-License-Identifier: Apache-2.0
//
// What is written down of decisions, and how: what a running journal can be told anew.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "resolver/log/line.h"

namespace postern::journal {

// How much of mail addresses is written into the log.
enum class Addresses : std::uint8_t {
    full,
    hash,    // a keyed hash in place of the local part: the same person, whoever it is
    domain,  // no local part
};

// The key of the hash; whoever has it can find out by trial whom a hash stands for.
using HashKey = std::array<unsigned char, 16>;

struct LineOptions {
    log::Format format = log::Format::text;
    Addresses addresses = Addresses::full;
    HashKey key{};

    bool operator==(const LineOptions&) const = default;
};

// Which decisions get a line.
enum class Decisions : std::uint8_t { all, refused, none };

struct Settings {
    Decisions decisions = Decisions::all;
    LineOptions line;
    std::uint32_t lines_per_second = 300;  // 0: any number
    // Of the tracking file.
    std::chrono::seconds retention = std::chrono::hours{24 * 30};
    std::uint64_t bytes_max = std::uint64_t{1} << 30;

    bool operator==(const Settings&) const = default;
};

}  // namespace postern::journal
