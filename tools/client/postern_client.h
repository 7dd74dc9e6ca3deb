// SPDX-License-Identifier: Apache-2.0
//
// A client of the gateway socket's native dialect in one header: C11 and POSIX, nothing else.
//
// Blocking, with a timeout on everything; one client belongs to one thread.  Ask one address at a
// time with postern_ask(), or keep many in flight with postern_submit() and postern_receive(),
// whose answers come in any order.  The frames are described in docs/protocol.md.
//
//     postern_client client;
//     if (postern_connect(&client, "/run/postern/gateway.sock", 1000) != POSTERN_OK) ...
//     postern_answer answer = postern_ask_or_accept(&client, "192.0.2.10", 1500);
//     if (answer.action == POSTERN_REJECT) ...
//     postern_close(&client);
//
// Strict compilers (-std=c11) need -D_POSIX_C_SOURCE=200809L.
#ifndef POSTERN_CLIENT_H
#define POSTERN_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define POSTERN_FRAME_SIZE 32
#define POSTERN_MARK 0xD1
// More than this in flight on a connection and the server stops reading from it.
#define POSTERN_IN_FLIGHT_MAX 4096

typedef enum postern_status {
    POSTERN_OK = 0,
    POSTERN_BAD_ADDRESS,  // neither IPv4 nor IPv6 text
    POSTERN_TIMEOUT,      // not in time; the connection can still be used
    POSTERN_REFUSED,      // the server found something wrong with the request of that tag
    POSTERN_CLOSED,       // by the server
    POSTERN_PROTOCOL,     // what came is no frame of version 1; close and connect again
    POSTERN_SYSTEM        // errno says what; close and connect again
} postern_status;

typedef enum postern_action { POSTERN_ACCEPT = 0, POSTERN_REJECT, POSTERN_DEFER } postern_action;

typedef struct postern_answer {
    uint32_t tag;
    postern_action action;
    uint8_t reason;      // postern_reason_name()
    uint8_t stage;       // 0 connection, 1 envelope, 2 header, 3 content
    uint8_t reputation;  // 0 checked, 1 overridden, 2 permit-listed, 3 skipped
    uint16_t code;       // SMTP reply code
    bool final;          // no later stage could decide otherwise
    bool degraded;       // a list that was wanted gave no opinion
    bool advisory;       // the server does not enforce: action says accept whatever was decided
    uint8_t hits;
    uint8_t threshold;
    uint16_t listed;   // one bit for each list, in the order of the configuration
    uint16_t unknown;  // likewise: lists without an opinion
    uint32_t elapsed_us;
    uint64_t policy_set;
} postern_answer;

// Fields are the client's own.
typedef struct postern_client {
    int fd;
    uint32_t next_tag;
    size_t received;  // bytes in `buffer`
    size_t to_skip;   // bytes of an error's text that are still to come
    unsigned char buffer[64 * POSTERN_FRAME_SIZE];
} postern_client;

static inline uint64_t postern_load_(const unsigned char* bytes, int size) {
    uint64_t number = 0;
    for (int i = size; i-- > 0;) number = number << 8 | bytes[i];
    return number;
}

// Writes the 32 bytes of a query; `address` is in network order, IPv4 mapped into IPv6.
static inline void postern_encode_query(unsigned char* frame, uint32_t tag,
                                        const unsigned char address[16]) {
    memset(frame, 0, POSTERN_FRAME_SIZE);
    frame[0] = POSTERN_MARK;
    frame[1] = 0x01;
    for (int i = 0; i < 4; ++i) frame[4 + i] = (unsigned char)(tag >> (8 * i));
    memcpy(frame + 16, address, 16);
}

// Reads the 32 bytes of an answer.  False when they are something else.
static inline bool postern_decode_answer(const unsigned char* frame, postern_answer* answer) {
    if (frame[0] != POSTERN_MARK || frame[1] != 0x02 || frame[3] > POSTERN_DEFER) return false;
    answer->final = (frame[2] & 0x01) != 0;
    answer->degraded = (frame[2] & 0x02) != 0;
    answer->advisory = (frame[2] & 0x04) != 0;
    answer->action = (postern_action)frame[3];
    answer->tag = (uint32_t)postern_load_(frame + 4, 4);
    answer->code = (uint16_t)postern_load_(frame + 8, 2);
    answer->reason = frame[10];
    answer->stage = frame[11];
    answer->reputation = frame[12];
    answer->hits = frame[13];
    answer->threshold = frame[14];
    answer->listed = (uint16_t)postern_load_(frame + 16, 2);
    answer->unknown = (uint16_t)postern_load_(frame + 18, 2);
    answer->elapsed_us = (uint32_t)postern_load_(frame + 20, 4);
    answer->policy_set = postern_load_(frame + 24, 8);
    return true;
}

// "192.0.2.10" or "2001:db8::1" to 16 bytes.
static inline bool postern_parse_address(const char* text, unsigned char address[16]) {
    memset(address, 0, 10);
    memset(address + 10, 0xFF, 2);
    return inet_pton(AF_INET, text, address + 12) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static inline const char* postern_reason_name(uint8_t reason) {
    static const char* const names[] = {"accepted",       "reputation",     "reputation_unknown",
                                        "blocked_sender", "blocked_client", "anti_spoofing",
                                        "greylisted",     "open_relay"};
    return reason < sizeof names / sizeof names[0] ? names[reason] : "unknown";
}

static inline const char* postern_status_name(postern_status status) {
    static const char* const names[] = {"ok",
                                        "not an IP address",
                                        "no answer in time",
                                        "the request was refused",
                                        "the server closed the connection",
                                        "the server does not speak version 1",
                                        "system error"};
    return names[status];
}

static inline int64_t postern_now_ms_(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits until `events` can be done on the socket or `deadline` (postern_now_ms_) has passed.
static inline postern_status postern_wait_(const postern_client* client, short events,
                                           int64_t deadline) {
    for (;;) {
        struct pollfd wanted = {.fd = client->fd, .events = events, .revents = 0};
        const int64_t left = deadline - postern_now_ms_();
        const int ready = poll(&wanted, 1, left > 0 ? (int)left : 0);
        if (ready > 0) return POSTERN_OK;
        if (ready == 0) return POSTERN_TIMEOUT;
        if (errno != EINTR) return POSTERN_SYSTEM;
    }
}

// Speaks over a stream socket that is connected already.  The client closes it.
static inline void postern_adopt(postern_client* client, int fd) {
    memset(client, 0, sizeof *client);
    client->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static inline void postern_close(postern_client* client) {
    if (client->fd >= 0) close(client->fd);
    client->fd = -1;
}

// After a failure there is nothing to close.
static inline postern_status postern_connect(postern_client* client, const char* path,
                                             int timeout_ms) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    client->fd = -1;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return POSTERN_SYSTEM;
    }
    strcpy(address.sun_path, path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return POSTERN_SYSTEM;
    fcntl(fd, F_SETFD, FD_CLOEXEC);

    // A full backlog makes a blocking connect wait, and that as long as a send may.
    const struct timeval patience = {.tv_sec = timeout_ms / 1000,
                                     .tv_usec = timeout_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) {
        const int error = errno;
        close(fd);
        errno = error;
        return error == EAGAIN ? POSTERN_TIMEOUT : POSTERN_SYSTEM;
    }
    postern_adopt(client, fd);
    return POSTERN_OK;
}

// Asks without waiting for the answer, which carries `*tag`.  A query that was sent in part because
// of the timeout has broken the stream: then the status is POSTERN_PROTOCOL.
static inline postern_status postern_submit(postern_client* client, const char* address,
                                            int timeout_ms, uint32_t* tag) {
    unsigned char bytes[16];
    unsigned char frame[POSTERN_FRAME_SIZE];
    if (!postern_parse_address(address, bytes)) return POSTERN_BAD_ADDRESS;
    *tag = client->next_tag++;
    postern_encode_query(frame, *tag, bytes);

    const int64_t deadline = postern_now_ms_() + timeout_ms;
    for (size_t sent = 0; sent < sizeof frame;) {
        const ssize_t size = send(client->fd, frame + sent, sizeof frame - sent, MSG_NOSIGNAL);
        if (size > 0) {
            sent += (size_t)size;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EPIPE) return POSTERN_CLOSED;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return POSTERN_SYSTEM;
        const postern_status status = postern_wait_(client, POLLOUT, deadline);
        if (status != POSTERN_OK) return sent > 0 ? POSTERN_PROTOCOL : status;
    }
    return POSTERN_OK;
}

static inline void postern_consume_(postern_client* client, size_t size) {
    client->received -= size;
    memmove(client->buffer, client->buffer + size, client->received);
}

// Takes the next answer out of what has been received.  POSTERN_TIMEOUT: not all of it is there.
static inline postern_status postern_take_(postern_client* client, postern_answer* answer) {
    const unsigned char* frame = client->buffer;
    const size_t skipped = client->to_skip < client->received ? client->to_skip : client->received;
    postern_consume_(client, skipped);
    client->to_skip -= skipped;
    if (client->received < 12) return POSTERN_TIMEOUT;
    if (frame[0] != POSTERN_MARK) return POSTERN_PROTOCOL;
    if (frame[1] == 0x83) {
        answer->tag = (uint32_t)postern_load_(frame + 4, 4);
        client->to_skip = (size_t)postern_load_(frame + 8, 4);
        postern_consume_(client, 12);
        return POSTERN_REFUSED;
    }
    if (client->received < POSTERN_FRAME_SIZE) return POSTERN_TIMEOUT;
    if (!postern_decode_answer(frame, answer)) return POSTERN_PROTOCOL;
    postern_consume_(client, POSTERN_FRAME_SIZE);
    return POSTERN_OK;
}

// The next answer, whichever it is.  With POSTERN_REFUSED only answer->tag is set.
static inline postern_status postern_receive(postern_client* client, int timeout_ms,
                                             postern_answer* answer) {
    const int64_t deadline = postern_now_ms_() + timeout_ms;
    for (;;) {
        postern_status status = postern_take_(client, answer);
        if (status != POSTERN_TIMEOUT) return status;
        status = postern_wait_(client, POLLIN, deadline);
        if (status != POSTERN_OK) return status;

        const ssize_t size = recv(client->fd, client->buffer + client->received,
                                  sizeof client->buffer - client->received, 0);
        if (size == 0) return POSTERN_CLOSED;
        if (size > 0) {
            client->received += (size_t)size;
        } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            return errno == ECONNRESET ? POSTERN_CLOSED : POSTERN_SYSTEM;
        }
    }
}

// Asks and waits.  Answers to earlier questions, that were given up on, are dropped.
static inline postern_status postern_ask(postern_client* client, const char* address,
                                         int timeout_ms, postern_answer* answer) {
    const int64_t deadline = postern_now_ms_() + timeout_ms;
    uint32_t tag = 0;
    postern_status status = postern_submit(client, address, timeout_ms, &tag);
    if (status != POSTERN_OK) return status;
    do {
        const int64_t left = deadline - postern_now_ms_();
        status = postern_receive(client, left > 0 ? (int)left : 0, answer);
    } while ((status == POSTERN_OK || status == POSTERN_REFUSED) && answer->tag != tag);
    return status;
}

// As postern_ask(), but when there is no answer, one that accepts and says that it is degraded: a
// fault of the sidecar must not cost mail.
static inline postern_answer postern_ask_or_accept(postern_client* client, const char* address,
                                                   int timeout_ms) {
    postern_answer answer;
    memset(&answer, 0, sizeof answer);
    if (postern_ask(client, address, timeout_ms, &answer) == POSTERN_OK) return answer;

    memset(&answer, 0, sizeof answer);
    answer.action = POSTERN_ACCEPT;
    answer.code = 250;
    answer.reputation = 3;
    answer.degraded = true;
    return answer;
}

#endif
