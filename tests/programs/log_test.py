# SPDX-License-Identifier: Apache-2.0
"""The lines about decisions, and what an operator can choose about them."""

import contextlib
import json
import os

import harness
from harness import JsonGateway, parse_log_line, request, until

ZONE = "one.bl.example"
LISTED = "5.9.0.7"
CLEAN = "5.9.0.8"


class Log(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dns = self.lab((ZONE,))
        self.dns.zone(ZONE).put(LISTED, ["127.0.0.2"])

    def config(self, **keys):
        table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        return harness.Config(port=self.dns.port, zones=(ZONE,), more="[log]\n" + table)

    def decisions(self, daemon):
        """Of a daemon that has ended, which then has said everything."""
        events = map(parse_log_line, daemon.log.read_text().splitlines())
        return [event for event in events if event["event"] == b"decision"]

    def test_each_decision_has_a_line_that_says_what_and_why(self):
        daemon = self.daemon(self.config())
        daemon.ask(LISTED, id="mine", helo="mx.sender.example")
        daemon.stop()
        (line,) = self.decisions(daemon)
        expected = {
            "interface": "json",
            "request_id": "mine",
            "client": LISTED,
            "helo": "mx.sender.example",
            "from": "a@sender.example",
            "to": "ann@corp.example",
            "action": "reject",
            "code": "550",
            "reason": "reputation",
            "listed": "one",
            "lists": "one:listed:127.0.0.2",
            "mode": "enforce",
        }
        self.assertLessEqual(
            expected.items(), {key: value.decode() for key, value in line.items()}.items()
        )

    def test_a_reload_changes_which_lines_are_written_and_how(self):
        daemon = self.daemon(self.config(decisions="refused"))
        daemon.ask(CLEAN)
        daemon.ask(LISTED)
        daemon.stop()
        self.assertEqual([line["client"] for line in self.decisions(daemon)], [LISTED.encode()])

        daemon.start()
        daemon.wait_until_lists_vote()
        daemon.write_config(self.config(decisions="all", format="json"))
        self.assertEqual(daemon.ctl("reload").returncode, 0)
        daemon.ask(CLEAN)
        daemon.stop()
        lines = [line for line in daemon.log.read_text().splitlines() if line.startswith("{")]
        events = [json.loads(line) for line in lines]
        (decision,) = (event for event in events if event["event"] == "decision")
        self.assertEqual((decision["client"], decision["code"]), (CLEAN, 250))
        self.assertEqual(events[-1]["event"], "stopped")

    def test_addresses_are_shown_as_far_as_wanted(self):
        shown = {"domain": "@sender.example", "hash": "[0-9a-f]{16}@sender.example"}
        for addresses, pattern in shown.items():
            with self.subTest(addresses):
                daemon = self.daemon(self.config(addresses=addresses))
                daemon.ask(LISTED)
                daemon.ask(LISTED)
                daemon.stop()
                senders = {line["from"].decode() for line in self.decisions(daemon)}
                self.assertEqual(len(senders), 1)
                self.assertRegex(senders.pop(), f"^{pattern}$")
                self.assertNotIn("ann@", daemon.log.read_text())
                daemon.log.unlink()

    def test_more_lines_than_are_wanted_are_counted(self):
        daemon = self.daemon(self.config(decisions_per_second=5))
        with JsonGateway(daemon.gateway) as gateway:
            for _ in range(200):
                gateway.submit(request(CLEAN))
            for _ in range(200):
                gateway.receive()
        daemon.stop()
        lines = [parse_log_line(line) for line in daemon.log.read_text().splitlines()]
        left_out = sum(
            int(line["count"]) for line in lines if line["event"] == b"decision_lines_suppressed"
        )
        self.assertGreater(left_out, 0)
        self.assertEqual(len(self.decisions(daemon)) + left_out, 200)

    def test_a_reader_of_the_log_who_is_stuck_holds_up_nobody(self):
        pipe = self.folder / "log.pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        into_pipe = ("sh", "-c", 'exec "$@" 2> "$0"', pipe)
        daemon = self.daemon(self.config(decisions_per_second=0), wrapper=into_pipe)

        # More lines than a pipe holds, then an event of the loop's own, and one of another thread.
        self.ask_often(daemon)
        with JsonGateway(daemon.gateway) as confused:
            confused.send(b"{nonsense}\n")
            self.assertIn("error", confused.receive())
        self.assertEqual(daemon.ctl("reload").returncode, 0)
        self.assertEqual(daemon.ask(LISTED)["action"], "reject")

        lost = "postern_log_lines_lost_total"
        until(lambda: daemon.metrics()[lost].total() > 0, daemon.alive, "lines are lost")
        text = b""

        def is_told():
            nonlocal text
            daemon.ask(CLEAN)
            with contextlib.suppress(BlockingIOError):
                while piece := os.read(reader, 65536):
                    text += piece
            return b"event=log_lines_lost" in text

        until(is_told, daemon.alive, "the reader knows that lines were lost")
        lines = [parse_log_line(line) for line in text.decode().split("\n")[:-1]]
        told = [int(line["count"]) for line in lines if line["event"] == b"log_lines_lost"]
        self.assertGreater(sum(told), 0)

        self.ask_often(daemon)
        self.assertEqual(daemon.stop(), 0)

    def ask_often(self, daemon):
        with JsonGateway(daemon.gateway) as gateway:
            for _ in range(20):
                for _ in range(50):
                    gateway.submit(request(CLEAN))
                for _ in range(50):
                    gateway.receive()

    def test_systemds_journal_gets_priorities(self):
        log = self.folder / "posternd.log"
        log.touch()
        status = os.stat(log)
        stream = f"JOURNAL_STREAM={status.st_dev}:{status.st_ino}"
        daemon = self.daemon(self.config(), wrapper=("env", stream))
        daemon.ask(LISTED)
        daemon.write_config("nonsense = 1\n")
        daemon.ctl("reload")
        daemon.stop()
        lines = log.read_text().splitlines()
        self.assertTrue(all(line[0] == "<" and line[2:6] == ">ts=" for line in lines), lines)
        self.assertIn("<3>", [line[:3] for line in lines if "event=reload_refused" in line])
        self.assertIn("<6>", [line[:3] for line in lines if "event=decision " in line])


if __name__ == "__main__":
    harness.main()
