// SPDX-License-Identifier: Apache-2.0
//
// A group of datagrams, or one with the address it goes to, in the form that sendmsg(2) wants it.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "resolver/io/addressed_queue.h"
#include "resolver/io/datagram_queue.h"
#include "resolver/io/descriptors.h"

namespace postern::io {

// Points into itself and into the group's bytes: must stay where it is until the kernel has read
// it.
class DatagramMessage {
  public:
    DatagramMessage() = default;
    DatagramMessage(const DatagramMessage&) = delete;
    DatagramMessage& operator=(const DatagramMessage&) = delete;

    // For a socket that is connected.
    void set(const DatagramGroup& group);
    // For one that is not.
    void set(const AddressedDatagram& datagram);

    const DatagramGroup& group() const { return group_; }
    const msghdr& header() const { return header_; }

  private:
    void set_bytes(const DatagramGroup& group);

    DatagramGroup group_;
    msghdr header_{};
    iovec bytes_{};
    SocketAddress peer_;
    // The one control message: the length at which the kernel cuts (a 16-bit number).
    alignas(cmsghdr) std::byte control_[CMSG_SPACE(sizeof(std::uint16_t))]{};
};

// Whether `error` says that this kernel or network card will not cut groups into datagrams (EINVAL:
// unknown or longer than the MTU; EIO: no checksum offload).  The messages have to be sent singly.
bool refuses_segmenting(int error);

}  // namespace postern::io
