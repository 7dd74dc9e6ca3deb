# SPDX-License-Identifier: Apache-2.0
"""The lab that other tests rely on does what it is told."""

import pathlib
import socket
import struct
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))

from dns_lab import Lab, name_of  # noqa: E402  (found through the line above)
from dns_lab.message import NXDOMAIN, REFUSED, SERVFAIL, TYPE_A, encode_name  # noqa: E402

ZONE = "one.bl.example"
ADDRESS = "5.9.0.7"
ID = 0x1234


def question(name):
    return struct.pack("!HHHHHH", ID, 0x0100, 1, 0, 0, 0) + encode_name(name) + b"\0\1\0\1"


class Answer:
    """A reply as far as these tests look at it."""

    def __init__(self, data):
        self.id, self.flags, _, answers, self.authorities, _ = struct.unpack_from("!HHHHHH", data)
        self.code = self.flags & 15
        self.truncated = bool(self.flags & 0x0200)
        question_end = data.index(b"\0", 12) + 5
        self.question = data[12:question_end]
        self.addresses = []
        for number in range(answers):
            record = data[question_end + 16 * number : question_end + 16 * (number + 1)]
            kind, _, self.ttl, _ = struct.unpack_from("!HHIH", record, 2)
            if kind == TYPE_A:
                self.addresses.append(socket.inet_ntoa(record[12:]))


class DnsLab(unittest.TestCase):
    def setUp(self):
        self.lab = Lab([ZONE])
        self.addCleanup(self.lab.close)
        self.zone = self.lab.zone(ZONE)

    def ask(self, name, patience=5.0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(patience)
            client.sendto(question(name), ("127.0.0.1", self.lab.port))
            return Answer(client.recv(1500))

    def ask_over_tcp(self, name):
        with socket.create_connection(("127.0.0.1", self.lab.port), timeout=5) as client:
            data = question(name)
            client.sendall(len(data).to_bytes(2, "big") + data)
            with client.makefile("rb") as reader:
                return Answer(reader.read(int.from_bytes(reader.read(2), "big")))

    def test_names_are_reversed_addresses(self):
        self.assertEqual(name_of("5.9.0.7"), "7.0.9.5")
        self.assertEqual(
            name_of("2a01:4f8:c17:abcd:1234:5678:9abc:def0"),
            "0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.d.c.b.a.7.1.c.0.8.f.4.0.1.0.a.2",
        )

    def test_an_honest_list_says_who_is_on_it(self):
        self.zone.put(ADDRESS, ["127.0.0.2", "127.0.0.4"], ttl=77)

        listed = self.ask(f"7.0.9.5.{ZONE}")
        clear = self.ask(f"8.0.9.5.{ZONE}")
        test_point = self.ask(f"2.0.0.127.{ZONE}")

        self.assertEqual((listed.addresses, listed.ttl), (["127.0.0.2", "127.0.0.4"], 77))
        self.assertEqual((clear.code, clear.addresses, clear.authorities), (NXDOMAIN, [], 1))
        self.assertEqual(test_point.addresses, ["127.0.0.2"])

    def test_names_outside_the_zones_are_refused(self):
        self.assertEqual(self.ask("7.0.9.5.other.example").code, REFUSED)

    def test_letter_case_comes_back_as_it_was(self):
        name = "7.0.9.5.oNe.bL.ExAmPlE"
        self.assertIn(encode_name(name), self.ask(name).question)

    def test_each_misbehaviour_shows(self):
        self.zone.put(ADDRESS, ["127.0.0.2"])
        name = f"7.0.9.5.{ZONE}"
        shows = {
            "servfail": lambda answer: answer.code == SERVFAIL,
            "refused": lambda answer: answer.code == REFUSED,
            "nodata": lambda answer: (answer.code, answer.addresses) == (0, []),
            "truncated": lambda answer: answer.truncated and not answer.addresses,
            "wrong_id": lambda answer: answer.id != ID,
            "wrong_name": lambda answer: answer.question.startswith(b"\x05other"),
            "wrong_case": lambda answer: encode_name(f"7.0.9.5.{ZONE.upper()}") in answer.question,
        }
        for what, is_seen in shows.items():
            with self.subTest(what):
                self.zone.behave(ADDRESS, answer=what)
                self.assertTrue(is_seen(self.ask(name)))

    def test_a_truncated_answer_is_whole_over_tcp(self):
        self.zone.put(ADDRESS, ["127.0.0.2"])
        self.zone.behave(ADDRESS, answer="truncated")

        self.assertEqual(self.ask_over_tcp(f"7.0.9.5.{ZONE}").addresses, ["127.0.0.2"])

    def test_lost_questions_get_no_answer_and_are_counted(self):
        self.zone.behave(ADDRESS, loss="x.")

        with self.assertRaises(TimeoutError):
            self.ask(f"7.0.9.5.{ZONE}", patience=0.2)
        self.assertEqual(self.ask(f"7.0.9.5.{ZONE}").code, NXDOMAIN)

        self.assertEqual(len(self.lab.queries(ZONE, ADDRESS)), 2)
        self.assertEqual(len(self.lab.replies(ZONE, ADDRESS)), 1)

    def test_a_slow_answer_does_not_hold_up_a_quick_one(self):
        self.zone.behave(ADDRESS, delay=0.3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            for name in (f"7.0.9.5.{ZONE}", f"8.0.9.5.{ZONE}"):
                client.sendto(question(name), ("127.0.0.1", self.lab.port))
            client.recv(1500)
            client.recv(1500)

        replies = [event.labels for event in self.lab.replies()]
        self.assertEqual(replies, ["8.0.9.5", "7.0.9.5"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
