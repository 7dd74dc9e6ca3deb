// SPDX-License-Identifier: Apache-2.0
//
// What a loop knows about one socket: the same for listeners, streams and datagram sockets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "resolver/io/addressed_queue.h"
#include "resolver/io/datagram_queue.h"
#include "resolver/io/input_queue.h"
#include "resolver/io/loop.h"
#include "resolver/io/output_queue.h"
#include "resolver/io/timers.h"

namespace postern::io {

class SocketLoop;

enum class SocketKind : std::uint8_t {
    listener,
    stream,
    datagram,         // connected to one peer
    datagram_server,  // bound, and open to all peers
};

enum class SocketState : std::uint8_t {
    vacant,      // a slot without a socket
    connecting,  // an outgoing stream that is not open yet
    open,
    closing,  // after close(): the output still leaves, nothing is delivered but on_closed
    gone,     // its id is void; the backend may still have operations to collect
};

struct Socket {
    SocketId id;
    SocketKind kind = SocketKind::stream;
    SocketState state = SocketState::vacant;
    int fd = -1;

    // The one that belongs to the kind.
    AcceptEvents* accept_events = nullptr;
    StreamEvents* stream_events = nullptr;
    DatagramEvents* datagram_events = nullptr;
    DatagramServerEvents* server_events = nullptr;

    // A listener that waits for descriptors; a stream that is closing.
    Timer timer;
    SocketLoop* loop = nullptr;  // for the timer

    int error = 0;  // happened where no event may be delivered; reported with the next batch
    bool attention = false;  // on the loop's list of sockets that have an event due
    bool unsent = false;     // on the loop's list of sockets with output for this batch

    // Streams.  Bytes can still arrive when reading has been paused or the turn is over; they are
    // held back until it resumes or comes again.
    bool paused = false;
    bool ended = false;         // the peer will send no more
    bool end_told = false;      // on_end was delivered
    bool owes_drained = false;  // send() has said "full"
    InputQueue held;
    std::uint64_t turn_batch = 0;  // the batch that the last bytes were delivered in
    std::size_t turn_bytes = 0;    // how many
    OutputQueue output;

    // Datagram sockets: what gathers, and what the kernel is being given.
    DatagramQueue datagrams;
    DatagramQueue leaving_datagrams;

    // The same of datagram servers.
    AddressedQueue replies;
    AddressedQueue leaving_replies;

    // A backlog above this stops the reading.
    static constexpr std::size_t held_max = std::size_t{16} * 1024;

    bool sends_datagrams() const {
        return kind == SocketKind::datagram || kind == SocketKind::datagram_server;
    }
    bool wants_bytes() const {
        return (state == SocketState::open || state == SocketState::closing) && !paused && !ended &&
               held.size() <= held_max;
    }
};

}  // namespace postern::io
