# SPDX-License-Identifier: Apache-2.0
"""posternctl setup postfix, on a Postfix configuration in a folder; no Postfix runs."""

import os
import shutil
import subprocess
import sys
import unittest

import harness
from harness import BIN, PATIENCE_SECONDS, SKIPPED

ENVIRONMENT = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"}
CHECK = "check_policy_service { unix:postern/policy.sock, timeout=3s, default_action=DUNNO }"
RESTRICTIONS = "permit_mynetworks, reject_unauth_destination"

MAIN_CF = """\
# A comment that must stay.
compatibility_level = 3.6
mail_owner = {owner}
queue_directory = {folder}/queue
data_directory = {folder}/data
smtpd_recipient_restrictions = {restrictions}
"""


class SetupPostfix(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.postfix = self.folder / "postfix"
        for name in ("postfix", "queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        for name in ("master.cf", "postfix-files", "dynamicmaps.cf"):
            shutil.copy(f"/etc/postfix/{name}", self.postfix)
        self.main_cf = self.postfix / "main.cf"
        self.write(RESTRICTIONS)

    def write(self, restrictions, owner="postfix"):
        self.before = MAIN_CF.format(folder=self.folder, restrictions=restrictions, owner=owner)
        self.main_cf.write_text(self.before)

    def set_up(self, *arguments):
        return subprocess.run(
            [BIN / "posternctl", "setup", "postfix", "--config-dir", self.postfix, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def value(self):
        shown = subprocess.run(
            ["postconf", "-c", self.postfix, "-h", "smtpd_recipient_restrictions"],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            check=True,
        )
        return shown.stdout.strip()

    def test_a_dry_run_shows_the_change_and_makes_none(self):
        shown = self.set_up("--dry-run")

        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn(f"-smtpd_recipient_restrictions = {RESTRICTIONS}\n", shown.stdout)
        self.assertIn(f"+smtpd_recipient_restrictions = {RESTRICTIONS}, {CHECK}\n", shown.stdout)
        self.assertIn(f"{self.folder}/queue/postern/policy.sock is not there", shown.stdout)
        self.assertEqual(self.main_cf.read_text(), self.before)

    def test_without_a_terminal_or_yes_nothing_is_changed(self):
        asked = self.set_up()

        self.assertEqual(asked.returncode, 1)
        self.assertIn("--yes", asked.stderr)
        self.assertEqual(self.main_cf.read_text(), self.before)

    def test_yes_makes_the_change_once_and_keeps_comments(self):
        done = self.set_up("--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.value(), f"{RESTRICTIONS}, {CHECK}")
        self.assertIn("# A comment that must stay.", self.main_cf.read_text())

        again = self.set_up("--yes")

        self.assertEqual(again.returncode, 0)
        self.assertIn("already", again.stdout)
        self.assertEqual(self.value().count("unix:postern/"), 1)

    def test_what_postconf_warns_of_does_not_end_up_in_the_value(self):
        self.write(f"permit\nsmtpd_recipient_restrictions = {RESTRICTIONS}")

        done = self.set_up("--yes")

        self.assertIn("overriding earlier entry", done.stderr)
        self.assertEqual(self.value(), f"{RESTRICTIONS}, {CHECK}")

    def test_a_configuration_that_postfix_refuses_is_put_back(self):
        self.write(RESTRICTIONS, owner="nobody-of-this-name")

        refused = self.set_up("--yes")

        self.assertEqual(refused.returncode, 1)
        self.assertIn("postfix check", refused.stderr)
        self.assertIn("main.cf is as it was", refused.stderr)
        self.assertEqual(self.main_cf.read_text(), self.before)

    def test_a_list_that_guards_against_nothing_is_left_alone(self):
        self.write("permit_mynetworks\nsmtpd_relay_restrictions = permit_mynetworks")

        refused = self.set_up("--yes")

        self.assertEqual(refused.returncode, 1)
        self.assertIn("reject_unauth_destination", refused.stderr)
        self.assertEqual(self.main_cf.read_text(), self.before)


def missing():
    """What this machine lacks for these tests, or None."""
    if shutil.which("postconf", path=ENVIRONMENT["PATH"]) is None:
        return "Postfix is not installed"
    return "`postfix check` is for root alone" if os.geteuid() != 0 else None


if __name__ == "__main__":
    if reason := missing():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
