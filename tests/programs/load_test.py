# SPDX-License-Identifier: Apache-2.0
"""posternload counts what happens, waits from the intended send time, and says what is amiss."""

import json
import socket
import subprocess
import threading
import unittest
import xml.etree.ElementTree

import harness
from harness import BIN, Config

LISTED, CLEAR = "5.9.0.7", "5.9.0.8"
FRAME = 32


def run(*words):
    return subprocess.run(
        [BIN / "posternload", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=harness.PATIENCE_SECONDS,
    )


def report(*words):
    """The JSON report of a run, with the exit status beside it."""
    done = run("--report", "json", *words)
    return json.loads(done.stdout) | {"status": done.returncode}


class Peer(threading.Thread):
    """A server of our own making: `talk` gets the one connection."""

    def __init__(self, path, talk):
        super().__init__()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.talk = talk
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(harness.PATIENCE_SECONDS)
            self.talk(connection)
        self.listener.close()


def answer_to(query):
    """A query as an answer: accept, code 0 and nothing else."""
    return query[:1] + b"\x02" + query[2:]


class Load(harness.TestCase):
    def peer(self, talk):
        path = str(self.folder / "peer.sock")
        peer = Peer(path, talk)
        self.addCleanup(peer.join)
        return path

    def addresses(self, *lines):
        file = self.folder / "addresses"
        file.write_text("\n".join(lines) + "\n")
        return file

    def test_counts_are_exact_in_every_dialect(self):
        lab, daemon = self.lab_and_daemon()
        for zone in lab.zones():
            zone.put(LISTED, ["127.0.0.2"])
        some = self.addresses(LISTED, CLEAR, CLEAR, "2001:db8::1")
        for dialect in ("native", "postfix", "json"):
            with self.subTest(dialect):
                done = report(
                    *("--socket", daemon.gateway, "--dialect", dialect, "--connections", 3),
                    *("--to", "ann@corp.example"),
                    *("--closed", "--depth", 4, "--requests", 1000, "--addresses", some),
                )
                self.assertEqual(done["status"], 0)
                self.assertEqual((done["sent"], done["answered"]), (1000, 1000))
                self.assertEqual((done["reject"], done["accept"], done["defer"]), (250, 750, 0))
                self.assertEqual(done["first_error"], None)
                self.assertEqual(done["degraded"], None if dialect == "postfix" else 0)
                self.assertEqual(done["server"]["pid"], daemon.process.pid)
                self.assertGreater(done["latency_us"]["p50"], 0)
                self.assertLessEqual(done["latency_us"]["p99"], done["latency_us"]["max"])

    def test_missing_opinions_are_counted_as_degraded(self):
        lab, daemon = self.lab_and_daemon(timeout="40ms")
        lab.zone("one.bl.example").behave(answer="servfail")
        done = report(
            *("--socket", daemon.gateway, "--rate", 1000, "--requests", 20),
            *("--addresses", self.addresses(CLEAR)),
        )
        self.assertEqual((done["status"], done["accept"], done["degraded"]), (0, 20, 20))

    def test_an_open_loop_counts_the_wait_from_when_a_request_was_due(self):
        # 200 requests, one a millisecond, on one connection whose server answers none before it has
        # them all: a loop that waits for answers would stand still.
        def talk(connection):
            queries = b""
            while len(queries) < 200 * FRAME:
                queries += connection.recv(65536)
            for at in range(0, len(queries), FRAME):
                connection.sendall(answer_to(queries[at : at + FRAME]))
            self.assertEqual(connection.recv(1), b"")

        done = report(
            *("--socket", self.peer(talk), "--connections", 1, "--rate", 1000),
            *("--arrivals", "fixed", "--requests", 200),
        )
        self.assertEqual((done["status"], done["accept"]), (0, 200))
        # The last one is due after 199 ms, and then the first one has waited as long.
        self.assertGreaterEqual(done["latency_us"]["max"], 199_000)
        self.assertGreaterEqual(done["latency_us"]["p50"], 99_000)

    def test_a_server_that_hangs_up_leaves_requests_unanswered(self):
        def talk(connection):
            queries = b""
            while len(queries) < 10 * FRAME:
                queries += connection.recv(65536)
            connection.sendall(answer_to(queries[:FRAME]) + answer_to(queries[FRAME : 2 * FRAME]))

        done = report(
            *("--socket", self.peer(talk), "--connections", 1, "--closed", "--depth", 10),
            *("--requests", 10),
        )
        self.assertEqual(done["status"], 1)
        self.assertEqual((done["sent"], done["accept"], done["unanswered"]), (10, 2, 8))
        self.assertEqual(done["closed"], 1)

    def test_nonsense_and_answers_nobody_waits_for_are_no_answers(self):
        for answer, complaint in (
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a frame of the native dialect"),
            (answer_to(b"\xd1\x01\0\0\x63\0\0\0" + bytes(24)), "an answer that nobody waits for"),
        ):

            def talk(connection, answer=answer):
                connection.recv(FRAME)
                connection.sendall(answer)

            with self.subTest(complaint):
                path = self.peer(talk)
                done = report("--socket", path, "--connections", 1, "--requests", 1)
                self.assertEqual((done["status"], done["malformed"]), (1, 1))
                self.assertIn(complaint, done["first_error"])
                (self.folder / "peer.sock").unlink()

    def test_silence_ends_with_the_patience(self):
        done = report(
            *("--socket", self.peer(lambda connection: [connection.recv(FRAME)] * 2)),
            *("--connections", 1, "--requests", 3, "--rate", 1000, "--patience", 0.1),
        )
        self.assertEqual(done["status"], 1)
        self.assertGreaterEqual(done["unanswered"], 1)

    def test_what_a_server_complains_of_is_told(self):
        def talk(connection):
            connection.recv(65536)
            connection.sendall(b"action=WARN postern: no client_address\n\n")
            self.assertEqual(connection.recv(1), b"")

        done = report(
            *("--socket", self.peer(talk), "--dialect", "postfix", "--connections", 1),
            *("--requests", 1),
        )
        self.assertEqual((done["status"], done["complaints"], done["answered"]), (1, 1, 1))
        self.assertEqual(done["first_error"], "postern: no client_address")

    def test_reports_go_to_files_and_the_plot_is_a_picture(self):
        _, daemon = self.lab_and_daemon()
        plot, file = self.folder / "latency.svg", self.folder / "report.json"
        done = run(
            *("--socket", daemon.gateway, "--rate", 5000, "--requests", 2000),
            *("--addresses", "65", "--seed", 3, "--json", file, "--plot", plot),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sent         2000 in", done.stdout)
        self.assertIn("us of CPU a request", done.stdout)
        self.assertEqual(json.loads(file.read_text())["answered"], 2000)
        root = xml.etree.ElementTree.parse(plot).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn("99.9 %", words)

    def test_an_interrupt_ends_the_sending_and_the_report_follows(self):
        _, daemon = self.lab_and_daemon()
        command = [BIN / "posternload", "--socket", daemon.gateway, "--duration", "1000"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

        def alive():
            self.assertIsNone(process.poll())

        def asked():
            return int(json.loads(daemon.ctl("--json", "cache", "stats").stdout)["used"]) > 0

        harness.until(asked, alive, "the load has begun")
        process.terminate()
        text, _ = process.communicate(timeout=harness.PATIENCE_SECONDS)
        self.assertEqual(process.returncode, 0, text)
        self.assertIn("0 unanswered", text)

    def test_bad_input_is_told_by_name(self):
        file = self.addresses("192.0.2.1", "192.0.2.1/24")
        for words, complaint in (
            (["--dialect", "smtp"], 'no dialect "smtp"; write native, postfix or json'),
            (["--rate", "0"], "--rate: 0 is not above 0"),
            (["--rate", "fast"], "--rate"),
            (["--closed", "--rate", "5"], "leave --rate, --arrivals and --burst out"),
            (["--depth", "5"], "--depth is for --closed"),
            (["--burst", "0"], "--burst: 0 is not from 1 to"),
            (["--connections", "0"], "--connections: 0 is not from 1 to"),
            (["--duration", "-1"], "--duration and --patience are above 0"),
            (["--requests", "0"], "--requests: 0 would ask nothing"),
            (["--arrivals", "late"], "write fixed or poisson"),
            (["--report", "xml"], "write text or json"),
            (["--addresses", "hut"], "hut: No such file"),
            (["--addresses", file], f'{file}:2: "192.0.2.1/24" is no address'),
            (["--no-such-option"], "--no-such-option"),
        ):
            with self.subTest(words):
                done = run(*words)
                self.assertEqual(done.returncode, 2)
                self.assertIn(complaint, done.stderr)
                self.assertEqual(done.stdout, "")
        nobody = run("--socket", self.folder / "no.sock")
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("no.sock: No such file or directory", nobody.stderr)


if __name__ == "__main__":
    harness.main()
