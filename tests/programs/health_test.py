# SPDX-License-Identifier: Apache-2.0
"""/healthz says whether the loops turn, /readyz whether there is something to answer with."""

import json
import shutil
import subprocess
import unittest

import harness
from harness import SIX_ZONES, Config


class Health(harness.TestCase):
    def get(self, daemon, path):
        """Status and JSON."""
        answer = daemon.http(path)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        return answer.status, json.loads(answer.body)

    def test_a_daemon_whose_lists_vote_is_alive_and_ready(self):
        _, daemon = self.lab_and_daemon()

        status, said = self.get(daemon, "/healthz")
        self.assertEqual((status, said["status"]), (200, "ok"))
        self.assertEqual(
            self.get(daemon, "/readyz"),
            (200, {"ready": True, "lists": 6, "voting": 6, "snapshot": False}),
        )

    def test_it_is_not_ready_before_a_list_votes(self):
        lab = self.lab()
        for zone in SIX_ZONES:
            lab.zone(zone).behave(answer="silent")
        config = Config(port=lab.port, deadline="300ms", timeout="100ms")
        daemon = self.daemon(config, ready=False)

        status, said = self.get(daemon, "/readyz")

        self.assertEqual(status, 503)
        self.assertIn("no list has passed its self-test", said["error"])
        self.assertEqual((said["ready"], said["voting"]), (False, 0))
        self.assertEqual(self.get(daemon, "/healthz")[0], 200, "alive all the same")
        self.assertEqual(daemon.ask("5.9.0.7")["action"], "accept", "and answering")

        # Most of them: a server that answers for fewer is called down again and again.
        for zone in SIX_ZONES[:4]:
            lab.zone(zone).behave()
        harness.until(
            lambda: self.get(daemon, "/readyz")[1]["voting"] == 4, lambda: None, "they vote again"
        )
        self.assertEqual(self.get(daemon, "/readyz")[0], 200)

    def test_a_snapshot_is_something_to_answer_with(self):
        lab = self.lab()
        config = Config(
            port=lab.port,
            deadline="300ms",
            timeout="100ms",
            more=f'[cache]\nsnapshot = "{self.folder}/cache.snapshot"\n',
        )
        daemon = self.daemon(config)
        daemon.ask("5.9.0.7")
        self.assertEqual(daemon.stop(), 0)
        for zone in SIX_ZONES:
            lab.zone(zone).behave(answer="silent")

        daemon.start()

        harness.until(
            lambda: self.get(daemon, "/readyz")[0] == 200, lambda: None, "the snapshot is loaded"
        )
        self.assertEqual(
            self.get(daemon, "/readyz")[1],
            {"ready": True, "lists": 6, "voting": 0, "snapshot": True},
        )

    # The threads of the admin interface wait in the system call that an epoll loop waits in.
    @unittest.skipIf(harness.IO == "epoll", "only a loop on io_uring can be held up alone")
    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_a_loop_that_does_not_turn_is_not_alive(self):
        _, daemon = self.lab_and_daemon()
        if "io_uring: in use" not in daemon.wait_for_log("event=io "):
            self.skipTest("the kernel refuses io_uring")
        holding = ("-e", "trace=io_uring_enter", "-e", "inject=io_uring_enter:delay_enter=600s")
        with open(self.folder / "strace", "wb") as out:
            strace = subprocess.Popen(
                ["strace", "-f", "-p", str(daemon.process.pid), *holding], stdout=out, stderr=out
            )
        self.addCleanup(strace.wait)
        self.addCleanup(strace.kill)

        harness.until(
            lambda: self.get(daemon, "/healthz")[0] == 503, lambda: None, "the loop hangs"
        )

        status, said = self.get(daemon, "/healthz")
        self.assertEqual((status, said["status"], said["stuck_workers"]), (503, "stuck", [1]))
        ping = daemon.ctl("ping")
        self.assertEqual(ping.returncode, 1)
        self.assertIn("worker 1", ping.stderr)
        self.assertEqual(daemon.http("/metrics").status, 503)

        strace.terminate()
        harness.until(
            lambda: self.get(daemon, "/healthz")[0] == 200, lambda: None, "the loop turns again"
        )


if __name__ == "__main__":
    harness.main()
