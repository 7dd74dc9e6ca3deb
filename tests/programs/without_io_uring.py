#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command from which the kernel keeps io_uring, as the seccomp profile of a container does.

    without_io_uring.py COMMAND ARGUMENT…

io_uring_setup(2) fails with EPERM in the command and in all that it starts.
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
IO_URING_SETUP = 425  # the same on every architecture but alpha

# Classic BPF, linux/filter.h: the number of the system call is the first word of what it is given.
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
PROGRAM = (
    (LOAD_WORD, 0, 0, 0),
    (JUMP_IF_EQUAL, 0, 1, IO_URING_SETUP),
    (RETURN, 0, 0, SECCOMP_RET_ERRNO | errno.EPERM),
    (RETURN, 0, 0, SECCOMP_RET_ALLOW),
)


def deny():
    """For this process and its children, until they end."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in PROGRAM)
    instructions = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(PROGRAM), ctypes.addressof(instructions))
    denied = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    denied = denied and libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) == 0
    if not denied:
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


if __name__ == "__main__":
    deny()
    os.execv(sys.argv[1], sys.argv[1:])
