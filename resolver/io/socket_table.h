// SPDX-License-Identifier: Apache-2.0
//
// The sockets of one loop, found by slot and generation.
//
// A socket leaves in two steps: retire() voids its id, so that nobody finds it any more; recycle()
// gives the slot to the next one, once the backend is certain that the kernel is done with it.
// Sockets do not move, and slots keep their buffers, so a steady coming and going allocates
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "resolver/io/socket.h"

namespace postern::io {

class SocketTable {
  public:
    Socket& open(SocketKind kind, SocketState state);
    // Null when the socket is gone.
    Socket* find(SocketId id) const;
    Socket& at(std::uint32_t slot) const { return *sockets_[slot]; }
    std::size_t slots() const { return sockets_.size(); }

    void retire(Socket& socket);
    void recycle(Socket& socket);

  private:
    std::vector<std::unique_ptr<Socket>> sockets_;
    std::vector<std::uint32_t> vacant_;
};

}  // namespace postern::io
