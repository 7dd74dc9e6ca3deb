// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/addresses.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <random>
#include <vector>

#include "tools/posternload/strangers.h"

namespace postern::load {

namespace {

constexpr std::size_t hot_count = 1000;
constexpr std::size_t remembered_max = 16'384;

class Once final : public Addresses {
  public:
    explicit Once(std::uint64_t seed) : strangers_(seed) {}
    IpAddress next() override { return strangers_.next_v4(); }

  private:
    Strangers strangers_;
};

class Hostile final : public Addresses {
  public:
    explicit Hostile(std::uint64_t seed) : strangers_(seed) {}
    IpAddress next() override {
        v6_ = !v6_;
        return v6_ ? strangers_.next_v6() : strangers_.next_v4();
    }

  private:
    Strangers strangers_;
    bool v6_ = false;
};

class Hot final : public Addresses {
  public:
    explicit Hot(std::uint64_t seed) : random_(seed) {
        Strangers strangers(seed);
        for (std::size_t i = 0; i < hot_count; ++i) addresses_.push_back(strangers.next_v4());
    }
    IpAddress next() override { return addresses_[random_() % hot_count]; }

  private:
    std::mt19937_64 random_;
    std::vector<IpAddress> addresses_;
};

class Repeats final : public Addresses {
  public:
    Repeats(std::uint64_t percent, std::uint64_t seed)
        : percent_(percent), strangers_(seed), random_(seed) {}

    IpAddress next() override {
        if (!latest_.empty() && random_() % 100 < percent_) {
            return latest_[random_() % latest_.size()];
        }
        const IpAddress stranger = strangers_.next_v4();
        if (latest_.size() < remembered_max) {
            latest_.push_back(stranger);
        } else {
            latest_[oldest_++ % remembered_max] = stranger;
        }
        return stranger;
    }

  private:
    std::uint64_t percent_;
    Strangers strangers_;
    std::mt19937_64 random_;
    std::vector<IpAddress> latest_;
    std::size_t oldest_ = 0;
};

// The address `offset` places behind the first of a range.
IpAddress at(const IpRange& range, std::uint64_t offset) {
    IpAddress::Bytes bytes = range.base.bytes();
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[15 - i] = static_cast<std::uint8_t>(bytes[15 - i] | (offset >> (8 * i) & 0xFF));
    }
    return IpAddress(bytes);
}

class InTurn final : public Addresses {
  public:
    explicit InTurn(std::vector<IpRange> ranges) : ranges_(std::move(ranges)) {}

    IpAddress next() override {
        const IpRange& range = ranges_[range_];
        const IpAddress address = at(range, offset_++);
        // Of an IPv6 network larger than a /65 only the beginning is ever reached.
        const unsigned host_bits = std::min(128U - range.length, 63U);
        if (offset_ >> host_bits != 0) {
            offset_ = 0;
            range_ = (range_ + 1) % ranges_.size();
        }
        return address;
    }

  private:
    std::vector<IpRange> ranges_;
    std::size_t range_ = 0;
    std::uint64_t offset_ = 0;
};

std::string_view trimmed(std::string_view text) {
    text = text.substr(0, text.find('#'));
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

tl::expected<std::unique_ptr<Addresses>, std::string> from_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return tl::unexpected(fmt::format(
            "--addresses: {}: {}; write hot, 65, 30, miss, hostile, a network such as 11.0.0.0/16, "
            "or a file with an address or a network a line",
            path, std::strerror(errno)));
    }
    std::vector<IpRange> ranges;
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
        const std::string_view text = trimmed(line);
        if (text.empty()) continue;
        const std::optional<IpRange> range = IpRange::parse(text);
        if (!range) {
            return tl::unexpected(fmt::format(
                "{}:{}: \"{}\" is no address and no network; write 192.0.2.7, 192.0.2.0/24, "
                "2001:db8::7 or 2001:db8::/32",
                path, number, text));
        }
        ranges.push_back(*range);
    }
    if (file.bad()) return tl::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
    if (ranges.empty()) {
        return tl::unexpected(path + ": has no address; write one, or a network, a line");
    }
    return std::make_unique<InTurn>(std::move(ranges));
}

}  // namespace

tl::expected<std::unique_ptr<Addresses>, std::string> make_addresses(const std::string& choice,
                                                                     std::uint64_t seed) {
    if (choice == "hot") return std::make_unique<Hot>(seed);
    if (choice == "65") return std::make_unique<Repeats>(65, seed);
    if (choice == "30") return std::make_unique<Repeats>(30, seed);
    if (choice == "miss") return std::make_unique<Once>(seed);
    if (choice == "hostile") return std::make_unique<Hostile>(seed);
    if (const std::optional<IpRange> range = IpRange::parse(choice)) {
        return std::make_unique<InTurn>(std::vector{*range});
    }
    return from_file(choice);
}

}  // namespace postern::load
