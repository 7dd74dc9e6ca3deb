// SPDX-License-Identifier: Apache-2.0
//
// Asks about addresses, all at once:  postern_client_example SOCKET ADDRESS...
#include <stdio.h>
#include <stdlib.h>

#include "tools/client/postern_client.h"

static const char* action_name(postern_action action) {
    static const char* const names[] = {"accept", "reject", "defer"};
    return names[action];
}

static int fail(const char* what, postern_status status) {
    fprintf(stderr, "%s: %s\n", what, postern_status_name(status));
    return EXIT_FAILURE;
}

int main(int argc, char** argv) {
    if (argc < 3 || argc - 2 > POSTERN_IN_FLIGHT_MAX) {
        fprintf(stderr, "usage: %s SOCKET ADDRESS...\n", argv[0]);
        return EXIT_FAILURE;
    }
    postern_client client;
    postern_status status = postern_connect(&client, argv[1], 1000);
    if (status != POSTERN_OK) return fail(argv[1], status);

    // The client numbers its questions from 0: the tag of an answer leads back to the argument.
    for (int i = 2; i < argc; ++i) {
        uint32_t tag = 0;
        status = postern_submit(&client, argv[i], 1000, &tag);
        if (status != POSTERN_OK) return fail(argv[i], status);
    }
    for (int i = 2; i < argc; ++i) {
        postern_answer answer;
        status = postern_receive(&client, 3000, &answer);
        if (status != POSTERN_OK) return fail(argv[1], status);
        printf("%-39s %s %u %s, %u of %u hits, %u us\n", argv[2 + answer.tag],
               action_name(answer.action), answer.code, postern_reason_name(answer.reason),
               answer.hits, answer.threshold, answer.elapsed_us);
    }
    postern_close(&client);
    return EXIT_SUCCESS;
}
