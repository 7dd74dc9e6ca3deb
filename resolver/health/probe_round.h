// SPDX-License-Identifier: Apache-2.0
//
// One self-test of a list: what is asked, and what the answers amount to.
//
// The test points are those of RFC 5782 section 5.  A random address from a documentation range is
// asked as well: nobody can have it, and no resolver has its answer in a cache, so that it alone
// shows whether the list still answers and what it says about names that do not exist.  Of a list
// under suspicion several are asked, to catch one that lists a part of the world only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "resolver/dns/list_source.h"
#include "resolver/health/cause.h"

namespace postern::health {

// How a list is tested.
struct Probe {
    std::optional<IpAddress> listed = IpAddress::from_v4(0x7F000002);  // empty: not asked
    std::optional<IpAddress> clear = IpAddress::from_v4(0x7F000001);
    bool random = true;  // false for a list that lists the documentation ranges
    Duration interval = std::chrono::seconds{60};

    bool operator==(const Probe&) const = default;
};

// What of it one round asks.  IPv6 asks the same points in nibbles, where 127.0.0.2 is
// ::FFFF:7F00:2.
struct ProbeScope {
    bool ipv4 = true;
    bool ipv6 = false;
    unsigned random_addresses = 1;  // of each family, at most random_addresses_max

    static constexpr unsigned random_addresses_max = 8;
};

struct Finding {
    enum class Verdict : std::uint8_t {
        clean,
        unfinished,  // nothing wrong in what came, but not all came
        silent,      // the list itself gave no opinion
        missing,     // the listed test point is not listed
        lying,       // listed what cannot be listed, or answered as no list does
        refused,
    };
    Verdict verdict = Verdict::clean;
    Cause cause;
};

class ProbeRound {
  public:
    struct Question {
        enum class Point : std::uint8_t { listed, clear, random };
        Point point = Point::random;
        IpAddress address;
        dns::NameForm form = dns::NameForm::by_family;
        bool answered = false;
        dns::ListAnswer answer;
    };

    // A round that was never begun is complete.
    ProbeRound() = default;
    ProbeRound(const Probe& probe, const ProbeScope& scope, std::uint64_t random);

    std::size_t size() const { return size_; }
    const Question& operator[](std::size_t question) const { return questions_[question]; }

    void on_answer(std::size_t question, const dns::ListAnswer& answer);
    bool complete() const { return answers_ == size_; }
    // The gravest of what the answers show.
    Finding finding() const;

    static constexpr std::size_t questions_max =
        std::size_t{2} * (2 + ProbeScope::random_addresses_max);

  private:
    void add(Question::Point point, const IpAddress& address, dns::NameForm form);

    std::array<Question, questions_max> questions_;
    bool random_ = true;  // a random address is among them
    std::size_t size_ = 0;
    std::size_t answers_ = 0;
};

}  // namespace postern::health
