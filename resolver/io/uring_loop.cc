// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/uring_loop.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace postern::io {

// What a completion is about; its user data also holds a slot or, for datagrams, a number of a
// send.
enum class UringLoop::Operation : std::uint8_t {
    nobody_waits,  // cancelling and closing
    wakeup,
    accept,
    connect,
    receive,
    send,          // reports failure; success only to those who wait for it
    patient_send,  // waits until the peer has taken everything
    datagrams,     // reports failure only
};

namespace {

// Below this a batch has too few datagrams to expect as many of the next.
constexpr std::size_t coalesced_min = 4;
// What a peer that reads slowly is sent in one go: little enough to see that it reads at all.
constexpr std::size_t patient_piece = std::size_t{16} * 1024;

// What several completions bring to one owner, the first that is found: as a rule there is no
// other.
template <class Events>
class Announcement {
  public:
    void add(Events* owner, const Arrival& arrival) {
        if (owner_ == nullptr) owner_ = owner;
        if (owner_ == owner) arrivals_[count_++] = arrival;
    }
    void tell() const {
        if (count_ > 1) owner_->on_arrivals(std::span(arrivals_).first(count_));
    }

  private:
    Events* owner_ = nullptr;
    std::size_t count_ = 0;
    std::array<Arrival, Ring::completions_max> arrivals_;
};

}  // namespace

tl::expected<std::unique_ptr<UringLoop>, std::string> UringLoop::open(const Options& options) {
    auto ring = Ring::open(options.ring);
    if (!ring) return tl::unexpected(std::move(ring.error()));
    return std::unique_ptr<UringLoop>(new UringLoop(std::move(*ring), options));
}

UringLoop::UringLoop(std::unique_ptr<Ring> ring, const Options& options)
    : SocketLoop(read_clocks()), ring_(std::move(ring)), options_(options) {
    with_peer_.msg_namelen = sizeof(sockaddr_storage);
    read_wakeup();
}

// The ring goes first: it may still hold operations that name our descriptors and buffers.
UringLoop::~UringLoop() {
    ring_.reset();
    close_descriptors();
}

// The batch.

Clocks UringLoop::wait(Duration patience) {
    if (datagrams_received_ < coalesced_min) {
        ring_->submit_and_wait(1, patience);
    } else {
        const auto received = static_cast<unsigned>(datagrams_received_);
        ring_->submit_and_wait(
            std::min(received, options_.wait_batch_max),
            std::min({patience, options_.wait_batch_time, options_.wait_batch_each * received}));
    }
    return read_clocks();
}

void UringLoop::collect() {
    datagrams_received_ = 0;
    ring_->take_completions([this](std::span<const io_uring_cqe* const> completions) {
        announce(completions);
        for (const io_uring_cqe* completion : completions) on_completion(*completion);
    });
    settle_sends();
}

void UringLoop::announce(std::span<const io_uring_cqe* const> completions) {
    Announcement<StreamEvents> to_streams;
    Announcement<DatagramEvents> to_datagrams;
    for (const io_uring_cqe* completion : completions) {
        if (operation_of(*completion) != Operation::receive) continue;
        if ((completion->flags & IORING_CQE_F_BUFFER) == 0) continue;
        const Socket& socket = sockets_.at(index_of(*completion));
        if (socket.state != SocketState::open) continue;
        const Arrival arrival{.socket = socket.id, .bytes = ring_->buffer(*completion)};
        if (socket.kind == SocketKind::stream) to_streams.add(socket.stream_events, arrival);
        if (socket.kind == SocketKind::datagram) to_datagrams.add(socket.datagram_events, arrival);
    }
    to_streams.tell();
    to_datagrams.tell();
}

void UringLoop::on_completion(const io_uring_cqe& completion) {
    const std::uint32_t index = index_of(completion);
    switch (operation_of(completion)) {
        case Operation::nobody_waits:
            return;
        case Operation::wakeup:
            return read_wakeup();
        case Operation::accept:
            return on_accepted(sockets_.at(index), completion);
        case Operation::connect:
            return on_connected(sockets_.at(index), completion.res);
        case Operation::receive:
            return on_received(sockets_.at(index), completion);
        case Operation::send:
            return on_send_over(sockets_.at(index), completion.res);
        case Operation::patient_send:
            return on_patient_send_ended(sockets_.at(index), completion.res);
        case Operation::datagrams:
            return on_datagrams_failed(datagram_sends_[index], -completion.res);
    }
}

std::uint64_t UringLoop::user_data(Operation operation, std::uint32_t index) {
    return std::uint64_t{index} << 8 | static_cast<std::uint8_t>(operation);
}

UringLoop::Operation UringLoop::operation_of(const io_uring_cqe& completion) {
    return static_cast<Operation>(completion.user_data & 0xFF);
}

std::uint32_t UringLoop::index_of(const io_uring_cqe& completion) {
    return static_cast<std::uint32_t>(completion.user_data >> 8);
}

UringLoop::Activity& UringLoop::activity_of(const Socket& socket) {
    while (activities_.size() < sockets_.slots()) activities_.emplace_back();
    return activities_[socket.id.slot];
}

void UringLoop::end_operation(Socket& socket) {
    const bool last = --activity_of(socket).operations == 0;
    if (last && socket.state == SocketState::gone) sockets_.recycle(socket);
}

// The tasks themselves are run in every batch; this only ends the wait.
void UringLoop::read_wakeup() {
    io_uring_sqe* const sqe = ring_->next();
    io_uring_prep_read(sqe, wakeup_.fd(), &wakeups_, sizeof wakeups_, 0);
    sqe->user_data = user_data(Operation::wakeup, 0);
}

// Listeners.

void UringLoop::start_accepting(Socket& listener) {
    Activity& activity = activity_of(listener);
    if (std::exchange(activity.reading, true)) return;
    ++activity.operations;
    io_uring_sqe* const sqe = ring_->next();
    io_uring_prep_multishot_accept(sqe, listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
    sqe->user_data = user_data(Operation::accept, listener.id.slot);
}

// The kernel ends accepting by itself when it fails.
void UringLoop::stop_accepting(Socket&) {}

void UringLoop::on_accepted(Socket& listener, const io_uring_cqe& completion) {
    const bool last = (completion.flags & IORING_CQE_F_MORE) == 0;
    if (last) activity_of(listener).reading = false;

    if (completion.res >= 0 && listener.state == SocketState::gone) {
        ::close(completion.res);
    } else if (completion.res >= 0) {
        accepted(listener, completion.res);
    } else if (listener.state != SocketState::gone) {
        accept_failed(listener, -completion.res);
    }
    if (!last) return;
    if (completion.res >= 0 && listener.state == SocketState::open) start_accepting(listener);
    end_operation(listener);
}

// Connecting.

void UringLoop::start_connecting(Socket& stream, const Endpoint& peer) {
    stream.fd = open_tcp(peer, 0);
    if (stream.fd < 0) return fail_later(stream, errno);
    Activity& activity = activity_of(stream);
    ++activity.operations;
    activity.address = std::make_unique<SocketAddress>(peer);
    io_uring_sqe* const sqe = ring_->next();
    io_uring_prep_connect(sqe, stream.fd, activity.address->get(), activity.address->size);
    sqe->user_data = user_data(Operation::connect, stream.id.slot);
}

void UringLoop::on_connected(Socket& stream, int result) {
    activity_of(stream).address.reset();
    if (stream.state != SocketState::gone) {
        result == 0 ? connected(stream) : failed(stream, -result);
    }
    end_operation(stream);
}

// Receiving.

bool UringLoop::open_datagram_socket(Socket& socket, const Endpoint& peer) {
    socket.fd = open_udp(peer);
    return socket.fd >= 0;
}

void UringLoop::start_reading(Socket& socket) {
    Activity& activity = activity_of(socket);
    if (std::exchange(activity.reading, true)) return;
    ++activity.operations;
    io_uring_sqe* const sqe = ring_->next();
    if (socket.kind == SocketKind::datagram_server) {
        io_uring_prep_recvmsg_multishot(sqe, socket.fd, &with_peer_, 0);
    } else {
        io_uring_prep_recv_multishot(sqe, socket.fd, nullptr, 0, 0);
    }
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = Ring::buffer_group;
    sqe->user_data = user_data(Operation::receive, socket.id.slot);
}

// Bytes may arrive until the cancellation is through.
void UringLoop::stop_reading(Socket& socket) {
    if (!activity_of(socket).reading) return;
    io_uring_sqe* const sqe = ring_->next();
    io_uring_prep_cancel64(sqe, user_data(Operation::receive, socket.id.slot), 0);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = user_data(Operation::nobody_waits, 0);
}

void UringLoop::on_received(Socket& socket, const io_uring_cqe& completion) {
    const bool last = (completion.flags & IORING_CQE_F_MORE) == 0;
    if (last) activity_of(socket).reading = false;

    if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
        const auto bytes = ring_->buffer(completion);
        if (socket.state != SocketState::gone && !bytes.empty()) deliver(socket, bytes);
        ring_->give_back(completion);
    }
    if (!last) return;
    on_receive_ended(socket, completion.res);
    end_operation(socket);
}

void UringLoop::deliver(Socket& socket, std::span<const std::byte> bytes) {
    if (socket.kind == SocketKind::stream) return received(socket, bytes);
    if (socket.kind == SocketKind::datagram_server) return deliver_datagram_from(socket, bytes);
    ++datagrams_received_;
    received_datagram(socket, bytes);
}

// The buffer holds a header, room for the peer's address, and the datagram.
void UringLoop::deliver_datagram_from(Socket& socket, std::span<const std::byte> bytes) {
    auto* const start = const_cast<std::byte*>(bytes.data());
    const auto size = static_cast<int>(bytes.size());
    io_uring_recvmsg_out* const head = io_uring_recvmsg_validate(start, size, &with_peer_);
    if (head == nullptr) return;
    sockaddr_storage address{};
    std::memcpy(&address, io_uring_recvmsg_name(head), sizeof address);
    const auto* const payload =
        static_cast<const std::byte*>(io_uring_recvmsg_payload(head, &with_peer_));
    const std::size_t length = io_uring_recvmsg_payload_length(head, size, &with_peer_);
    const auto peer = endpoint_of(address);
    if (peer) received_datagram_from(socket, *peer, {payload, length});
}

// The kernel ends a reception for its own reasons too: when it has done a lot, or when the buffers
// are used up (ENOBUFS).  They are free again by the time the next one is handed over.
void UringLoop::on_receive_ended(Socket& socket, int result) {
    if (socket.state == SocketState::gone) return;
    const bool stream = socket.kind == SocketKind::stream;
    if (result == 0 && stream) return received_end(socket);
    if (result < 0 && result != -ENOBUFS && result != -ECANCELED && result != -EINTR) {
        failed(socket, -result);
        if (stream || socket.state == SocketState::gone) return;
    }
    if (socket.wants_bytes()) start_reading(socket);
}

// Sending.

void UringLoop::start_sending(Socket& socket) {
    socket.sends_datagrams() ? send_datagrams(socket) : send_stream(socket);
}

// MSG_WAITALL makes the kernel call a short send a failure, which reports how much was taken;
// without it a short send would pass for a whole one.
void UringLoop::send_stream(Socket& stream) {
    Activity& activity = activity_of(stream);
    if (stream.state == SocketState::connecting || stream.output.empty()) return;
    if (std::exchange(activity.sending, true)) return;
    ++activity.operations;
    const auto bytes = stream.output.leaving();
    activity.count = bytes.size();
    activity.cut_short = false;
    activity.error = 0;
    io_uring_sqe* const sqe = ring_->next();
    io_uring_prep_send(sqe, stream.fd, bytes.data(), bytes.size(),
                       MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL);
    // Without a completion an idle loop would not wake up to tell.
    const bool awaited = stream.owes_drained || stream.state == SocketState::closing;
    if (!awaited) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = user_data(Operation::send, stream.id.slot);
    unsettled_.push_back(stream.id.slot);
}

void UringLoop::on_send_over(Socket& stream, int result) {
    Activity& activity = activity_of(stream);
    const auto taken = static_cast<std::size_t>(std::max(result, 0));
    activity.cut_short = taken < activity.count;
    activity.count = taken;
    if (result < 0 && result != -EAGAIN && result != -EINTR) activity.error = -result;
}

// The peer's buffer is full.
void UringLoop::send_patiently(Socket& stream) {
    Activity& activity = activity_of(stream);
    activity.sending = true;
    ++activity.operations;
    const auto leaving = stream.output.leaving();
    const auto bytes = leaving.first(std::min(leaving.size(), patient_piece));
    io_uring_sqe* const sqe = ring_->next();
    io_uring_prep_send(sqe, stream.fd, bytes.data(), bytes.size(), MSG_WAITALL | MSG_NOSIGNAL);
    sqe->user_data = user_data(Operation::patient_send, stream.id.slot);
}

void UringLoop::on_patient_send_ended(Socket& stream, int result) {
    activity_of(stream).sending = false;
    if (stream.state != SocketState::gone && result < 0 && result != -EINTR) {
        failed(stream, -result);
    } else if (stream.state != SocketState::gone) {
        sent(stream, static_cast<std::size_t>(std::max(result, 0)));
        if (!stream.output.empty()) send_with_batch(stream);
    }
    end_operation(stream);
}

void UringLoop::send_datagrams(Socket& socket) {
    if (socket.datagrams.empty() && socket.replies.empty()) return;
    std::swap(socket.datagrams, socket.leaving_datagrams);
    std::swap(socket.replies, socket.leaving_replies);
    ++activity_of(socket).operations;
    unsettled_.push_back(socket.id.slot);
    socket.leaving_datagrams.for_each_group(
        segmenting_, [&](const DatagramGroup& group) { send_message(socket, group); });
    socket.leaving_replies.for_each(
        [&](const AddressedDatagram& datagram) { send_message(socket, datagram); });
}

template <class Datagrams>
void UringLoop::send_message(Socket& socket, const Datagrams& datagrams) {
    if (datagram_sends_used_ == datagram_sends_.size()) datagram_sends_.emplace_back();
    DatagramSend& send = datagram_sends_[datagram_sends_used_];
    send.slot = socket.id.slot;
    send.message.set(datagrams);
    io_uring_sqe* const sqe = ring_->next();
    io_uring_prep_sendmsg(sqe, socket.fd, &send.message.header(), MSG_DONTWAIT | MSG_NOSIGNAL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data =
        user_data(Operation::datagrams, static_cast<std::uint32_t>(datagram_sends_used_++));
}

void UringLoop::on_datagrams_failed(DatagramSend& send, int error) {
    Socket& socket = sockets_.at(send.slot);
    if (socket.state == SocketState::gone) return;
    const DatagramGroup& group = send.message.group();
    if (group.messages() > 1 && refuses_segmenting(error)) {
        segmenting_ = false;
        for (std::size_t at = 0; at < group.bytes.size(); at += group.length) {
            socket.datagrams.push(group.bytes.subspan(at, group.length));
        }
        return send_with_batch(socket);
    }
    if (error != EAGAIN && error != EINTR) failed(socket, error);
}

// Every send of the batch was tried while it was handed over, and its failure, if any, has been
// taken by now: what has not failed has left.
void UringLoop::settle_sends() {
    for (const std::uint32_t slot : unsettled_) settle(sockets_.at(slot));
    unsettled_.clear();
    datagram_sends_used_ = 0;
}

void UringLoop::settle(Socket& socket) {
    Activity& activity = activity_of(socket);
    if (socket.sends_datagrams()) {
        socket.leaving_datagrams.clear();
        socket.leaving_replies.clear();
        return end_operation(socket);
    }
    activity.sending = false;
    if (socket.state != SocketState::gone && activity.error != 0) {
        failed(socket, activity.error);
    } else if (socket.state != SocketState::gone) {
        sent(socket, activity.count);
        if (activity.cut_short) {
            send_patiently(socket);
        } else if (!socket.output.empty()) {
            send_with_batch(socket);  // what gathered behind what was leaving
        }
    }
    end_operation(socket);
}

// The end of a socket.  Operations on a descriptor are cancelled, and the descriptor closed, in the
// order in which they are handed over; what is under way keeps the slot.
void UringLoop::abandon(Socket& socket) {
    const int fd = std::exchange(socket.fd, -1);
    const bool busy = activity_of(socket).operations > 0;
    if (fd >= 0 && busy) {
        io_uring_sqe* const cancel = ring_->next();
        io_uring_prep_cancel_fd(cancel, fd, IORING_ASYNC_CANCEL_ALL);
        cancel->flags |= IOSQE_CQE_SKIP_SUCCESS;
        cancel->user_data = user_data(Operation::nobody_waits, 0);
    }
    if (fd >= 0) {
        io_uring_sqe* const close = ring_->next();
        io_uring_prep_close(close, fd);
        close->flags |= IOSQE_CQE_SKIP_SUCCESS;
        close->user_data = user_data(Operation::nobody_waits, 0);
    }
    if (!busy) sockets_.recycle(socket);
}

}  // namespace postern::io
