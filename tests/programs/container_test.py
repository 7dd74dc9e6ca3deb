# SPDX-License-Identifier: Apache-2.0
"""posternd under the system call filter of its container, applied as a container runtime would."""

import ctypes
import ctypes.util
import json
import subprocess
import sys
import unittest

import harness
from harness import IO, ROOT, SKIPPED, Config

PROFILE = ROOT / "tools/packaging/container/seccomp.json"
RING = {"io_uring_setup", "io_uring_enter", "io_uring_register"}

LIBRARY = ctypes.util.find_library("seccomp")
EPERM = 1
UNKNOWN_CALL = -1  # __NR_SCMP_ERROR: another architecture's
ALLOW = 0x7FFF0000


def refuse(error):
    """SCMP_ACT_ERRNO."""
    return 0x00050000 | error


class Filter:
    """A system call filter that allows some calls and answers EPERM to all others."""

    def __init__(self, names):
        self._library = ctypes.CDLL(LIBRARY, use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(refuse(EPERM)))
        for name in names:
            call = self._library.seccomp_syscall_resolve_name(name.encode())
            if call != UNKNOWN_CALL:
                self._library.seccomp_rule_add(self._context, ALLOW, call, 0)

    def load(self):
        """For this process and its children, for good."""
        if self._library.seccomp_load(self._context) != 0:
            raise OSError("the filter cannot be loaded")


class FilteredDaemon(harness.Daemon):
    """A posternd that starts under a filter."""

    def __init__(self, folder, config, names):
        super().__init__(folder, config)
        self._filter = Filter(names)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [harness.BIN / "posternd", "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self._filter.load,
            )
        harness.until(lambda: self.ctl("ping").returncode == 0, self.alive, "it answers ping")


class Container(harness.TestCase):
    def setUp(self):
        super().setUp()
        profile = json.loads(PROFILE.read_text())
        self.names = {name for entry in profile["syscalls"] for name in entry["names"]}
        self.assertEqual(profile["defaultAction"], "SCMP_ACT_ERRNO")
        self.assertEqual(profile["defaultErrnoRet"], EPERM)

    def filtered_daemon(self, names, **config):
        daemon = FilteredDaemon(self.folder, Config(port=self.lab().port, **config), names)
        self.addCleanup(self._show_log, daemon)
        self.addCleanup(self._end, daemon)
        daemon.start()
        return daemon

    def test_the_profile_lets_it_work_keep_state_and_end_well(self):
        state = self.folder / "state.db"
        daemon = self.filtered_daemon(self.names, state=str(state))
        daemon.wait_until_lists_vote()

        self.assertEqual(daemon.ask("5.9.0.1")["action"], "accept")
        self.assertEqual(daemon.stop(), 0)
        self.assertTrue(state.exists())
        self.assertNotIn("refused", daemon.log.read_text())

    @unittest.skipIf(IO == "epoll", "nothing to refuse")
    def test_without_the_calls_of_the_ring_it_says_why_it_runs_on_epoll(self):
        daemon = FilteredDaemon(
            self.folder,
            Config(port=self.lab().port).text(self.folder).replace(f'io = "{IO}"', 'io = "auto"'),
            self.names - RING,
        )
        self.addCleanup(self._end, daemon)
        daemon.start()

        self.assertEqual(daemon.ask("5.9.0.1")["action"], "accept")
        log = daemon.wait_for_log("event=io ")
        self.assertRegex(log, r"event=io what=.io_uring: .*EPERM.*using epoll")


if __name__ == "__main__":
    if LIBRARY is None:
        print("skipped: libseccomp is not installed")
        sys.exit(SKIPPED)
    harness.main()
