# SPDX-License-Identifier: Apache-2.0
"""Real block-list servers and a real resolver in front: rbldnsd, unbound, the demonstration."""

import subprocess
import sys

import harness
from harness import ROOT, Config, reputation
from name_servers import Rbldnsd

SAMPLE = ROOT / "tools/sample"
ZONES = tuple(f"{name}.sample.example" for name in ("trap", "bots", "dialup"))


class RealServers(harness.TestCase):
    def test_rbldnsd_s_data_sets_are_read_right(self):
        files = sorted(
            file
            for name in ("trap", "bots", "dialup")
            for file in (SAMPLE / "zones").glob(f"{name}.*")
        )
        rbldnsd = Rbldnsd(files, "sample.example", self.folder / "rbldnsd")
        self.addCleanup(rbldnsd.close)
        daemon = self.daemon(Config(port=rbldnsd.port, zones=ZONES, ipv6=False))
        expected = {
            "5.9.0.10": [],
            "5.9.0.11": ["trap"],
            "5.9.0.16": ["trap", "bots", "dialup"],
            "91.64.200.1": ["dialup"],
        }
        for address, lists in expected.items():
            with self.subTest(address):
                # The verdict may fall before the last list has answered; the evidence fills up.
                harness.until(
                    lambda client=address: not reputation(daemon.ask(client))["unknown"],
                    lambda: None,
                    "all lists have answered",
                )
                decision = daemon.ask(address)
                self.assertEqual(decision["action"], "reject" if lists else "accept")
                self.assertEqual(reputation(decision)["listed"], lists)

    def test_the_demonstration_shows_what_it_promises(self):
        demo = subprocess.run(
            [sys.executable, SAMPLE / "demo.py", "--bin", harness.BIN, "--once"],
            capture_output=True,
            text=True,
            timeout=4 * harness.PATIENCE_SECONDS,
            check=False,
        )

        self.assertEqual(demo.returncode, 0, demo.stdout + demo.stderr)
        self.assertNotIn("NOT AS EXPECTED", demo.stdout)


if __name__ == "__main__":
    harness.main()
