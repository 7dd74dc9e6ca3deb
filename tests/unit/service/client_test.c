// SPDX-License-Identifier: Apache-2.0
//
// The C client, tested in C.  The other end of a socket pair is a thread that plays the server,
// knowing the frames from docs/protocol.md alone.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/client/postern_client.h"

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            exit(EXIT_FAILURE);                                                     \
        }                                                                           \
    } while (0)

// Long enough for any machine; nothing waits for it to pass.
enum { patience_ms = 30000 };

static const unsigned char documented_query[32] = {
    0xD1, 0x01, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0, 0, 0,    0,    0,    0, 0, 0,
    0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0xFF, 0xFF, 0xC0, 0, 2, 0x0A};

static const unsigned char documented_answer[32] = {
    0xD1, 0x02, 0x03, 0x01, 0x07, 0x00, 0x00, 0x00, 0x26, 0x02, 0x01, 0x00, 0x00, 0x02, 0x01, 0x00,
    0x05, 0x00, 0x20, 0x00, 0x9C, 0x01, 0x00, 0x00, 0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01};

static void the_frames_are_those_of_the_document(void) {
    unsigned char address[16];
    unsigned char frame[POSTERN_FRAME_SIZE];
    CHECK(postern_parse_address("192.0.2.10", address));
    postern_encode_query(frame, 7, address);
    CHECK(memcmp(frame, documented_query, sizeof frame) == 0);

    postern_answer answer;
    CHECK(postern_decode_answer(documented_answer, &answer));
    CHECK(answer.tag == 7 && answer.action == POSTERN_REJECT && answer.code == 550);
    CHECK(strcmp(postern_reason_name(answer.reason), "reputation") == 0);
    CHECK(answer.stage == 0 && answer.reputation == 0);
    CHECK(answer.final && answer.degraded && !answer.advisory);
    CHECK(answer.hits == 2 && answer.threshold == 1);
    CHECK(answer.listed == 0x05 && answer.unknown == 0x20);
    CHECK(answer.elapsed_us == 412 && answer.policy_set == UINT64_C(0x0123456789ABCDEF));
    CHECK(!postern_decode_answer(documented_query, &answer));
}

static void addresses_are_mapped_or_refused(void) {
    unsigned char v4[16];
    unsigned char mapped[16];
    CHECK(postern_parse_address("192.0.2.1", v4));
    CHECK(postern_parse_address("::ffff:192.0.2.1", mapped));
    CHECK(memcmp(v4, mapped, sizeof v4) == 0);
    CHECK(postern_parse_address("2001:db8::1", v4));
    CHECK(v4[0] == 0x20 && v4[15] == 1);
    CHECK(!postern_parse_address("mx.example", v4));
}

static bool read_frame(int fd, unsigned char* frame) {
    for (size_t have = 0; have < POSTERN_FRAME_SIZE;) {
        const ssize_t size = recv(fd, frame + have, POSTERN_FRAME_SIZE - have, 0);
        if (size <= 0) return false;
        have += (size_t)size;
    }
    return true;
}

// Answers every query; rejects where the last byte of the address is odd.
static void answer_query(const unsigned char* query, unsigned char* answer) {
    const bool odd = (query[31] & 1) != 0;
    memcpy(answer, documented_answer, POSTERN_FRAME_SIZE);
    answer[3] = odd ? 1 : 0;
    answer[8] = odd ? 0x26 : 0xFA;
    answer[9] = odd ? 0x02 : 0x00;
    memcpy(answer + 4, query + 4, 4);
}

// Takes queries in pairs and answers the second first, a byte at a time.
static void* serve_backwards(void* fd) {
    const int server = *(int*)fd;
    unsigned char queries[2][POSTERN_FRAME_SIZE];
    unsigned char answer[POSTERN_FRAME_SIZE];
    while (read_frame(server, queries[0]) && read_frame(server, queries[1])) {
        for (int i = 2; i-- > 0;) {
            answer_query(queries[i], answer);
            for (size_t at = 0; at < sizeof answer; ++at)
                CHECK(send(server, answer + at, 1, 0) == 1);
        }
    }
    close(server);
    return 0;
}

static void connect_pair(postern_client* client, int* server) {
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    postern_adopt(client, pair[0]);
    *server = pair[1];
}

static void pipelined_questions_are_answered_by_tag(void) {
    postern_client client;
    int server = -1;
    connect_pair(&client, &server);
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, serve_backwards, &server) == 0);

    uint32_t even = 0;
    uint32_t odd = 0;
    CHECK(postern_submit(&client, "192.0.2.2", patience_ms, &even) == POSTERN_OK);
    CHECK(postern_submit(&client, "2001:db8::1", patience_ms, &odd) == POSTERN_OK);
    postern_answer answer;
    CHECK(postern_receive(&client, patience_ms, &answer) == POSTERN_OK);
    CHECK(answer.tag == odd && answer.action == POSTERN_REJECT && answer.code == 550);
    CHECK(postern_receive(&client, patience_ms, &answer) == POSTERN_OK);
    CHECK(answer.tag == even && answer.action == POSTERN_ACCEPT && answer.code == 250);

    // The answer to the first question of the next pair comes behind that to the second.
    CHECK(postern_submit(&client, "192.0.2.4", patience_ms, &even) == POSTERN_OK);
    CHECK(postern_ask(&client, "192.0.2.3", patience_ms, &answer) == POSTERN_OK);
    CHECK(answer.action == POSTERN_REJECT);
    CHECK(postern_receive(&client, patience_ms, &answer) == POSTERN_OK);
    CHECK(answer.tag == even && answer.action == POSTERN_ACCEPT);

    postern_close(&client);
    CHECK(pthread_join(thread, 0) == 0);
}

static void no_answer_in_time_accepts_and_the_late_one_is_dropped(void) {
    postern_client client;
    int server = -1;
    connect_pair(&client, &server);
    const postern_answer answer = postern_ask_or_accept(&client, "192.0.2.1", 1);
    CHECK(answer.action == POSTERN_ACCEPT && answer.code == 250 && answer.degraded);

    unsigned char query[POSTERN_FRAME_SIZE];
    unsigned char frames[2 * POSTERN_FRAME_SIZE];
    CHECK(read_frame(server, query));
    answer_query(query, frames);
    memcpy(frames + POSTERN_FRAME_SIZE, frames, POSTERN_FRAME_SIZE);
    frames[POSTERN_FRAME_SIZE + 4] = 1;  // the tag of the next question
    CHECK(send(server, frames, sizeof frames, 0) == (ssize_t)sizeof frames);
    postern_answer next;
    CHECK(postern_ask(&client, "192.0.2.3", patience_ms, &next) == POSTERN_OK);
    CHECK(next.tag == 1);
    close(server);
    postern_close(&client);
}

static void an_error_frame_is_reported_and_stepped_over(void) {
    postern_client client;
    int server = -1;
    connect_pair(&client, &server);
    const unsigned char error[] = {0xD1, 0x83, 0, 2, 5, 0, 0, 0, 3, 0, 0, 0, 'b', 'a', 'd'};
    CHECK(send(server, error, sizeof error, 0) == (ssize_t)sizeof error);
    CHECK(send(server, documented_answer, sizeof documented_answer, 0) == POSTERN_FRAME_SIZE);
    postern_answer answer;
    CHECK(postern_receive(&client, patience_ms, &answer) == POSTERN_REFUSED);
    CHECK(answer.tag == 5);
    CHECK(postern_receive(&client, patience_ms, &answer) == POSTERN_OK);
    CHECK(answer.tag == 7);
    close(server);
    postern_close(&client);
}

static void faults_have_names_of_their_own(void) {
    postern_client client;
    int server = -1;
    postern_answer answer;
    uint32_t tag = 0;
    connect_pair(&client, &server);
    CHECK(postern_submit(&client, "nowhere", patience_ms, &tag) == POSTERN_BAD_ADDRESS);
    CHECK(postern_receive(&client, 0, &answer) == POSTERN_TIMEOUT);
    CHECK(send(server, "HTTP/1.1 400 ", 13, 0) == 13);
    CHECK(postern_receive(&client, patience_ms, &answer) == POSTERN_PROTOCOL);
    postern_close(&client);
    close(server);

    connect_pair(&client, &server);
    close(server);
    CHECK(postern_receive(&client, patience_ms, &answer) == POSTERN_CLOSED);
    CHECK(postern_submit(&client, "192.0.2.1", patience_ms, &tag) == POSTERN_CLOSED);
    postern_close(&client);

    CHECK(postern_connect(&client, "/nonexistent/gateway.sock", patience_ms) == POSTERN_SYSTEM);
    CHECK(errno == ENOENT);
}

int main(void) {
    the_frames_are_those_of_the_document();
    addresses_are_mapped_or_refused();
    pipelined_questions_are_answered_by_tag();
    no_answer_in_time_accepts_and_the_late_one_is_dropped();
    an_error_frame_is_reported_and_stepped_over();
    faults_have_names_of_their_own();
    return EXIT_SUCCESS;
}
