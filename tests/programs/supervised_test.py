# SPDX-License-Identifier: Apache-2.0
"""posternd under a service manager that speaks as systemd does: the test is the manager."""

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import threading

import harness
from harness import BIN, PATIENCE_SECONDS, Config, Gateway, JsonGateway, PostfixGateway, request

# Above all descriptors that are passed, so that none is overwritten before it is moved.
SPARE_DESCRIPTOR = 100

# The passed descriptors must begin at 3, and LISTEN_PID be that of the daemon itself.
LAUNCHER = 'export LISTEN_PID=$$; exec "$0" --config "$1" 3<&"$2" 4<&"$3" 5<&"$4" 6<&"$5"'


def moved_up(descriptor):
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, SPARE_DESCRIPTOR)


class Manager:
    """Holds the sockets while daemons come and go, and hears what they say of themselves."""

    NAMES = ("gateway", "postfix", "milter", "admin")

    def __init__(self, folder):
        self.folder = folder
        self.paths = {name: str(folder / f"passed-{name}.sock") for name in self.NAMES}
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(str(folder / "notify"))
        self._notices.settimeout(PATIENCE_SECONDS)
        self._listeners = []
        for path in self.paths.values():
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen(1024)
            self._listeners.append(listener)

    def close(self):
        for held in (*self._listeners, self._notices):
            held.close()

    def start(self, config, **environment):
        """A daemon with the sockets; returns when it says that it is ready."""
        passed = [moved_up(listener.fileno()) for listener in self._listeners]
        names = {"LISTEN_FDS": str(len(passed)), "LISTEN_FDNAMES": ":".join(self.NAMES)}
        notify = {"NOTIFY_SOCKET": str(self.folder / "notify")}
        with open(self.folder / "posternd.log", "ab") as log:
            process = subprocess.Popen(
                ["bash", "-c", LAUNCHER, BIN / "posternd", config, *map(str, passed)],
                stdout=log,
                stderr=log,
                pass_fds=passed,
                env=os.environ | names | notify | environment,
            )
        for descriptor in passed:
            os.close(descriptor)
        self.wait_for("READY=1")
        return process

    def notice(self):
        return self._notices.recv(4096).decode().split("\n")

    def wait_for(self, line):
        """The notice that holds the line; those before it are passed over."""
        while line not in (notice := self.notice()):
            pass
        return notice


class Supervised(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.manager = Manager(self.folder)
        self.addCleanup(self.manager.close)
        self.config = self.folder / "postern.toml"
        self.config.write_text(Config(port=self.lab().port).text(self.folder))

    def start(self, **environment):
        process = self.manager.start(self.config, **environment)
        self.addCleanup(process.wait, PATIENCE_SECONDS)
        self.addCleanup(process.kill)
        return process

    def test_it_says_when_it_is_ready_when_it_reloads_and_when_it_ends(self):
        process = self.start()

        process.send_signal(signal.SIGHUP)
        reloading = self.manager.wait_for("RELOADING=1")
        self.assertRegex(reloading[1], r"^MONOTONIC_USEC=\d+$")
        self.manager.wait_for("READY=1")

        process.terminate()
        self.manager.wait_for("STOPPING=1")
        self.assertEqual(process.wait(PATIENCE_SECONDS), 0)

    def test_a_refused_reload_ends_too(self):
        process = self.start()
        self.config.write_text("nonsense")

        process.send_signal(signal.SIGHUP)

        self.manager.wait_for("RELOADING=1")
        self.manager.wait_for("READY=1")

    def test_the_watchdog_hears_from_it_again_and_again(self):
        self.start(WATCHDOG_USEC="200000")

        for _ in range(3):
            self.manager.wait_for("WATCHDOG=1")

    def test_passed_sockets_take_the_place_of_the_configured_ones(self):
        self.start()

        with JsonGateway(self.manager.paths["gateway"]) as gateway:
            self.assertEqual(gateway.ask(request("5.9.0.1"))["action"], "accept")
        with PostfixGateway(self.manager.paths["postfix"]) as postfix:
            self.assertEqual(postfix.ask_rcpt("5.9.0.1"), "DUNNO")
        with Gateway(self.manager.paths["milter"]) as milter:
            milter.send(struct.pack(">IcIII", 13, b"O", 6, 0x1FF, 0x1FFFFF))
            length, letter, version = struct.unpack(">IcI", milter.read_exactly(9))
            self.assertEqual((length, letter, version), (13, b"O", 6))
        ping = subprocess.run(
            [BIN / "posternctl", "--socket", self.manager.paths["admin"], "ping"], check=False
        )
        self.assertEqual(ping.returncode, 0)
        self.assertFalse((self.folder / "gateway.sock").exists())

    def test_passed_sockets_take_connections_when_it_has_ended(self):
        process = self.start()
        process.terminate()
        self.assertEqual(process.wait(PATIENCE_SECONDS), 0)

        for path in self.manager.paths.values():
            with socket.socket(socket.AF_UNIX) as waiting:
                waiting.connect(path)

    def test_gateways_are_answered_while_daemons_come_and_go(self):
        process = self.start()
        gateways = [Persistent(self.manager.paths["gateway"]) for _ in range(4)]
        with contextlib.ExitStack() as stack:
            for gateway in gateways:
                stack.callback(gateway.stop)
                gateway.start()
            for _ in range(3):
                process.terminate()
                self.assertEqual(process.wait(PATIENCE_SECONDS), 0)
                process = self.start()
                gateways[0].wait_for_more()

        self.assertEqual([gateway.failure for gateway in gateways], [None] * len(gateways))
        self.assertGreater(min(gateway.answers for gateway in gateways), 0)


class Persistent(threading.Thread):
    """A gateway that keeps its connection as Postfix does, and makes a new one when it ended.

    A daemon that ends may close a connection between two requests; the request that found it
    closed is sent again.  Being refused, or failed twice, is a failure.
    """

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.answers = 0
        self.unanswered = 0  # connections in a row
        self.failure = None
        self._enough = False
        self._answered = threading.Condition()

    def stop(self):
        self._enough = True
        self.join()

    def wait_for_more(self):
        with self._answered:
            answered = self.answers
            self._answered.wait_for(
                lambda: self.answers > answered or self.failure, PATIENCE_SECONDS
            )

    def run(self):
        try:
            while not self._enough:
                self._ask_on_one_connection()
        except Exception as failure:  # Handed to the thread that asserts.
            self.failure = failure

    def _ask_on_one_connection(self):
        before = self.answers
        with JsonGateway(self.path) as gateway:
            try:
                while not self._enough:
                    gateway.ask(request("5.9.0.1"))
                    with self._answered:
                        self.answers += 1
                        self._answered.notify_all()
            except ConnectionError:
                self.unanswered = self.unanswered + 1 if self.answers == before else 0
                if self.unanswered > 1:
                    raise


if __name__ == "__main__":
    harness.main()
