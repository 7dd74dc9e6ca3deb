// SPDX-License-Identifier: Apache-2.0
//
// What all loops have in common: the life of a socket, the order of a batch, tasks and hooks.
//
// A backend (uring_loop.h, epoll_loop.h, virtual_loop.h) moves bytes: it implements the start_...
// and stop_... calls below, and reports what happened through received(), sent() and their like,
// from within collect() only.  It never calls the owner of a socket itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "resolver/io/clocks.h"
#include "resolver/io/loop.h"
#include "resolver/io/mailbox.h"
#include "resolver/io/socket_table.h"

namespace postern::io {

class SocketLoop : public Loop {
  public:
    TimePoint now() const override { return clocks_.now; }
    WallTime wall_now() const override { return clocks_.wall_now; }

    SocketId listen(int fd, AcceptEvents& events) override;
    SocketId adopt(int fd, AcceptEvents& events) override;
    SocketId connect_stream(const Endpoint& peer, StreamEvents& events) override;
    bool send(SocketId stream, std::span<const std::byte> bytes) override;
    void pause_reading(SocketId stream) override;
    void resume_reading(SocketId stream) override;
    void close(SocketId socket) override;
    void close_within(Duration patience, SocketId socket) override;
    void drop(SocketId stream) override;
    std::size_t unsent(SocketId stream) const override;
    std::size_t undelivered(SocketId stream) const override;
    PeerCredentials peer_credentials(SocketId stream) const override;

    SocketId open_datagram(const Endpoint& peer, DatagramEvents& events) override;
    void send_datagram(SocketId socket, std::span<const std::byte> bytes) override;
    void close_datagram(SocketId socket) override;

    SocketId serve_datagrams(int fd, DatagramServerEvents& events) override;
    void send_datagram_to(SocketId socket, const Endpoint& peer,
                          std::span<const std::byte> bytes) override;

    void add_batch_end(BatchEndHook& hook) override;
    void remove_batch_end(BatchEndHook& hook) override;

    void post(std::function<void()> task) override;
    void run_once(Duration patience) override;
    void run() override;
    void stop() override;

  protected:
    explicit SocketLoop(const Clocks& clocks) : clocks_(clocks) {}

    // What a backend does.

    // Hands over what was sent, waits at most `patience` (never negative) until something happens,
    // and says what time it is then.
    virtual Clocks wait(Duration patience) = 0;
    // Reports all that has happened.
    virtual void collect() = 0;
    // Hands over what was sent, for those who do not go on to wait().
    virtual void hand_over() {}
    // Makes wait() return.  From any thread.
    virtual void wake() noexcept = 0;

    virtual void start_accepting(Socket& listener) = 0;
    virtual void stop_accepting(Socket& listener) = 0;
    // Ends in connected(), failed() or, from within this call, fail_later().
    virtual void start_connecting(Socket& stream, const Endpoint& peer) = 0;
    // False, with errno, when there is no socket to be had.
    virtual bool open_datagram_socket(Socket& socket, const Endpoint& peer) = 0;
    // Both may be asked for what is the case already.
    virtual void start_reading(Socket& socket) = 0;
    virtual void stop_reading(Socket& socket) = 0;
    // Once per batch, for a socket that has output: moves what the kernel takes, and goes on by
    // itself when it takes more.
    virtual void start_sending(Socket& socket) = 0;
    // Ends everything that is under way for a socket that is gone, closes its descriptor, and
    // recycles the slot when the kernel is done with it.
    virtual void abandon(Socket& socket) = 0;

    // What a backend reports.  Each may end the socket: look at its state before touching it again.

    // No id: it is none of this loop's.
    SocketId accepted(Socket& listener, int fd);
    void accept_failed(Socket& listener, int error);
    void connected(Socket& stream);
    void received(Socket& stream, std::span<const std::byte> bytes);
    void received_end(Socket& stream);
    void received_datagram(Socket& socket, std::span<const std::byte> bytes);
    void received_datagram_from(Socket& socket, const Endpoint& peer,
                                std::span<const std::byte> bytes);
    // The kernel took the first `count` bytes of the output.
    void sent(Socket& stream, std::size_t count);
    // A stream dies of it; a datagram socket lives on, and of a server nobody is told.
    void failed(Socket& socket, int error);
    // The same, from where no event may be delivered.
    void fail_later(Socket& socket, int error);

    // Puts the socket on the list for start_sending().
    void send_with_batch(Socket& socket);

    // Whether the next batch has something to do without the world outside.
    bool has_work() const { return !attention_.empty() || !unsent_.empty(); }

    // For destructors of backends whose descriptors are real.  No events.
    void close_descriptors();

    SocketTable sockets_;

  private:
    void batch(Duration patience);
    Duration time_to_wait(Duration patience) const;
    void attend_to_sockets();
    void attend_to(Socket& socket);
    void deliver_held(Socket& stream);
    bool has_turn(const Socket& stream) const;
    void deliver(Socket& stream, std::span<const std::byte> bytes);
    void hold(Socket& stream, std::span<const std::byte> bytes);
    void run_batch_end_hooks();
    void send_all();

    SocketId admit(int fd, SocketId listener, AcceptEvents& events);
    void need_attention(Socket& socket);
    void finish(Socket& stream, int error);
    void retire(Socket& socket);
    static void on_timer(void* socket);

    Clocks clocks_;
    std::uint64_t batch_ = 0;          // its number
    std::vector<SocketId> attention_;  // sockets with an event due that no backend will report
    std::vector<SocketId> attending_;
    std::vector<SocketId> unsent_;
    std::vector<BatchEndHook*> hooks_;
    Mailbox mailbox_;
    std::atomic<bool> stop_ = false;
};

}  // namespace postern::io
