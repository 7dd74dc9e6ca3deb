# SPDX-License-Identifier: Apache-2.0
"""What the tests of the real programs share: a posternd of their own, and ways to talk to it.

    class Example(harness.TestCase):
        def test_a_listed_client_is_rejected(self):
            lab = self.lab()
            lab.zone("one.bl.example").put("5.9.0.7", ["127.0.0.2"])
            daemon = self.daemon(Config(port=lab.port))
            self.assertEqual(daemon.ask("5.9.0.7")["action"], "reject")

Everything lives in a temporary folder and on ports that the kernel chose.  The environment says
which programs are meant: POSTERN_BIN is their folder (default: build/bin), POSTERN_IO is uring,
epoll or auto, POSTERN_WORKERS how many workers daemons have (default: 1).
"""

import contextlib
import ctypes
import dataclasses
import http.client
import ipaddress
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tools/sample")]

import prometheus_text  # noqa: E402  (found through the line above)
from dns_lab import Lab  # noqa: E402

BIN = pathlib.Path(os.environ.get("POSTERN_BIN", ROOT / "build/bin")).resolve()
IO = os.environ.get("POSTERN_IO", "auto")
WORKERS = int(os.environ.get("POSTERN_WORKERS", "1"))

# Longer than anything takes that is not broken, sanitizers and a busy machine included.
PATIENCE_SECONDS = 30

# ctest counts a program that ends with this status as skipped.
SKIPPED = 77

SIX_ZONES = tuple(f"{name}.bl.example" for name in ("one", "two", "three", "four", "five", "six"))


def list_name(zone):
    """Lists are named after their zone's first label."""
    return zone.partition(".")[0]


CODES = {"block": "127.0.0.2-127.0.0.11", "permit": "127.0.10.1-127.0.10.3"}


def list_table(zone, kind, ipv6):
    return "\n".join(
        [
            "[[list]]",
            f'name = "{list_name(zone)}"',
            f'kind = "{kind}"',
            f'zone = "{zone}"',
            f'listed = ["{CODES[kind]}"]',
            'refused = ["127.255.255.0/24"]',
            f"ipv6 = {str(ipv6).lower()}",
        ]
    )


@dataclasses.dataclass
class Config:
    """The configuration of a daemon; `more` is TOML to append, `gateway` more of that table.

    `policy_socket` is for a Postfix that cannot reach the daemon's own folder.
    """

    port: int
    zones: tuple = SIX_ZONES
    permit_zones: tuple = ()
    ipv6: bool = True
    hits: int = 1
    on_unknown: str = "accept"
    deadline: str = "1s"
    timeout: str = "400ms"
    attempts: int = 2
    mode: str = "enforce"
    state: str = ""
    tracking: str = ""
    policy_socket: str = ""
    gateway: str = ""
    io: str = IO
    more: str = ""

    def text(self, folder):
        return "\n".join(
            [
                "[organization]",
                'internal_domains = ["corp.example"]',
                "[gateway]",
                f'socket = "{folder}/gateway.sock"',
                f'postfix_socket = "{self.policy_socket or f"{folder}/policy.sock"}"',
                f'deadline = "{self.deadline}"',
                f'io = "{self.io}"',
                f"workers = {WORKERS}",
                f'mode = "{self.mode}"',
                self.gateway,
                "[dns]",
                f'servers = ["127.0.0.1:{self.port}"]',
                f'timeout = "{self.timeout}"',
                f"attempts = {self.attempts}",
                "[admin]",
                f'socket = "{folder}/admin.sock"',
                "[state]",
                f'path = "{self.state}"',
                "[tracking]",
                f'path = "{self.tracking}"',
                *(list_table(zone, "block", self.ipv6) for zone in self.zones),
                *(list_table(zone, "permit", self.ipv6) for zone in self.permit_zones),
                "[definition.reputation.default]",
                'description = "What the test asks for"',
                f"block_list_hits = {self.hits}",
                f'on_unknown = "{self.on_unknown}"',
                self.more,
            ]
        )


@dataclasses.dataclass
class HttpAnswer:
    status: int
    headers: http.client.HTTPMessage
    body: str


class Daemon:
    """A posternd in a folder; `process` is None before it is started for the first time.

    `wrapper` is a command that starts the program given behind it, with less than we may have.
    """

    def __init__(self, folder, config, wrapper=()):
        self.folder = folder
        self.wrapper = wrapper
        self.gateway = str(self.folder / "gateway.sock")
        self.policy = str(self.folder / "policy.sock")
        self.admin = str(self.folder / "admin.sock")
        self.log = self.folder / "posternd.log"
        self.config = self.folder / "postern.toml"
        self.process = None
        self.write_config(config)

    def write_config(self, config):
        """Replaces the file; the daemon reads it when it starts and when it is told to."""
        self.config.write_text(config if isinstance(config, str) else config.text(self.folder))

    def start(self):
        self.launch()
        until(lambda: self.ctl("ping").returncode == 0, self.alive, "posternd answers ping")

    def launch(self):
        """Starts the process, and waits for nothing."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, BIN / "posternd", "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"posternd ended with status {self.process.returncode}")

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait_for_log(self, text):
        """Until the log has it, which is written by a thread of its own; returns the log."""
        until(
            lambda: self.ctl("ping").returncode == 0 and text in self.log.read_text(),
            self.alive,
            f"the log has {text}",
        )
        return self.log.read_text()

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def ctl(self, *arguments):
        """Runs posternctl against this daemon."""
        return subprocess.run(
            [BIN / "posternctl", "--socket", self.admin, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def http(self, path, method="GET", accept="*/*", port=None):
        """A request to the admin socket, or to `port` on loopback; the body is text."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        if port is None:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(PATIENCE_SECONDS)
            connection.sock.connect(self.admin)
        with contextlib.closing(connection):
            connection.request(method, path, headers={"Accept": accept})
            response = connection.getresponse()
            return HttpAnswer(response.status, response.headers, response.read().decode())

    def metrics(self):
        return prometheus_text.parse(self.http("/metrics").body)

    def list_states(self):
        answer = self.ctl("--json", "lists")
        return {entry["name"]: entry["state"] for entry in json.loads(answer.stdout)["lists"]}

    def wait_until_lists_vote(self):
        """Until all lists have passed their first self-test."""
        until(
            lambda: set(self.list_states().values()) == {"healthy"},
            self.alive,
            "all lists are healthy",
        )

    def memory(self, field):
        """A line of /proc/PID/status in bytes: VmRSS, or VmHWM, the most it ever was."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024

    def ask(self, client, **fields):
        """One request over a connection of its own."""
        with JsonGateway(self.gateway) as gateway:
            return gateway.ask(request(client, **fields))


PLAIN = r"[!#-<>-\[\]-~]+"
QUOTED = r'"(?:[ !#-\[\]-~]|\\(?:["\\nrt]|x[0-9a-f]{2}))*"'
PAIR = re.compile(rf"([a-z0-9_]+)=({QUOTED}|{PLAIN})")
ESCAPE = re.compile(rb'\\(["\\nrt]|x[0-9a-f]{2})')


def unescaped(value):
    """What a value of a log line stands for, in bytes."""
    if not value.startswith('"'):
        return value.encode()
    meant = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}

    def one(match):
        code = match[1]
        return bytes([int(code[1:], 16)]) if code[:1] == b"x" else meant.get(code, code)

    return ESCAPE.sub(one, value[1:-1].encode())


def parse_log_line(line):
    """The pairs of a line in the text format, values in bytes; strict (docs/events.md)."""
    pairs = {}
    at = 0
    while True:
        match = PAIR.match(line, at)
        if not match or match[1] in pairs:
            raise ValueError(f"no line of pairs, from column {at}: {line!r}")
        pairs[match[1]] = unescaped(match[2])
        at = match.end()
        if at == len(line):
            return pairs
        if line[at] != " ":
            raise ValueError(f"no blank in column {at}: {line!r}")
        at += 1


def request(client, **fields):
    """A request about one message to ann@corp.example; `fields` replace or add."""
    return {
        "client": client,
        "mail_from": "a@sender.example",
        "recipients": ["ann@corp.example"],
    } | fields


def reputation(decision):
    """The reputation of a decision's first recipient."""
    return decision["recipients"][0]["reputation"]


def until(condition, alive, what):
    """Asks again and again.  Each condition talks to a program, which paces the loop."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        alive()
        if time.monotonic() > give_up:
            raise AssertionError(f"waited in vain until {what}")


class Gateway:
    """A connection to a gateway socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(path)
        self._reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._reader.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_line(self):
        """A line without its end; b"" is an empty line, None the end of the stream."""
        line = self._reader.readline()
        return line.rstrip(b"\r\n") if line else None

    def read_exactly(self, size):
        data = self._reader.read(size)
        if len(data) != size:
            raise ConnectionError("the daemon closed the connection")
        return data

    def finish(self):
        """Half-closes: no more questions, the answers are still wanted."""
        self.socket.shutdown(socket.SHUT_WR)


class JsonGateway(Gateway):
    """The JSON dialect: one object a line, answered in order."""

    def submit(self, question):
        self.send(json.dumps(question).encode() + b"\n")

    def receive(self):
        line = self.read_line()
        if line is None:
            raise ConnectionError("the daemon closed the connection")
        return json.loads(line)

    def ask(self, question):
        self.submit(question)
        return self.receive()


class PostfixGateway(Gateway):
    """Postfix policy delegation: attributes, an empty line; one action comes back."""

    def submit(self, **attributes):
        lines = {"request": "smtpd_access_policy"} | attributes
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        self.send(text.encode() + b"\n")

    def receive(self):
        line = self.read_line()
        if line is None:
            raise ConnectionError("the daemon closed the connection")
        name, _, action = line.decode().partition("=")
        if name != "action" or self.read_line() != b"":
            raise ValueError(f"not an answer to Postfix: {line!r}")
        return action

    def ask(self, **attributes):
        self.submit(**attributes)
        return self.receive()

    def ask_rcpt(self, client):
        return self.ask(
            protocol_state="RCPT",
            client_address=client,
            client_name="unknown",
            helo_name="mx.sender.example",
            sender="a@sender.example",
            recipient="ann@corp.example",
        )


class NativeGateway(Gateway):
    """The binary dialect, version 1 (docs/protocol.md): tagged frames, answered in any order."""

    MARK, QUERY, ANSWER, PING, PONG, MESSAGE, DECISION, ERROR = (
        0xD1, 0x01, 0x02, 0x03, 0x04, 0x81, 0x82, 0x83)  # fmt: skip

    def submit(self, tag, client):
        """Asks about a connection."""
        self.send(self._header(self.QUERY, tag) + bytes(8) + mapped(client))

    def submit_message(self, tag, question):
        text = json.dumps(question).encode()
        self.send(self._header(self.MESSAGE, tag) + struct.pack("<I", len(text)) + text)

    def submit_ping(self, tag):
        self.send(self._header(self.PING, tag) + bytes(24))

    def receive(self):
        """(kind, tag, what the frame says): a dict for an answer or a decision, else bytes."""
        mark, kind, _, code, tag = struct.unpack("<BBBBI", self.read_exactly(8))
        if mark != self.MARK:
            raise ValueError(f"no frame begins with {mark:#x}")
        if kind < 0x80:
            rest = self.read_exactly(24)
            return kind, tag, self._answer(code, rest) if kind == self.ANSWER else rest
        (length,) = struct.unpack("<I", self.read_exactly(4))
        text = self.read_exactly(length)
        return kind, tag, json.loads(text) if kind == self.DECISION else text

    def _header(self, kind, tag):
        return struct.pack("<BBBBI", self.MARK, kind, 0, 0, tag)

    def _answer(self, action, rest):
        smtp_code, _, _, _, hits, _, _, listed, unknown = struct.unpack_from("<HBBBBBBHH", rest)
        return {
            "action": ("accept", "reject", "defer")[action],
            "code": smtp_code,
            "hits": hits,
            "listed": listed,
            "unknown": unknown,
        }


def mapped(client):
    """An address in sixteen bytes; IPv4 as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2)."""
    address = ipaddress.ip_address(client)
    return bytes(10) + b"\xff\xff" + address.packed if address.version == 4 else address.packed


class TestCase(unittest.TestCase):
    """Ends what a test started, and shows the daemon's log when the test failed."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-test-"))
        # rbldnsd gives up root's rights before it reads its files.
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder)

    def lab(self, zones=SIX_ZONES):
        lab = Lab(zones)
        self.addCleanup(lab.close)
        return lab

    def daemon(self, config, ready=True, wrapper=()):
        """Starts posternd; with `ready`, waits until its lists vote."""
        daemon = Daemon(self.folder, config, wrapper)
        self.addCleanup(self._show_log, daemon)
        self.addCleanup(self._end, daemon)
        daemon.start()
        if ready:
            daemon.wait_until_lists_vote()
        return daemon

    def lab_and_daemon(self, **config):
        """The usual pair: six lists that answer at once, and a daemon that believes them."""
        lab = self.lab()
        return lab, self.daemon(Config(port=lab.port, **config))

    def _end(self, daemon):
        """Every test is one of an orderly end too, and of what sanitizers say at the end."""
        if daemon.process is None or daemon.process.poll() is not None:
            return
        try:
            self.assertEqual(daemon.stop(), 0, "posternd's exit status")
        finally:
            daemon.kill()

    def _show_log(self, daemon):
        if self._failed() and daemon.log.exists():
            print(f"--- posternd's log of {self.id()}", file=sys.stderr)
            print(daemon.log.read_text(errors="replace"), file=sys.stderr)

    def _failed(self):
        result = self._outcome.result
        failed = [test for test, _ in (*result.errors, *result.failures)]
        return any(getattr(test, "test_case", test) is self for test in failed)


def io_uring_refusal():
    """Why the kernel gives us no io_uring, or None; by asking it for the smallest ring."""
    io_uring_setup = 425
    libc = ctypes.CDLL(None, use_errno=True)
    parameters = ctypes.create_string_buffer(120)
    ring = libc.syscall(io_uring_setup, 1, parameters)
    if ring < 0:
        return os.strerror(ctypes.get_errno())
    os.close(ring)
    return None


def main():
    """Runs the tests of the calling file."""
    refusal = io_uring_refusal() if IO == "uring" else None
    if refusal:
        print(f"skipped: the kernel refuses io_uring ({refusal})")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
