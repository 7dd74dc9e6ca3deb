// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/datagram_message.h"

#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

namespace postern::io {

void DatagramMessage::set_bytes(const DatagramGroup& group) {
    group_ = group;
    // sendmsg only reads, but its structure is shared with recvmsg.
    bytes_ = {.iov_base = const_cast<std::byte*>(group.bytes.data()),
              .iov_len = group.bytes.size()};
    header_ = {};
    header_.msg_iov = &bytes_;
    header_.msg_iovlen = 1;
}

void DatagramMessage::set(const AddressedDatagram& datagram) {
    set_bytes({.bytes = datagram.bytes, .length = datagram.bytes.size()});
    peer_ = SocketAddress(datagram.peer);
    header_.msg_name = &peer_.storage;
    header_.msg_namelen = peer_.size;
}

void DatagramMessage::set(const DatagramGroup& group) {
    set_bytes(group);
    if (group.messages() == 1) return;

    header_.msg_control = control_;
    header_.msg_controllen = sizeof control_;
    cmsghdr* const segment = CMSG_FIRSTHDR(&header_);
    segment->cmsg_level = SOL_UDP;
    segment->cmsg_type = UDP_SEGMENT;
    segment->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto length = static_cast<std::uint16_t>(group.length);
    std::memcpy(CMSG_DATA(segment), &length, sizeof length);
}

bool refuses_segmenting(int error) {
    return error == EIO || error == EINVAL || error == EOPNOTSUPP;
}

}  // namespace postern::io
