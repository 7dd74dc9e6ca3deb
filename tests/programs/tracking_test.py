# SPDX-License-Identifier: Apache-2.0
"""The decision log: what posternctl finds in it, and what no fault of a disk does to the mail."""

import csv
import io
import json
import subprocess

import harness
from harness import JsonGateway, PostfixGateway, request

ZONE = "one.bl.example"
LISTED = "5.9.0.7"
CLEAN = "5.9.0.8"

QUIET = '[log]\ndecisions = "none"\n'

BLOCKED = """
[[policy]]
id = "no-thanks"
type = "blocked_senders"
narrative = "Not from them"
option = "block_sender"
from = "domain:sender.example"
"""


class Tracking(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "tracking.db"

    def start(self, more=QUIET, wrapper=(), **config):
        lab = self.lab((ZONE,))
        lab.zone(ZONE).put(LISTED, ["127.0.0.2"])
        self.settings = {"port": lab.port, "zones": (ZONE,), "tracking": str(self.path)} | config
        return self.daemon(harness.Config(more=more, **self.settings), wrapper=wrapper)

    def track(self, daemon, *arguments):
        """The decisions that posternctl finds, one object each."""
        answer = daemon.ctl("--json", "track", *arguments)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()]


class Found(Tracking):
    def test_a_decision_is_found_by_what_people_know_of_it(self):
        daemon = self.start()
        daemon.ask(LISTED, id="mine", helo="mx.sender.example")
        daemon.ask(CLEAN, mail_from="b@other.example", recipients=["bob@corp.example"])
        for arguments, clients in (
            ((), [CLEAN, LISTED]),
            (("--client", LISTED), [LISTED]),
            (("--client", "5.9.0.0/28"), [CLEAN, LISTED]),
            (("--from", "sender.example"), [LISTED]),
            (("--to", "bob@corp.example"), [CLEAN]),
            (("--rejected",), [LISTED]),
            (("--action", "accept"), [CLEAN]),
            (("--list", "one", "--reason", "reputation"), [LISTED]),
            (("--policy", "built-in:reputation"), [LISTED]),
            (("--id", "mine"), [LISTED]),
            (("--since", "1h", "--limit", "1"), [CLEAN]),
            (("--until", "1h"), []),
        ):
            with self.subTest(arguments):
                found = self.track(daemon, *arguments)
                self.assertEqual([one["request"]["client"] for one in found], clients)

    def test_what_is_wrong_with_a_filter_is_said(self):
        daemon = self.start()
        answer = daemon.ctl("track", "--client", "5.9")
        self.assertEqual(answer.returncode, 1)
        self.assertIn('client: "5.9" is no address and no range', answer.stderr)

    def test_postfix_finds_a_message_by_its_instance_and_gets_the_reply_that_is_recorded(self):
        daemon = self.start()
        with PostfixGateway(daemon.policy) as gateway:
            told = gateway.ask(
                protocol_state="RCPT",
                client_address=LISTED,
                client_name="unknown",
                helo_name="mx.sender.example",
                sender="a@sender.example",
                recipient="ann@corp.example",
                instance="be.6b030e76.c7ab4.0",
                queue_id="4XYZ",
            )
        (found,) = self.track(daemon, "--id", "be.6b030e76.c7ab4.0")
        self.assertEqual(told, f"{found['code']} {found['enhanced']} {found['text']}")
        self.assertEqual((found["interface"], found["queue_id"]), ("postfix", "4XYZ"))
        shown = daemon.ctl("track", "--show", found["id"]).stdout
        self.assertIn(f"reply: {told}", shown)
        self.assertRegex(shown, r"list one +listed 127\.0\.0\.2")

    def test_the_table_fits_a_hundred_columns(self):
        daemon = self.start()
        long = "a" * 60
        daemon.ask("2a01:4f8:c17:abcd::25", mail_from=f"{long}@sender.example")
        daemon.ask(LISTED, recipients=[f"{long}@corp.example", "bob@corp.example"])
        daemon.ask(CLEAN, mail_from="\x1b[2J@sender.example")
        table = daemon.ctl("track").stdout
        self.assertEqual(len(table.splitlines()), 4)
        for line in table.splitlines():
            self.assertLessEqual(len(line), 100)
            self.assertTrue(line.isascii() and line.isprintable(), line)

    def test_csv_has_a_row_for_each_recipient_and_no_formula(self):
        daemon = self.start()
        recipients = ['a,"b@corp.example', "b@corp.example"]
        daemon.ask(LISTED, mail_from="=1+1@x.example", recipients=recipients)
        rows = list(csv.DictReader(io.StringIO(daemon.ctl("track", "--csv").stdout)))
        self.assertEqual([row["to"] for row in rows], recipients)
        self.assertEqual({row["from"] for row in rows}, {"'=1+1@x.example"})
        self.assertEqual({row["listed"] for row in rows}, {"one"})

    def test_follow_shows_what_comes(self):
        daemon = self.start()
        daemon.ask(CLEAN)
        program = [harness.BIN / "posternctl", "--socket", daemon.admin]
        command = [*program, "--json", "track", "--follow"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
            self.addCleanup(following.kill)
            self.assertEqual(json.loads(following.stdout.readline())["request"]["client"], CLEAN)
            daemon.ask(LISTED)
            self.assertEqual(json.loads(following.stdout.readline())["request"]["client"], LISTED)
            following.kill()

    def test_what_an_operator_tries_out_leaves_no_trace(self):
        daemon = self.start()
        daemon.ctl("check", LISTED, "--from", "a@b.example", "--to", "ann@corp.example")
        self.assertEqual(self.track(daemon), [])

    def test_without_a_file_there_is_nothing_to_search(self):
        daemon = self.start(tracking="")
        answer = daemon.ctl("track")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("no decision log is kept", answer.stderr)


class Replay(Tracking):
    def test_a_changed_policy_set_is_compared_with_what_was_decided(self):
        daemon = self.start()
        daemon.ask(LISTED, mail_from="a@other.example")
        daemon.ask(CLEAN)
        headers = [["From", "x@y.example"], ["Subject", "y"]]
        daemon.ask(CLEAN, mail_from="b@third.example", headers=headers)
        changed = self.folder / "changed.toml"
        changed.write_text(harness.Config(more=QUIET + BLOCKED, **self.settings).text(self.folder))
        answer = daemon.ctl("simulate", "--from-tracking", "--config", str(changed))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("3 recorded requests", answer.stdout)
        self.assertIn("2 as before", answer.stdout)
        self.assertIn("1 accept -> reject", answer.stdout)
        self.assertIn("1 had headers beside From", answer.stdout)
        self.assertIn("accept accepted -> reject blocked_sender (no-thanks)", answer.stdout)

        lines = daemon.ctl("--json", "simulate", "--from-tracking", "--config", str(changed)).stdout
        change, summary = map(json.loads, lines.splitlines())
        self.assertEqual(change["would_be"]["policy"], "no-thanks")
        self.assertEqual((summary["decided"], summary["changes"]), (3, 1))

    def test_the_same_policy_set_changes_nothing(self):
        daemon = self.start(more=QUIET + BLOCKED)
        for client in (LISTED, CLEAN, "10.0.0.1", "2a01:4f8::1"):
            for sender in ("a@sender.example", "", "x@corp.example"):
                headers = [["From", sender]]
                daemon.ask(client, mail_from=sender, auth={"spf": "pass"}, headers=headers)
        answer = daemon.ctl("simulate", "--from-tracking", "--config", str(daemon.config))
        self.assertIn("12 recorded requests", answer.stdout)
        self.assertIn("12 as before", answer.stdout)


class Faults(Tracking):
    def test_a_kill_costs_the_last_batch_at_most(self):
        daemon = self.start()
        asked = [f"5.9.2.{i}" for i in range(100)]
        with JsonGateway(daemon.gateway) as gateway:
            for client in asked:
                gateway.ask(request(client))
        known = len(self.track(daemon, "--limit", "0"))  # writes what is queued
        self.assertEqual(known, len(asked))
        daemon.ask(CLEAN)
        daemon.kill()
        daemon.start()
        kept = [one["request"]["client"] for one in self.track(daemon, "--limit", "0")]
        self.assertEqual([client for client in reversed(kept) if client != CLEAN], asked)
        daemon.stop()  # then it has said everything
        self.assertNotIn("tracking_corrupt", daemon.log.read_text())

    def test_a_full_disk_stops_no_mail_and_is_told_and_got_over(self):
        limit = 200_000
        daemon = self.start(wrapper=("prlimit", f"--fsize={limit}:"))
        asked = 0
        while "event=tracking_failed" not in daemon.log.read_text():
            self.assertLess(asked, 20_000, "the file never filled")
            with JsonGateway(daemon.gateway) as gateway:
                for _ in range(200):
                    reply = gateway.ask(request(LISTED, helo="x" * 400))
                    self.assertEqual(reply["action"], "reject")
                    asked += 1
            daemon.ctl("track", "--limit", "1")  # writes what is queued
        before = len(self.track(daemon, "--limit", "0", "--client", CLEAN))
        self.assertEqual(before, 0)
        subprocess.run(
            ["prlimit", "--pid", str(daemon.process.pid), "--fsize=unlimited:"], check=True
        )
        daemon.ask(CLEAN)
        daemon.wait_for_log("event=tracking_recovered")
        self.assertEqual(len(self.track(daemon, "--client", CLEAN)), 1)

    def test_a_damaged_file_is_moved_aside(self):
        self.path.write_bytes(b"no database at all\n" * 1000)
        daemon = self.start()
        daemon.ask(LISTED)
        self.assertEqual(len(self.track(daemon)), 1)
        daemon.wait_for_log("event=tracking_corrupt")
        self.assertEqual(len(list(self.folder.glob("tracking.db.corrupt-*"))), 1)

    def test_a_missing_folder_stops_nobody(self):
        self.path = self.folder / "missing" / "tracking.db"
        daemon = self.start()
        self.assertEqual(daemon.ask(LISTED)["action"], "reject")
        daemon.wait_for_log("event=tracking_failed")
        self.assertEqual(daemon.ctl("track").returncode, 1)


if __name__ == "__main__":
    harness.main()
