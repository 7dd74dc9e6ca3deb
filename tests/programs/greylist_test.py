# SPDX-License-Identifier: Apache-2.0
"""Greylisting across restarts: what the daemon remembers, it still knows when it comes back."""

import contextlib
import sqlite3

import harness

CLIENT = "5.9.0.7"

GREYLISTING = """
[[policy]]
id = "put-strangers-off"
type = "greylisting"
narrative = "Who comes for the first time comes again"
option = "apply"
to = "internal"
"""


class Greylist(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "state.db"

    def start(self):
        _, daemon = self.lab_and_daemon(state=str(self.state), more=GREYLISTING)
        return daemon

    def query(self, sql, *values):
        """The rows of one statement, run on the state file."""
        with contextlib.closing(sqlite3.connect(self.state)) as database, database:
            return database.execute(sql, values).fetchall()

    def first_attempts(self):
        return self.query("SELECT client, sender, recipient, first_attempt FROM triplet")

    def wait_until_written(self, daemon):
        harness.until(
            lambda: daemon.ctl("ping").returncode == 0 and self.first_attempts(),
            lambda: None,
            "the first attempt is in the file",
        )

    def assert_greylisted(self, decision):
        self.assertEqual((decision["action"], decision["reason"]), ("defer", "greylisted"))

    def test_a_first_attempt_is_remembered_when_the_daemon_stops(self):
        daemon = self.start()
        self.assert_greylisted(daemon.ask(CLIENT))
        self.assertEqual(daemon.stop(), 0)
        ((*triplet, first_attempt),) = self.first_attempts()
        self.assertEqual(triplet, [CLIENT, "a@sender.example", "ann@corp.example"])

        # A retry counts after a minute, which is made to have passed.
        self.query("UPDATE triplet SET first_attempt = ?", first_attempt - 61)
        daemon.start()

        self.assertEqual(daemon.ask(CLIENT)["action"], "accept")
        daemon.stop()
        ((last_pass,),) = self.query("SELECT last_pass FROM triplet")
        self.assertGreaterEqual(last_pass, first_attempt)

    def test_an_early_retry_after_a_restart_does_not_start_the_minute_again(self):
        daemon = self.start()
        self.assert_greylisted(daemon.ask(CLIENT))
        daemon.stop()
        ((*_, first_attempt),) = self.first_attempts()
        self.query("UPDATE triplet SET first_attempt = ?", first_attempt - 5)
        daemon.start()

        daemon.ask(CLIENT)

        daemon.stop()
        ((*_, remembered),) = self.first_attempts()
        self.assertEqual(remembered, first_attempt - 5)

    def test_what_was_written_survives_a_kill(self):
        daemon = self.start()
        daemon.ask(CLIENT)
        self.wait_until_written(daemon)
        before = self.first_attempts()

        daemon.kill()
        daemon.start()

        self.assertEqual(self.first_attempts(), before)
        daemon.stop()  # then it has said everything
        self.assertNotIn("state_corrupt", daemon.log.read_text())

    def test_a_correspondent_is_still_permitted(self):
        daemon = self.start()
        outbound = {"authenticated": True, "mail_from": "ann@corp.example"}
        daemon.ask(CLIENT, **outbound, recipients=["c@friend.example"])
        daemon.stop()
        daemon.start()

        reply = daemon.ask("5.9.0.8", mail_from="c@friend.example")

        self.assertEqual(reply["action"], "accept")
        self.assertEqual(reply["recipients"][0]["permit"]["state"], "auto_allow")

    def test_a_damaged_file_is_moved_aside_and_mail_goes_on(self):
        self.state.write_bytes(b"no database at all\n" * 1000)

        daemon = self.start()

        self.assert_greylisted(daemon.ask(CLIENT))
        daemon.wait_for_log("event=state_corrupt")
        self.assertEqual(len(list(self.folder.glob("state.db.corrupt-*"))), 1)

    def test_a_path_that_cannot_be_written_stops_nobody(self):
        self.state = self.folder / "missing" / "state.db"

        daemon = self.start()

        self.assert_greylisted(daemon.ask(CLIENT))
        daemon.wait_for_log("event=state_in_memory_only")


if __name__ == "__main__":
    harness.main()
