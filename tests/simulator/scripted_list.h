// SPDX-License-Identifier: Apache-2.0
//
// A block list or permit list as its operator runs it: what is true, and how it misbehaves.
//
// Faults are of the list itself; what happens to datagrams on their way is the network's
// (name_servers.h).  The list remembers about whom it has ever said "listed", so that whoever
// believes more than that is found out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "policy/ip_address.h"
#include "policy/time.h"
#include "tests/support/scripted_servers.h"

namespace postern::simulator {

class ScriptedList {
  public:
    // What it says; all but `honest` are faults that lists in the field have had.
    enum class Voice : std::uint8_t {
        honest,
        silent,
        servfail,
        declined,   // RCODE REFUSED
        nodata,     // every name exists, without an address: an emptied list under a wildcard
        emptied,    // NXDOMAIN for everything, its own test point too
        says,       // one code for every name
        truncated,  // an honest answer, but not over UDP
        malformed,
    };

    ScriptedList(std::string name, std::uint64_t seed);

    const std::string& name() const { return name_; }
    std::string zone() const { return name_ + ".bl.example"; }

    // What is true.
    void put(const IpAddress& address, std::uint32_t code) { entries_[address] = code; }
    void remove(const IpAddress& address) { entries_.erase(address); }
    // Besides the entries, so many per cent of all addresses are on it, the same ones each time.
    void set_share(unsigned percent) { share_ = percent; }
    void set_code(std::uint32_t code) { code_ = code; }
    bool lists(const IpAddress& address) const { return truth(address).has_value(); }

    // How it behaves from now on.
    void speak(Voice voice) { voice_ = voice; }
    void say_to_everybody(std::uint32_t code) {
        voice_ = Voice::says;
        said_code_ = code;
    }
    void set_ttl(Duration ttl) { ttl_ = ttl; }
    void set_delay(Duration delay) { delay_ = delay; }
    void set_loss(unsigned percent) { loss_ = percent; }

    bool lists_everybody() const { return voice_ == Voice::says && said_code_ == test_code; }
    Duration delay() const { return delay_; }
    unsigned loss() const { return loss_; }

    // The address that a name under the zone stands for.
    std::optional<IpAddress> address_in(std::string_view name) const;
    // The answer to `query`, whose name is about `address`; nothing: silence.
    std::optional<support::ReplyBuilder> answer(const support::SeenQuery& query,
                                                const IpAddress& address);

    // True when it has said at some time that the address is on it, rightly or not.
    bool has_listed(const IpAddress& address) const { return told_.contains(address); }
    // A resolver between here and Postern has made a listing of its answer.
    void was_turned_into_listing(const IpAddress& address) { told_.insert(address); }

    static constexpr std::uint32_t test_code = 0x7F000002;  // 127.0.0.2

  private:
    std::optional<std::uint32_t> truth(const IpAddress& address) const;
    support::ReplyBuilder listing(const support::SeenQuery& query, const IpAddress& address,
                                  std::uint32_t code);
    support::ReplyBuilder absence(const support::SeenQuery& query) const;

    std::string name_;
    std::uint64_t seed_;
    std::map<IpAddress, std::uint32_t> entries_;
    unsigned share_ = 0;
    std::uint32_t code_ = test_code;  // of the share
    Voice voice_ = Voice::honest;
    std::uint32_t said_code_ = test_code;
    Duration ttl_ = std::chrono::minutes{5};
    Duration delay_{};
    unsigned loss_ = 0;
    std::set<IpAddress> told_;
};

}  // namespace postern::simulator
