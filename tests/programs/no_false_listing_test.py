# SPDX-License-Identifier: Apache-2.0
"""Nothing but a mapped code from a healthy list is a listing; private addresses stay private."""

import harness
from harness import SIX_ZONES, reputation

LIAR = SIX_ZONES[2]
ADDRESS = "5.9.0.7"


class NoFalseListing(harness.TestCase):
    def test_answers_that_are_no_listing_are_never_a_hit(self):
        # Each list lies once; those that refuse come last, because they are then left in peace.
        lies = (
            ("one", "5.9.0.1", "127.0.0.1", "the address of this machine"),
            ("two", "5.9.0.2", "127.0.0.0", "the first address of the range"),
            ("three", "5.9.0.3", "127.0.0.99", "a code that is not in the map"),
            ("four", "5.9.0.4", "127.255.255.252", "typing error"),
            ("five", "5.9.0.5", "127.255.255.254", "public resolver"),
            ("six", "5.9.0.6", "127.255.255.255", "too many queries"),
        )
        lab, daemon = self.lab_and_daemon()
        for name, address, code, what in lies:
            with self.subTest(what):
                lab.zone(f"{name}.bl.example").put(address, [code])

                decision = daemon.ask(address)

                self.assertEqual(decision["action"], "accept")
                self.assertEqual(reputation(decision)["hits"], 0)
                self.assertEqual(len(lab.queries(f"{name}.bl.example", address)), 1)

    def test_an_address_outside_the_loopback_range_is_never_a_hit(self):
        # A domain that ran out and is parked, or a resolver that sells advertisements.
        lab, daemon = self.lab_and_daemon()
        lab.zone(LIAR).put(ADDRESS, ["185.53.178.80"])

        decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "accept")
        self.assertEqual(reputation(decision)["hits"], 0)

    def test_failures_are_unknown_and_never_a_hit(self):
        lab, daemon = self.lab_and_daemon()
        for zone, answer in zip(SIX_ZONES, ("servfail", "refused", "garbage"), strict=False):
            lab.zone(zone).put(ADDRESS, ["127.0.0.2"])
            lab.zone(zone).behave(ADDRESS, answer=answer)

        decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "accept")
        self.assertTrue(decision["degraded"])
        self.assertEqual(set(reputation(decision)["unknown"]), {"one", "two", "three"})

    def test_a_name_without_addresses_is_clear(self):
        lab, daemon = self.lab_and_daemon()
        lab.zone(LIAR).put(ADDRESS, [])

        decision = daemon.ask(ADDRESS)

        self.assertEqual(reputation(decision)["unknown"], [])
        self.assertFalse(decision["degraded"])

    def test_a_mapped_code_beside_an_unmapped_one_is_still_one_hit(self):
        lab, daemon = self.lab_and_daemon()
        lab.zone(LIAR).put(ADDRESS, ["127.0.0.99", "127.0.0.4"])

        self.assertEqual(reputation(daemon.ask(ADDRESS))["hits"], 1)

    def test_lists_are_not_asked_about_addresses_that_are_not_public(self):
        lab, daemon = self.lab_and_daemon()
        addresses = ("10.1.2.3", "172.16.5.6", "192.168.7.8", "169.254.9.9", "127.9.9.9",
                     "224.0.0.9", "240.0.0.9", "fe80::1", "fd00::1", "::1")  # fmt: skip
        for address in addresses:
            with self.subTest(address):
                decision = daemon.ask(address)
                self.assertEqual(decision["action"], "accept")
                self.assertFalse(decision["degraded"])
                self.assertEqual(lab.queries(address=address), [])


if __name__ == "__main__":
    harness.main()
