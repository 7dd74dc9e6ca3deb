# SPDX-License-Identifier: Apache-2.0
"""Clients that are many, slow, greedy or hostile: a polite one does not notice, nor does memory."""

import ipaddress
import pathlib
import socket
import struct
import sys
import threading

import harness
from harness import JsonGateway, NativeGateway, PostfixGateway, request

LISTED, CLEAR = "5.9.0.7", "5.9.0.8"
ZONE = "one.bl.example"

CLIENTS = 2000
GREEDY_REQUESTS = 20_000
WITHOUT_IO_URING = pathlib.Path(__file__).with_name("without_io_uring.py")

MIB = 1 << 20
# What is promised beyond the cache, which is small here: RSS ≤ cache + 64 MiB + 16 KiB × clients,
# and 24 MiB for each further worker.
FIXED, PER_CLIENT = 64 * MIB + (harness.WORKERS - 1) * 24 * MIB, 16 * 1024
CACHE = "[cache]\nentries = 1024\n"


def many(path, count):
    """Connections that say nothing."""
    peers = []
    for _ in range(count):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(harness.PATIENCE_SECONDS)
        peer.connect(path)
        peers.append(peer)
    return peers


def push(peer, data):
    """Sends what the kernel takes without waiting; the peer may have been closed."""
    peer.setblocking(False)
    try:
        while data:
            data = data[peer.send(data) :]
    except OSError:
        pass
    peer.settimeout(harness.PATIENCE_SECONDS)


class Greedy(threading.Thread):
    """Asks about new addresses without waiting for answers, which it counts by tag."""

    def __init__(self, path):
        super().__init__()
        self.gateway = NativeGateway(path)
        self.rejected = set()
        self.answered = []

    def run(self):
        writer = threading.Thread(target=self._write)
        writer.start()
        for _ in range(GREEDY_REQUESTS):
            _, tag, answer = self.gateway.receive()
            self.answered.append(tag)
            if answer["action"] != "accept":
                self.rejected.add(tag)
        writer.join()
        self.gateway.__exit__()

    def _write(self):
        first = int(ipaddress.ip_address("11.0.0.0"))
        for tag in range(GREEDY_REQUESTS):
            self.gateway.submit(tag, str(ipaddress.ip_address(first + tag)))


class TestCase(harness.TestCase):
    """A daemon with one list and a small cache, and what it must always be able to do."""

    def start(self, **options):
        self.dns = self.lab((ZONE,))
        self.dns.zone(ZONE).put(LISTED, ["127.0.0.2"])
        config = harness.Config(
            port=self.dns.port, zones=(ZONE,), deadline="500ms", timeout="200ms", more=CACHE
        )
        self.posternd = self.daemon(config, **options)

    def connect(self, count):
        peers = many(self.posternd.gateway, count)
        for peer in peers:
            self.addCleanup(peer.close)
        return peers

    def assert_served_exactly(self, rounds=20):
        """Answers in all dialects, from the cache and from the list."""
        path = self.posternd.gateway
        with JsonGateway(path) as json, PostfixGateway(path) as postfix, NativeGateway(path) as n:
            for number in range(rounds):
                self.assertEqual(json.ask(request(LISTED))["action"], "reject")
                self.assertEqual(postfix.ask_rcpt(CLEAR), "DUNNO")
                n.submit(number, LISTED)
                _, tag, answer = n.receive()
                self.assertEqual((tag, answer["action"]), (number, "reject"))

    def assert_memory_is_bounded(self, clients):
        if self.is_sanitized():
            return
        self.assertLess(self.posternd.memory("VmHWM"), FIXED + PER_CLIENT * clients)

    def is_sanitized(self):
        """Sanitizers reserve address space by the terabyte; their memory is not ours to judge."""
        return self.posternd.memory("VmSize") > 1 << 40

class Clients(TestCase):
    def test_a_polite_client_is_served_beside_idle_greedy_and_slow_ones(self):
        self.start()
        self.assert_served_exactly(1)
        self.connect(CLIENTS)
        (deaf,) = self.connect(1)
        push(deaf, b'{"client":"5.9.0.7"}\n' * 20_000)
        (dripping,) = self.connect(1)
        greedy = Greedy(self.posternd.gateway)
        greedy.start()

        for byte in b"protocol_state=CONNECT\nclient_address=5.9.0.7\n\n":
            dripping.send(bytes([byte]))
            self.assert_served_exactly(1)
        greedy.join()
        self.assert_served_exactly()

        self.assertRegex(dripping.recv(1000), rb"^action=550 5\.7\.1 .*\n\n$")
        self.assertEqual(sorted(greedy.answered), list(range(GREEDY_REQUESTS)))
        self.assertEqual(greedy.rejected, set())
        self.assert_memory_is_bounded(CLIENTS + 5)

    def test_what_thousands_of_connections_had_to_say_is_given_back(self):
        self.start()
        peers = self.connect(CLIENTS)
        before = self.posternd.memory("VmRSS")
        helo = "h" * 30_000
        for peer in peers:
            peer.sendall(f"protocol_state=VRFY\nhelo_name={helo}\n\n".encode())
            self.assertEqual(peer.recv(100), b"action=DUNNO\n\n")

        if not self.is_sanitized():
            self.assertLess(self.posternd.memory("VmRSS") - before, PER_CLIENT * CLIENTS)
        self.assert_served_exactly()

    def test_unfinished_requests_and_unread_replies_cannot_fill_the_memory(self):
        self.start()
        self.assert_served_exactly(1)
        polite = PostfixGateway(self.posternd.gateway)
        half = b'{"client":"5.9.0.7","helo":"' + b"h" * 900_000
        for peer in self.connect(200):
            push(peer, half)
            self.assertEqual(polite.ask_rcpt(CLEAR), "DUNNO")
        message = struct.pack("<BBBBII", 0xD1, 0x81, 0, 0, 7, 1000) + b"[" * 900
        for peer in self.connect(100):
            push(peer, b'{"client":"5.9.0.7"}\n' * 20_000)
            self.assertEqual(polite.ask_rcpt(CLEAR), "DUNNO")
        for peer in self.connect(100):
            push(peer, message)
        polite.__exit__()

        self.assert_served_exactly()
        self.assert_memory_is_bounded(400)

    def test_large_requests_in_flight_cannot_fill_the_memory(self):
        self.start()
        self.dns.zone(ZONE).behave(answer="silent")
        recipients = ",".join(f'"r{n}@corp.example"' for n in range(1000))
        text = f'{{"client":"5.9.1.%d","mail_from":"a@b.example","recipients":[{recipients}]}}\n'
        peers = self.connect(100)
        for number, peer in enumerate(peers):
            push(peer, (text % number).encode() * 5)
        for peer in peers:
            self.assertTrue(peer.recv(1))
        self.assert_memory_is_bounded(100)

    def test_peers_that_vanish_leave_nothing_behind(self):
        self.start()
        self.assert_served_exactly(1)
        half = b"protocol_state=RCPT\nclient_address=5.9."
        for peer in self.connect(500):
            push(peer, half * 3)
            peer.close()
        for peer in self.connect(500):
            push(peer, b'{"client":"5.9.0.7"}\n{"client":"5.9.9.9"}\n')
            peer.close()
        for peer in self.connect(100):
            peer.shutdown(socket.SHUT_RD)
            push(peer, b'{"client":"5.9.0.7"}\n')
        self.assert_served_exactly()


class Shortage(TestCase):
    def test_without_descriptors_idle_connections_give_way_and_everybody_is_served(self):
        self.start(wrapper=["/usr/bin/prlimit", "--nofile=100:100"])
        self.connect(150)

        self.assert_served_exactly()

        self.posternd.stop()  # then it has said everything
        log = self.posternd.log.read_text()
        self.assertNotIn("level=critical", log)

    def test_where_io_uring_is_refused_epoll_serves_and_one_line_says_why(self):
        self.dns = self.lab((ZONE,))
        self.dns.zone(ZONE).put(LISTED, ["127.0.0.2"])
        text = harness.Config(port=self.dns.port, zones=(ZONE,)).text(self.folder)
        text = text.replace(f'io = "{harness.IO}"', 'io = "auto"')
        self.posternd = self.daemon(text, wrapper=[sys.executable, WITHOUT_IO_URING])

        self.assert_served_exactly()

        log = self.posternd.wait_for_log("event=io ")
        lines = [line for line in log.splitlines() if "event=io " in line]
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"io_uring: kernel refused it \(EPERM.*\); using epoll\"$")


if __name__ == "__main__":
    harness.main()
