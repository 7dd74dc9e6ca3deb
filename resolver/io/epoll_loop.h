// SPDX-License-Identifier: Apache-2.0
//
// The loop on epoll(7): for kernels and containers without io_uring.
//
// Level-triggered: one read for each ready socket and batch, so that a peer that never stops
// talking gets no more turns than the others, and nothing has to be read until the kernel says
// EAGAIN. Interest in writing is registered only while a peer does not take what it is sent.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "resolver/io/datagram_message.h"
#include "resolver/io/random_pool.h"
#include "resolver/io/socket_loop.h"
#include "resolver/io/wakeup.h"

namespace postern::io {

class EpollLoop final : public SocketLoop {
  public:
    EpollLoop();
    ~EpollLoop() override;
    EpollLoop(const EpollLoop&) = delete;
    EpollLoop& operator=(const EpollLoop&) = delete;

    std::uint64_t random() override { return random_.next(); }
    const char* name() const override { return "epoll"; }

  protected:
    Clocks wait(Duration patience) override;
    void collect() override;
    void wake() noexcept override { wakeup_.wake(); }

    void start_accepting(Socket& listener) override;
    void stop_accepting(Socket& listener) override;
    void start_connecting(Socket& stream, const Endpoint& peer) override;
    bool open_datagram_socket(Socket& socket, const Endpoint& peer) override;
    void start_reading(Socket& socket) override;
    void stop_reading(Socket& socket) override;
    void start_sending(Socket& socket) override;
    void abandon(Socket& socket) override;

  private:
    void on_ready(Socket& socket, std::uint32_t events);
    void accept_some(Socket& listener);
    void finish_connecting(Socket& stream);
    void read_stream(Socket& stream);
    void read_datagrams(Socket& socket);
    void deliver_datagram(Socket& socket, std::size_t number);
    void send_stream(Socket& stream);
    void send_datagrams(Socket& socket);
    template <class Datagrams>
    void add_message(const Datagrams& datagrams);
    void send_messages(Socket& socket);
    static void send_singly(Socket& socket, const DatagramGroup& group);
    void want(Socket& socket, std::uint32_t events);
    void want_no_more(Socket& socket, std::uint32_t events);
    std::uint32_t& interest_of(const Socket& socket);
    void set_interest(Socket& socket, std::uint32_t events);

    static constexpr std::size_t events_max = 256;
    static constexpr std::size_t datagrams_max = 32;    // of one socket in one go
    static constexpr std::size_t datagram_size = 4096;  // longer ones are cut off

    int epoll_;
    Wakeup wakeup_;
    RandomPool random_;
    bool segmenting_ = true;  // until the kernel refuses (UDP_SEGMENT)

    std::array<epoll_event, events_max> events_{};
    std::size_t ready_ = 0;
    std::vector<std::uint32_t> interest_;  // what epoll was asked for, by slot

    std::vector<std::byte> input_;
    std::array<mmsghdr, datagrams_max> incoming_{};
    std::array<iovec, datagrams_max> incoming_bytes_{};
    std::array<sockaddr_storage, datagrams_max> incoming_peers_{};
    std::deque<DatagramMessage> messages_;  // do not move; used again for each socket
    std::vector<mmsghdr> outgoing_;
};

}  // namespace postern::io
