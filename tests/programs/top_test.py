# SPDX-License-Identifier: Apache-2.0
"""posternctl top: one look as text, and a terminal that is as it was before."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import harness
from harness import BIN, Config

LISTED = "5.9.0.7"
CONTROL = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A program on a terminal of a given size."""

    def __init__(self, command, rows, columns):
        self._ours, self._theirs = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            command,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.text = ""

    def resize(self, rows, columns):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    def type(self, keys):
        os.write(self._ours, keys)

    def read_until(self, wanted):
        """Everything since the last call, up to where `wanted(text)` holds."""
        text = ""
        give_up = time.monotonic() + harness.PATIENCE_SECONDS
        while not wanted(text):
            left = give_up - time.monotonic()
            if left <= 0 or not select.select([self._ours], [], [], left)[0]:
                raise AssertionError(f"the terminal shows only {text!r}")
            text += os.read(self._ours, 65536).decode()
        self.text += text
        return text

    def settings(self):
        return termios.tcgetattr(self._theirs)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


def frames(text):
    """What stood on the screen, look by look, without control sequences."""
    return [CONTROL.sub("", frame).split("\r\n") for frame in text.split("\x1b[H")[1:]]


class Top(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dns = self.lab()
        self.dns.zone("one.bl.example").put(LISTED, ["127.0.0.2"])
        self.posternd = self.daemon(Config(port=self.dns.port))

    def top(self, rows=24, columns=80):
        terminal = Terminal(
            [BIN / "posternctl", "--socket", self.posternd.admin, "top", "--interval", "0.2"],
            rows,
            columns,
        )
        self.addCleanup(terminal.close)
        return terminal

    def test_one_look_has_everything(self):
        looking = subprocess.Popen(
            [BIN / "posternctl", "--socket", self.posternd.admin, "top", "--once"],
            stdout=subprocess.PIPE,
            text=True,
        )
        while looking.poll() is None:
            self.posternd.ask(LISTED)
        shown = looking.communicate()[0]

        self.assertEqual(looking.returncode, 0)
        self.assertNotIn("\x1b", shown)
        self.assertRegex(shown, r"postern \S+ +enforce +(uring|epoll) +1 worker ")
        self.assertRegex(shown, r"answers +[\d.k]+/s: accept 0 +reject [\d.k]*[1-9]")
        self.assertRegex(shown, r"through +json [\d.k]+\n")
        self.assertRegex(shown, r"p50 < 10 us")
        self.assertRegex(shown, r"cache +hits \d+\.\d %")
        self.assertRegex(shown, r"policies +[0-9a-f]{16}, loaded ")
        for name in ("one", "two", "three", "four", "five", "six"):
            self.assertRegex(shown, rf"(?m)^{name} +healthy ")

    def test_without_a_daemon_it_says_so(self):
        self.posternd.stop()

        shown = self.posternd.ctl("top", "--once")

        self.assertEqual(shown.returncode, 1)
        self.assertIn("cannot reach posternd", shown.stderr)

    def test_it_fits_the_terminal_and_leaves_it_as_it_was(self):
        for key in (b"q", b"\x03"):
            with self.subTest(key):
                terminal = self.top()
                seen = terminal.read_until(lambda text: text.count("list  ") >= 2)

                self.assertIn(ENTER, seen)
                for frame in frames(seen)[:-1]:
                    self.assertLessEqual(len(frame), 24)
                    self.assertLessEqual(max(len(line) for line in frame), 80)
                self.assertNotEqual(terminal.settings(), terminal.before)

                terminal.type(key)

                terminal.read_until(lambda text: LEAVE in text)
                self.assertEqual(terminal.process.wait(harness.PATIENCE_SECONDS), 0)
                self.assertEqual(terminal.settings(), terminal.before)

    def test_it_follows_the_size_of_the_terminal(self):
        terminal = self.top()
        terminal.read_until(lambda text: "six " in text)

        terminal.resize(16, 60)

        seen = terminal.read_until(lambda text: "and 4 more" in text)
        small = [frame for frame in frames(seen) if "and 4 more" in frame[-1]]
        self.assertEqual(len(small[0]), 16)
        self.assertLessEqual(max(len(line) for line in small[0]), 60)

    def test_a_signal_gives_the_terminal_back_too(self):
        terminal = self.top()
        terminal.read_until(lambda text: "six " in text)

        terminal.process.terminate()

        terminal.read_until(lambda text: LEAVE in text)
        self.assertEqual(terminal.process.wait(harness.PATIENCE_SECONDS), 0)
        self.assertEqual(terminal.settings(), terminal.before)

    def test_a_daemon_that_is_gone_for_a_while_is_waited_for(self):
        terminal = self.top()
        terminal.read_until(lambda text: "six " in text)

        self.posternd.stop()
        terminal.read_until(lambda text: "Trying again" in text)
        self.posternd.start()

        terminal.read_until(lambda text: "six " in text)


if __name__ == "__main__":
    harness.main()
