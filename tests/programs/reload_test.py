# SPDX-License-Identifier: Apache-2.0
"""Reloading: what validates applies at once, what does not changes nothing."""

import json

import harness
from harness import SIX_ZONES, Config, reputation

ADDRESS = "5.9.0.7"


class Reload(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dns = self.lab()
        self.dns.zone(SIX_ZONES[0]).put(ADDRESS, ["127.0.0.2"])
        self.posternd = self.daemon(Config(port=self.dns.port, hits=2))
        self.before = self.posternd.ask(ADDRESS)
        self.assertEqual(self.before["action"], "accept")

    def test_posternctl_changes_a_threshold(self):
        self.posternd.write_config(Config(port=self.dns.port, hits=1))

        reload = self.posternd.ctl("reload")

        self.assertEqual(reload.returncode, 0, reload.stderr)
        decision = self.posternd.ask(ADDRESS)
        self.assertEqual(decision["action"], "reject")
        self.assertNotEqual(decision["policy_set"], self.before["policy_set"])

    def test_a_signal_changes_a_threshold(self):
        self.posternd.write_config(Config(port=self.dns.port, hits=1))

        self.posternd.hang_up()

        harness.until(
            lambda: self.posternd.ask(ADDRESS)["action"] == "reject",
            lambda: None,
            "the reload has happened",
        )

    def test_a_reload_keeps_what_the_lists_said(self):
        asked = len(self.dns.queries(address=ADDRESS))
        self.posternd.write_config(Config(port=self.dns.port, hits=1))
        self.posternd.ctl("reload")

        self.posternd.ask(ADDRESS)

        self.assertEqual(len(self.dns.queries(address=ADDRESS)), asked)

    def test_a_broken_file_changes_nothing(self):
        good = Config(port=self.dns.port, hits=1).text(self.folder)
        broken = {
            "an unknown key": good + "\nblock_list_hit = 3\n",
            "a threshold that no list can reach": Config(port=self.dns.port, hits=7),
            "no TOML at all": "this is not TOML",
        }
        for what, config in broken.items():
            with self.subTest(what):
                self.posternd.write_config(config)

                reload = self.posternd.ctl("reload")

                self.assertNotEqual(reload.returncode, 0)
                self.assertIn("postern.toml:", reload.stdout + reload.stderr)
                decision = self.posternd.ask(ADDRESS)
                self.assertEqual(decision["policy_set"], self.before["policy_set"])
                self.assertEqual(decision["action"], "accept")

    def test_a_broken_policy_is_named_with_its_file_and_line(self):
        good = Config(port=self.dns.port, hits=1).text(self.folder)
        policies = self.folder / "policies.toml"
        policies.write_text(
            '[[policy]]\nid = "no-ads"\ntype = "blocked_senders"\nnarrative = "No advertising"\n'
            'option = "block_sender"\nfrom = "domian:ads.example"\n'
        )
        self.posternd.write_config('include = ["policies.toml"]\n' + good)

        reload = self.posternd.ctl("reload")

        self.assertNotEqual(reload.returncode, 0)
        said = reload.stdout + reload.stderr
        self.assertIn("policies.toml:6:", said)
        self.assertIn("policy no-ads: from:", said)
        self.assertIn("domain:", said)
        self.assertEqual(self.posternd.ask(ADDRESS)["policy_set"], self.before["policy_set"])

    def test_policies_are_listed_with_their_hits(self):
        good = Config(port=self.dns.port, hits=1).text(self.folder)
        policy = (
            '[[policy]]\nid = "no-ads"\ntype = "blocked_senders"\nnarrative = "No advertising"\n'
            'option = "block_sender"\nfrom = "domain:ads.example"\n'
        )
        self.posternd.write_config(good + "\n" + policy)
        self.assertEqual(self.posternd.ctl("reload").returncode, 0)
        for _ in range(3):
            self.posternd.ask(ADDRESS, mail_from="a@ads.example", recipients=["x@corp.example"])

        shown = json.loads(self.posternd.ctl("--json", "policies").stdout)["policies"]

        self.assertEqual([(row["id"], row["hits"]) for row in shown], [("no-ads", 3)])

    def test_what_takes_a_restart_is_named_by_key(self):
        good = Config(port=self.dns.port, hits=1).text(self.folder)
        zone = f'zone = "{SIX_ZONES[0]}"'
        changed = good.replace(zone, 'zone = "s3cr3t.key.example"')
        self.posternd.write_config(changed.replace(f"workers = {harness.WORKERS}", "workers = 3"))

        reload = self.posternd.ctl("reload")

        self.assertNotEqual(reload.returncode, 0)
        said = reload.stdout + reload.stderr
        self.assertIn("takes a restart: gateway.workers, list.one.zone;", said)
        self.assertNotIn("s3cr3t", said + self.posternd.wait_for_log("event=reload_refused"))
        self.assertEqual(self.posternd.ask(ADDRESS)["policy_set"], self.before["policy_set"])

    def test_a_list_is_waited_for_as_long_as_the_reload_says(self):
        silent = "5.9.0.8"
        for zone in SIX_ZONES:
            self.dns.zone(zone).behave(address=silent, answer="silent")
        self.posternd.write_config(
            Config(port=self.dns.port, hits=2, timeout="20ms", attempts=1, deadline="60s")
        )
        self.assertEqual(self.posternd.ctl("reload").returncode, 0)

        decision = self.posternd.ask(silent)

        # One attempt, and long before the deadline: what the file said before would have made two.
        self.assertEqual(len(reputation(decision)["unknown"]), 6)
        self.assertEqual(len(self.dns.queries(address=silent)), 6)

    def test_what_people_read_of_a_list_is_reloaded(self):
        good = Config(port=self.dns.port, hits=1).text(self.folder)
        self.posternd.write_config(
            good.replace(
                'name = "one"',
                'name = "one"\noperator = "somebody"\ninfo = "https://x.example/{ip}"',
            )
        )

        reload = self.posternd.ctl("reload")

        self.assertEqual(reload.returncode, 0, reload.stdout + reload.stderr)
        self.assertEqual(self.posternd.ask(ADDRESS)["action"], "reject")

    def test_a_missing_file_changes_nothing(self):
        self.posternd.config.unlink()

        reload = self.posternd.ctl("reload")

        self.assertNotEqual(reload.returncode, 0)
        self.assertEqual(self.posternd.ask(ADDRESS)["policy_set"], self.before["policy_set"])


if __name__ == "__main__":
    harness.main()
