// SPDX-License-Identifier: Apache-2.0
//
// The loop on io_uring: one io_uring_enter(2) per batch and, under load, no other call.
//
// Receiving and accepting are armed once and report until the kernel ends them (multishot); they
// are then armed again.  Sends are tried while they are handed over (MSG_DONTWAIT) and report
// failure only (IOSQE_CQE_SKIP_SUCCESS) unless somebody waits for them to be over: when the
// completions of a batch have been taken, whatever has not failed has left.  What a peer did not
// take is sent once more by an operation that waits for it.
//
// An operation is known by the slot of its socket; a slot is not used again before the last
// operation of the former socket is over, so no completion is ever mistaken for another's and no
// buffer changes under the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "resolver/io/datagram_message.h"
#include "resolver/io/descriptors.h"
#include "resolver/io/random_pool.h"
#include "resolver/io/ring.h"
#include "resolver/io/socket_loop.h"
#include "resolver/io/wakeup.h"

namespace postern::io {

class UringLoop final : public SocketLoop {
  public:
    struct Options {
        Ring::Options ring;
        // While many datagrams come, wait for as many completions as there were of them in the last
        // batch: fewer, larger batches.  Not more than `wait_batch_max`, and for each of them not
        // longer than it takes to work one off, in all not longer than `wait_batch_time`: where
        // they come slower than that the batches get small, and the first completion ends the wait.
        // So a lone request is never held up.  Measured with six questions for a verdict to one
        // name server over loopback, beside a wait of 50 us in any case: at 8 000 verdicts a second
        // the median is a fifth faster, and where the name server is busy all the time the CPU time
        // of a verdict is 0.8 of what it was.  Longer waits would leave a name server nothing to
        // do, because no more than a window is under way.  Streams and what anybody may send us do
        // not count: those peers wait for us, and send no more before they have an answer.  Sixteen
        // streams that ask one question at a time cost a third more where they did; 32 who ask over
        // DNS waited a third longer.
        unsigned wait_batch_max = 64;
        Duration wait_batch_each = std::chrono::microseconds(3);
        Duration wait_batch_time = std::chrono::microseconds(130);
    };

    // Or in plain words why not.
    static tl::expected<std::unique_ptr<UringLoop>, std::string> open(const Options& options);

    ~UringLoop() override;
    UringLoop(const UringLoop&) = delete;
    UringLoop& operator=(const UringLoop&) = delete;

    std::uint64_t random() override { return random_.next(); }
    const char* name() const override { return "uring"; }

  protected:
    Clocks wait(Duration patience) override;
    void collect() override;
    void hand_over() override { ring_->submit(); }
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
    enum class Operation : std::uint8_t;

    // What the kernel is doing for a socket.
    struct Activity {
        unsigned operations = 0;  // that are not over
        bool reading = false;     // or accepting
        bool sending = false;
        // How the send of this batch ended, if it reported.
        bool cut_short = false;
        int error = 0;
        std::size_t count = 0;
        std::unique_ptr<SocketAddress> address;  // of the peer that is being connected to
    };

    // Datagrams that are being sent, in one call.
    struct DatagramSend {
        std::uint32_t slot = 0;
        DatagramMessage message;
    };

    UringLoop(std::unique_ptr<Ring> ring, const Options& options);

    static std::uint64_t user_data(Operation operation, std::uint32_t index);
    static Operation operation_of(const io_uring_cqe& completion);
    static std::uint32_t index_of(const io_uring_cqe& completion);
    Activity& activity_of(const Socket& socket);
    void end_operation(Socket& socket);
    void read_wakeup();

    void announce(std::span<const io_uring_cqe* const> completions);
    void on_completion(const io_uring_cqe& completion);
    void on_accepted(Socket& listener, const io_uring_cqe& completion);
    void on_connected(Socket& stream, int result);
    void on_received(Socket& socket, const io_uring_cqe& completion);
    void deliver(Socket& socket, std::span<const std::byte> bytes);
    void deliver_datagram_from(Socket& socket, std::span<const std::byte> bytes);
    void on_receive_ended(Socket& socket, int result);
    void on_send_over(Socket& stream, int result);
    void on_patient_send_ended(Socket& stream, int result);
    void on_datagrams_failed(DatagramSend& send, int error);

    void send_stream(Socket& stream);
    void send_patiently(Socket& stream);
    void send_datagrams(Socket& socket);
    template <class Datagrams>
    void send_message(Socket& socket, const Datagrams& datagrams);
    void settle_sends();
    void settle(Socket& socket);

    std::unique_ptr<Ring> ring_;
    Options options_;
    RandomPool random_;
    Wakeup wakeup_;
    std::uint64_t wakeups_ = 0;           // what is read from it
    std::size_t datagrams_received_ = 0;  // by those who asked for them, in the last batch
    // What a datagram server wants to be told of each datagram: who sent it.  Read by the kernel
    // as long as it receives.
    msghdr with_peer_{};
    bool segmenting_ = true;  // until the kernel refuses (UDP_SEGMENT)

    std::deque<Activity> activities_;          // by slot
    std::vector<std::uint32_t> unsettled_;     // slots with sends of this batch
    std::deque<DatagramSend> datagram_sends_;  // do not move; used again in each batch
    std::size_t datagram_sends_used_ = 0;
};

}  // namespace postern::io
