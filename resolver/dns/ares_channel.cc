// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/ares_channel.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "resolver/dns/ares_memory.h"

namespace postern::dns {

namespace {

// Longer than any question lives.
constexpr int never_ms = 10 * 60 * 1000;
constexpr std::size_t header_size = 12;
constexpr std::size_t length_size = 2;  // before each message on a stream (RFC 1035 section 4.2.2)

// The server as c-ares knows it.  Which one is really asked is not its business.
in_addr nominal_server() { return {.s_addr = htonl(INADDR_LOOPBACK)}; }

// The library counts these calls; once per process is enough.
bool library_ready() {
    static const bool ready =
        ares_library_init_mem(ARES_LIB_INIT_ALL, ares_memory::allocate, ares_memory::release,
                              ares_memory::reallocate) == ARES_SUCCESS;
    return ready;
}

std::uint16_t message_size(const std::byte* at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8 |
                                      std::to_integer<unsigned>(at[1]));
}

}  // namespace

// One for each query in flight; c-ares hands it back.
struct AresChannel::Asked {
    AresChannel& channel;
    std::uint16_t id;

    // It lives as long as c-ares' own pieces.
    static void* operator new(std::size_t size) {
        void* const memory = ares_memory::allocate(size);
        if (memory == nullptr) std::abort();
        return memory;
    }
    static void operator delete(void* asked) { ares_memory::release(asked); }
};

struct AresChannel::Callbacks {
    static AresChannel& self(void* user) noexcept { return *static_cast<AresChannel*>(user); }

    static ares_socket_t open(int, int, int, void* user) noexcept {
        AresChannel& channel = self(user);
        channel.descriptor_ = ++channel.last_descriptor_;
        return channel.descriptor_;
    }

    static int connect(ares_socket_t, const sockaddr*, ares_socklen_t, void* user) noexcept {
        AresChannel& channel = self(user);
        if (channel.transport_ == Transport::datagrams) return 0;
        channel.connected_ = channel.ended_ = false;
        channel.partial_.clear();
        channel.stream_ = channel.loop_.connect_stream(channel.server_, channel);
        if (!channel.stream_) return -1;
        errno = EINPROGRESS;
        return -1;
    }

    static int close(ares_socket_t, void* user) noexcept {
        AresChannel& channel = self(user);
        channel.descriptor_ = 0;
        if (channel.stream_) channel.loop_.close(channel.stream_);
        channel.stream_ = {};
        channel.connected_ = false;
        return 0;
    }

    static ares_ssize_t send(ares_socket_t, const iovec* parts, int count, void* user) noexcept {
        AresChannel& channel = self(user);
        if (channel.transport_ == Transport::stream && !channel.connected_) {
            errno = EAGAIN;
            return -1;
        }
        ares_ssize_t sent = 0;
        for (const iovec& part : std::span(parts, static_cast<std::size_t>(count))) {
            if (channel.transport_ == Transport::stream) {
                channel.loop_.send(channel.stream_,
                                   {static_cast<std::byte*>(part.iov_base), part.iov_len});
            }
            sent += static_cast<ares_ssize_t>(part.iov_len);
        }
        return sent;
    }

    static ares_ssize_t receive(ares_socket_t, void* buffer, size_t size, int, sockaddr* from,
                                ares_socklen_t* from_size, void* user) noexcept {
        AresChannel& channel = self(user);
        if (channel.inbox_empty()) {
            if (channel.ended_) return 0;
            errno = EAGAIN;
            return -1;
        }
        if (from != nullptr) {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr = nominal_server();
            std::memcpy(from, &address, sizeof(address));
            *from_size = sizeof(address);
        }
        return static_cast<ares_ssize_t>(
            channel.read_inbox({static_cast<std::byte*>(buffer), size}));
    }

    static void answered(void* user, int status, int, unsigned char* reply, int size) noexcept {
        const std::unique_ptr<Asked> asked(static_cast<Asked*>(user));
        AresChannel& channel = asked->channel;
        if (status == ARES_EDESTRUCTION) return;
        if (reply == nullptr || status != ARES_SUCCESS)
            return channel.owner_.on_no_reply(asked->id);
        const std::span bytes(reinterpret_cast<const std::byte*>(reply),
                              static_cast<std::size_t>(size));
        channel.owner_.on_reply(asked->id, bytes);
    }

    static constexpr ares_socket_functions functions = {open, close, connect, receive, send};
};

AresChannel::AresChannel(io::Loop& loop, Owner& owner, Transport transport,
                         const io::Endpoint& server)
    : loop_(loop), owner_(owner), transport_(transport), server_(server) {
    in_addr nominal = nominal_server();
    ares_options options{};
    options.flags = ARES_FLAG_STAYOPEN | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
                    ARES_FLAG_NOCHECKRESP |
                    (transport == Transport::stream ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC);
    options.timeout = never_ms;
    options.tries = 1;
    options.servers = &nominal;
    options.nservers = 1;
    std::array<char, 2> lookups = {'b', '\0'};
    options.lookups = lookups.data();
    constexpr int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SERVERS |
                          ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS;
    // Without memory or a usable library there is nothing to resolve with, and no way on.
    if (!library_ready() || ares_init_options(&channel_, &options, given) != ARES_SUCCESS)
        std::abort();
    ares_set_socket_functions(channel_, &Callbacks::functions, this);
}

AresChannel::~AresChannel() {
    ares_destroy(
        channel_);  // ends what is in flight with ARES_EDESTRUCTION and closes its descriptor
}

void AresChannel::ask(std::uint16_t id, std::span<const std::byte> query) {
    auto asked = std::make_unique<Asked>(Asked{*this, id});
    ares_send(channel_, reinterpret_cast<const unsigned char*>(query.data()),
              static_cast<int>(query.size()), Callbacks::answered, asked.release());
}

void AresChannel::receive(std::span<const std::byte> reply) { queue(reply); }

void AresChannel::expire(std::uint16_t id, std::span<const std::byte> query) {
    std::array<std::byte, 512> reply;
    const std::size_t size = std::min(query.size(), reply.size());
    std::copy_n(query.begin(), size, reply.begin());
    reply[0] = static_cast<std::byte>(id >> 8);
    reply[1] = static_cast<std::byte>(id & 0xFF);
    reply[2] |= std::byte{0x80};  // a response
    reply[3] |= std::byte{0x02};  // SERVFAIL
    queue({reply.data(), size});
}

void AresChannel::process() {
    if (transport_ == Transport::stream && connected_) {
        ares_process_fd(channel_, ARES_SOCKET_BAD, descriptor_);
    }
    // c-ares reads one datagram, or one piece of a stream, per call.
    while (descriptor_ != 0 && (!inbox_empty() || ended_)) {
        ares_process_fd(channel_, descriptor_, ARES_SOCKET_BAD);
    }
    inbox_.clear();
    inbox_read_ = 0;
}

void AresChannel::queue(std::span<const std::byte> message) {
    inbox_.push_back(static_cast<std::byte>(message.size() >> 8));
    inbox_.push_back(static_cast<std::byte>(message.size() & 0xFF));
    inbox_.insert(inbox_.end(), message.begin(), message.end());
}

// A datagram is read whole and without its length; a stream in pieces as large as the buffer.
std::size_t AresChannel::read_inbox(std::span<std::byte> buffer) {
    std::size_t size = inbox_.size() - inbox_read_;
    if (transport_ == Transport::datagrams) {
        size = message_size(&inbox_[inbox_read_]);
        inbox_read_ += length_size;
    }
    const std::size_t taken = std::min(size, buffer.size());
    std::copy_n(inbox_.begin() + static_cast<std::ptrdiff_t>(inbox_read_), taken, buffer.begin());
    inbox_read_ += transport_ == Transport::datagrams ? size : taken;
    return taken;
}

void AresChannel::on_connected(io::SocketId stream) {
    if (stream == stream_) connected_ = true;
}

// Only whole messages go on to c-ares, so that expire() can put one in between.
void AresChannel::on_bytes(io::SocketId stream, std::span<const std::byte> bytes) {
    if (stream != stream_) return;
    partial_.insert(partial_.end(), bytes.begin(), bytes.end());
    std::size_t at = 0;
    while (partial_.size() - at >= length_size) {
        const std::size_t size = message_size(&partial_[at]);
        if (partial_.size() - at < length_size + size) break;
        // A message without a whole header would upset c-ares; it answers nothing anyway.
        if (size >= header_size) queue({&partial_[at + length_size], size});
        at += length_size + size;
    }
    partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(at));
}

void AresChannel::on_end(io::SocketId stream) {
    if (stream == stream_) ended_ = true;
}

void AresChannel::on_closed(io::SocketId stream, int) {
    if (stream != stream_) return;
    stream_ = {};
    connected_ = false;
    ended_ = true;
}

std::vector<io::Endpoint> system_name_servers() {
    std::vector<io::Endpoint> servers;
    ares_channel channel = nullptr;
    if (!library_ready() || ares_init(&channel) != ARES_SUCCESS) return servers;
    ares_addr_port_node* list = nullptr;
    if (ares_get_servers_ports(channel, &list) == ARES_SUCCESS) {
        for (const ares_addr_port_node* node = list; node != nullptr; node = node->next) {
            IpAddress::Bytes bytes{};
            if (node->family == AF_INET) {
                bytes = IpAddress::from_v4(ntohl(node->addr.addr4.s_addr)).bytes();
            } else {
                std::memcpy(bytes.data(), &node->addr.addr6, bytes.size());
            }
            const int port = node->udp_port != 0 ? node->udp_port : 53;
            servers.push_back({IpAddress(bytes), static_cast<std::uint16_t>(port)});
        }
        ares_free_data(list);
    }
    ares_destroy(channel);
    return servers;
}

}  // namespace postern::dns
