// SPDX-License-Identifier: Apache-2.0
//
// A mail gateway: one connection to Postern in one of the three dialects, well behaved or not.
//
// It keeps its own books: every answer must belong to a question that was asked on this connection
// and has none yet.  Whoever owns it calls read() whenever something may have arrived.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "resolver/io/virtual_loop.h"

namespace postern::simulator {

enum class Dialect : std::uint8_t { json, native, postfix };

struct Question {
    IpAddress client;
    std::optional<std::string> mail_from;  // empty: the connection alone
    std::string recipient;
};

// What the gateway was told, as far as its dialect says it.
struct Told {
    Action action = Action::accept;
    std::string reason;  // Postfix is not told
    unsigned code = 250;
    bool degraded = false;
    // Each list's state by name, "listed" or "timeout"; of native only those that are listed, and
    // "unknown".
    std::map<std::string, std::string> lists;
    std::vector<std::string> stale;
    bool complaint = false;  // the request made no sense to Postern
    TimePoint asked{};
    TimePoint at{};
};

class GatewayClient {
  public:
    // `lists` are the names in the order of the configuration.
    GatewayClient(io::VirtualLoop& loop, int listener, Dialect dialect,
                  std::vector<std::string> lists);

    // `number` names the question on this connection.
    void ask(std::uint32_t number, const Question& question);
    void send_raw(std::string_view bytes);
    // Takes what has arrived; true when there was anything.
    bool read();

    // Reads so many bytes every 10 ms from now on; 0: none.
    void read_slowly(std::size_t bytes);
    void read_freely();
    void half_close() { peer_->half_close(); }
    void hang_up();
    // The process at the other end is no more.
    void lose();

    bool at_end() const { return gone_ || peer_->at_end(); }
    bool gone() const { return gone_; }
    Dialect dialect() const { return dialect_; }
    const std::map<std::uint32_t, Told>& answers() const { return answers_; }
    std::size_t complaints() const { return complaints_; }
    // Questions whose answers are still owed; to who did not read in time, none are.
    std::size_t unanswered() const { return tried_patience_ && at_end() ? 0 : asked_.size(); }
    const std::vector<std::string>& violations() const { return violations_; }

  private:
    void take(std::uint32_t number, Told told);
    std::optional<std::size_t> take_one(std::string_view bytes);
    void take_json(std::string_view line);
    void take_native(std::string_view frame);
    void take_postfix(std::string_view lines);

    io::VirtualLoop& loop_;
    io::VirtualPeer* peer_;
    Dialect dialect_;
    std::vector<std::string> lists_;
    std::map<std::uint32_t, TimePoint> asked_;  // without an answer
    std::deque<std::uint32_t> order_;           // the same, for dialects that answer in order
    std::map<std::uint32_t, Told> answers_;
    std::string arrived_;
    std::vector<std::string> violations_;
    std::size_t complaints_ = 0;
    bool slow_ = false;
    bool tried_patience_ = false;  // was slow at some time
    bool due_ = true;              // a slow one may read now
    bool gone_ = false;
};

}  // namespace postern::simulator
