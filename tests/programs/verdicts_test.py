# SPDX-License-Identifier: Apache-2.0
"""Uncached verdicts: all lists at once, thresholds, several codes, permits."""

import harness
from harness import SIX_ZONES, reputation

FIRST, LAST = SIX_ZONES[0], SIX_ZONES[-1]


class Verdicts(harness.TestCase):
    def test_six_slow_lists_take_as_long_as_one(self):
        lab, daemon = self.lab_and_daemon()
        for zone in lab.zones():
            zone.behave(delay=0.04)

        decision = daemon.ask("5.9.0.7")

        self.assertEqual(decision["action"], "accept")
        self.assertEqual(reputation(decision)["unknown"], [])
        self.assertGreaterEqual(decision["elapsed_us"], 40_000)
        # One after the other would be 240 ms.
        self.assertLess(decision["elapsed_us"], 200_000)

    def test_a_decided_verdict_does_not_wait_for_a_slow_list(self):
        # The lists that could still change the verdict are none once one list of one has spoken.
        lab, daemon = self.lab_and_daemon(deadline="10s", timeout="4s", attempts=1)
        lab.zone(FIRST).put("5.9.0.7", ["127.0.0.2"])
        lab.zone(LAST).behave(delay=2.0)

        decision = daemon.ask("5.9.0.7")
        slow_replies = lab.replies(LAST, "5.9.0.7")

        self.assertEqual(decision["action"], "reject")
        self.assertEqual(slow_replies, [])
        self.assertEqual(reputation(decision)["listed"], ["one"])

    def test_a_threshold_of_two_waits_for_the_second_hit(self):
        lab, daemon = self.lab_and_daemon(hits=2, deadline="10s", timeout="4s", attempts=1)
        lab.zone(FIRST).put("5.9.0.7", ["127.0.0.2"])
        lab.zone(LAST).put("5.9.0.7", ["127.0.0.2"])
        lab.zone(LAST).behave(delay=0.1)

        decision = daemon.ask("5.9.0.7")

        self.assertEqual(decision["action"], "reject")
        self.assertEqual(reputation(decision)["hits"], 2)
        self.assertEqual(set(reputation(decision)["listed"]), {"one", "six"})

    def test_one_hit_below_a_threshold_of_two_is_accepted(self):
        lab, daemon = self.lab_and_daemon(hits=2)
        lab.zone(FIRST).put("5.9.0.7", ["127.0.0.2"])

        decision = daemon.ask("5.9.0.7")

        self.assertEqual(decision["action"], "accept")
        self.assertEqual(reputation(decision)["hits"], 1)

    def test_several_codes_of_one_list_are_one_hit(self):
        lab, daemon = self.lab_and_daemon(hits=2)
        lab.zone(FIRST).put("5.9.0.7", ["127.0.0.2", "127.0.0.4", "127.0.0.9"])

        decision = daemon.ask("5.9.0.7")

        self.assertEqual(decision["action"], "accept")
        self.assertEqual(reputation(decision)["hits"], 1)

    def test_a_list_without_ipv6_is_not_asked_about_ipv6(self):
        lab, daemon = self.lab_and_daemon(ipv6=False)

        decision = daemon.ask("2a01:4f8:c17:abcd:1234:5678:9abc:def0")

        self.assertEqual(decision["action"], "accept")
        self.assertFalse(decision["degraded"])
        self.assertEqual(lab.queries(address="2a01:4f8:c17:abcd:1234:5678:9abc:def0"), [])

    def test_an_ipv6_client_is_asked_about_nibble_by_nibble(self):
        lab, daemon = self.lab_and_daemon()
        before = len(lab.queries(FIRST))

        daemon.ask("2a01:4f8:c17:abcd:1234:5678:9abc:def0")

        asked = [event.name.lower() for event in lab.queries(FIRST)[before:]]
        self.assertIn(
            "0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.d.c.b.a.7.1.c.0.8.f.4.0.1.0.a.2.one.bl.example", asked
        )

    def test_an_ipv4_mapped_client_is_asked_about_as_ipv4(self):
        lab, daemon = self.lab_and_daemon()
        lab.zone(FIRST).put("5.9.0.7", ["127.0.0.2"])

        self.assertEqual(daemon.ask("::ffff:5.9.0.7")["action"], "reject")
        self.assertEqual(len(lab.queries(FIRST, "5.9.0.7")), 1)


class Permits(harness.TestCase):
    def test_a_permit_list_outweighs_block_lists(self):
        lab = self.lab()
        lab.add("friends.example", test_code="127.0.10.1").put("5.9.0.7", ["127.0.10.2"])
        lab.zone(FIRST).put("5.9.0.7", ["127.0.0.2"])
        daemon = self.daemon(harness.Config(port=lab.port, permit_zones=("friends.example",)))

        decision = daemon.ask("5.9.0.7")

        self.assertEqual(decision["action"], "accept")
        self.assertEqual(reputation(decision)["state"], "permit_listed")

    def test_a_permit_code_outside_the_map_permits_nobody(self):
        # What dnswl.org answers to those who ask too much.
        lab = self.lab()
        lab.add("friends.example", test_code="127.0.10.1").put("5.9.0.7", ["127.0.0.255"])
        lab.zone(FIRST).put("5.9.0.7", ["127.0.0.2"])
        daemon = self.daemon(harness.Config(port=lab.port, permit_zones=("friends.example",)))

        self.assertEqual(daemon.ask("5.9.0.7")["action"], "reject")

    def test_a_permitted_range_outweighs_block_lists_without_asking_them(self):
        lab, daemon = self.lab_and_daemon(more='[permit_list]\nranges = ["185.53.178.0/24"]')
        for zone in lab.zones():
            zone.put("185.53.178.9", ["127.0.0.2"])
            zone.put("185.53.179.9", ["127.0.0.2"])

        permitted = daemon.ask("185.53.178.9")
        neighbour = daemon.ask("185.53.179.9")

        self.assertEqual(permitted["action"], "accept")
        self.assertEqual(reputation(permitted)["state"], "permit_listed")
        self.assertEqual(neighbour["action"], "reject")


if __name__ == "__main__":
    harness.main()
