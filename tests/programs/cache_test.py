# SPDX-License-Identifier: Apache-2.0
"""What a list said is remembered, and nobody asks twice at once."""

import concurrent.futures
import json

import harness
from harness import SIX_ZONES, reputation

FIRST = SIX_ZONES[0]
ADDRESS = "5.9.0.7"


class Cache(harness.TestCase):
    def test_a_second_question_asks_nobody(self):
        # A threshold that one hit does not reach makes the first verdict wait for every list.
        lab, daemon = self.lab_and_daemon(hits=2)
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2"])

        first = daemon.ask(ADDRESS)
        asked = len(lab.queries(address=ADDRESS))
        second = daemon.ask(ADDRESS)

        self.assertEqual(asked, len(SIX_ZONES))
        self.assertEqual(len(lab.queries(address=ADDRESS)), asked)
        self.assertEqual(second["recipients"], first["recipients"])

    def test_two_hundred_questions_at_once_ask_each_list_once(self):
        lab, daemon = self.lab_and_daemon(deadline="10s", timeout="4s", attempts=1)
        for zone in lab.zones():
            zone.behave(ADDRESS, delay=0.5)
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2"])

        with concurrent.futures.ThreadPoolExecutor(200) as gateways:
            decisions = list(gateways.map(lambda _: daemon.ask(ADDRESS), range(200)))

        self.assertEqual({decision["action"] for decision in decisions}, {"reject"})
        for zone in SIX_ZONES:
            asked = len(lab.queries(zone, ADDRESS))
            self.assertGreaterEqual(asked, 1, zone)
            self.assertLessEqual(asked, harness.WORKERS, zone)  # each worker asks for itself

    def test_a_late_reply_answers_the_next_question(self):
        lab, daemon = self.lab_and_daemon(deadline="300ms", timeout="10s", attempts=1)
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2"])
        lab.zone(FIRST).behave(ADDRESS, delay=1.0)

        early = daemon.ask(ADDRESS)
        lab.wait_for(lambda: lab.replies(FIRST, ADDRESS))
        # The reply has left the lab; asking goes on until it has arrived.
        harness.until(
            lambda: daemon.ask(ADDRESS)["action"] == "reject", lambda: None, "the late reply counts"
        )

        self.assertEqual(early["action"], "accept")
        self.assertEqual(reputation(early)["unknown"], ["one"])
        self.assertEqual(len(lab.queries(FIRST, ADDRESS)), 1)

    def test_a_flushed_address_is_asked_about_again(self):
        lab, daemon = self.lab_and_daemon()
        daemon.ask(ADDRESS)
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2"])

        self.assertEqual(daemon.ctl("cache", "flush", ADDRESS).returncode, 0)

        self.assertEqual(daemon.ask(ADDRESS)["action"], "reject")
        self.assertEqual(len(lab.queries(FIRST, ADDRESS)), 2)

    def snapshot_daemon(self):
        self.snapshot = self.folder / "cache.snapshot"
        return self.lab_and_daemon(more=f'[cache]\nsnapshot = "{self.snapshot}"')

    def test_a_restart_with_a_snapshot_asks_nobody_again(self):
        lab, daemon = self.snapshot_daemon()
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2"])
        self.assertEqual(daemon.ask(ADDRESS)["action"], "reject")
        # A threshold of one is reached before the last list has answered.
        lab.wait_for(lambda: len(lab.replies(address=ADDRESS)) == len(SIX_ZONES))
        self.wait_until_cached(daemon, len(SIX_ZONES))
        self.assertEqual(daemon.stop(), 0)
        self.assertTrue(self.snapshot.exists())

        daemon.start()
        daemon.wait_until_lists_vote()
        self.wait_until_cached(daemon, len(SIX_ZONES))

        self.assertEqual(daemon.ask(ADDRESS)["action"], "reject")
        self.assertEqual(len(lab.queries(address=ADDRESS)), len(SIX_ZONES))

    def test_a_damaged_snapshot_is_not_believed_and_stops_nobody(self):
        lab, daemon = self.snapshot_daemon()
        daemon.ask(ADDRESS)
        self.wait_until_cached(daemon, len(SIX_ZONES))
        self.assertEqual(daemon.stop(), 0)
        damaged = bytearray(self.snapshot.read_bytes())
        damaged[-1] ^= 1
        self.snapshot.write_bytes(damaged)
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2"])

        daemon.start()
        daemon.wait_until_lists_vote()

        self.assertEqual(daemon.ask(ADDRESS)["action"], "reject")
        daemon.wait_for_log("event=snapshot_damaged")

    def wait_until_cached(self, daemon, lists):
        def cached():
            answer = daemon.ctl("--json", "cache", "get", ADDRESS)
            return len(json.loads(answer.stdout)["lists"]) == lists

        harness.until(cached, lambda: None, "the cache knows the address")


if __name__ == "__main__":
    harness.main()
