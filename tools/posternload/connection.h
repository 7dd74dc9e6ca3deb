// SPDX-License-Identifier: Apache-2.0
//
// One connection to the server: what has not left yet, what is not complete yet, what waits.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "tools/posternload/in_flight.h"

namespace postern::load {

class Connection {
  public:
    // Connects to a Unix stream socket; waits while its backlog is full.
    static tl::expected<Connection, std::string> open(const std::string& path);

    Connection(Connection&& other) noexcept;
    Connection(const Connection&) = delete;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    int fd() const { return fd_; }

    // Requests are appended here; they leave with flush(), many in one piece.
    std::string& output() { return output_; }
    enum class Flushed : std::uint8_t { all, blocked, broken };
    Flushed flush();

    // Adds what has come to what was left over.  `ended`: the server said its last.
    enum class Received : std::uint8_t { bytes, nothing, ended };
    Received receive();
    // Complete answers and the beginning of one; valid until receive() or consume().
    std::string_view input() const { return std::string_view(input_).substr(0, filled_); }
    void consume(std::size_t size);

    void close();

    InFlight in_flight;
    bool blocked = false;  // the server does not read at the moment
    bool touched = false;  // has output that flush() was not tried on

  private:
    explicit Connection(int fd) : fd_(fd) {}

    int fd_;
    std::string output_;
    std::size_t sent_ = 0;  // of output_
    std::string input_;
    std::size_t filled_ = 0;  // of input_
};

}  // namespace postern::load
