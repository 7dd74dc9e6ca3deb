# SPDX-License-Identifier: Apache-2.0
"""What a list said is remembered, and nobody asks twice at once."""

import concurrent.futures

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
            self.assertEqual(len(lab.queries(zone, ADDRESS)), 1, zone)

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


if __name__ == "__main__":
    harness.main()
