# SPDX-License-Identifier: Apache-2.0
"""posternctl recipe and delivery-test, on a configuration in a folder; no daemon runs."""

import json
import os
import pty
import subprocess
import tomllib
import unittest

import harness
from harness import BIN, PATIENCE_SECONDS, ROOT

CONFIG = """
include = ["policies.d/*.toml"]

[organization]
internal_domains = ["corp.example", "corp-eu.example"]

[[policy]]
id = "put-strangers-off"
type = "greylisting"
narrative = "Who comes for the first time comes again"
option = "apply"
to = "internal"
"""

# The instructions of the vendor, in their order; the eighth is the delivery test.
STEPS = (
    "permitted_senders",
    "anti_spoofing",
    "allowed_ip",
    "ip_range",
    "header_bypass",
    "url_protection",
    "attachment_protection",
)

MARKS = ("X-Threatcop", "X-Threatcop-Support")


class Recipe(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "postern.toml"
        self.config.write_text(CONFIG)
        self.made = self.folder / "policies.d/threatcop.toml"
        self.empty_recipe = ROOT / "tools/recipes/threatcop.toml"
        self.recipe = self.folder / "recipe.toml"
        self.recipe.write_text(
            self.empty_recipe.read_text()
            .replace("domains = []", 'domains = ["sim.example"]')
            .replace("url_hosts = []", 'url_hosts = ["links.sim.example"]')
        )

    def ctl(self, *arguments):
        return subprocess.run(
            [BIN / "posternctl", *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def run_recipe(self, action, *more, recipe=None):
        path = recipe or self.recipe
        return self.ctl("recipe", action, path, "--config", self.config, *more)

    def apply(self, *more):
        return self.run_recipe("apply", "--yes", *more)

    def deliver(self, *more, recipe=True):
        with_recipe = ["--recipe", self.recipe] if recipe else []
        people = ["--from", "training@sim.example", "--to", "ann@corp.example"]
        return self.ctl("delivery-test", "--config", self.config, *people, *with_recipe, *more)

    def assert_unchanged(self, done, *words):
        self.assertEqual(done.returncode, 1)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(self.made.exists())

    def test_show_prints_every_step_and_changes_nothing(self):
        before = sorted(self.folder.rglob("*"))

        shown = self.run_recipe("show")

        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        policies = tomllib.loads(shown.stdout)["policy"]
        self.assertEqual(tuple(dict.fromkeys(policy["type"] for policy in policies)), STEPS)
        self.assertEqual(shown.stdout.count("\n# Step "), len(policies))
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_apply_adds_a_file_that_loads_without_a_warning(self):
        applied = self.apply()

        self.assertEqual((applied.returncode, applied.stderr), (0, ""))
        self.assertEqual(self.made.read_text(), self.run_recipe("show").stdout)
        check = subprocess.run(
            [BIN / "posternd", "--check", "--config", self.config],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        self.assertEqual(check.returncode, 0)
        self.assertNotIn("threatcop", check.stderr)
        self.assertEqual([path.name for path in self.made.parent.iterdir()], [self.made.name])

    def test_placeholders_must_be_filled_in(self):
        done = self.run_recipe("apply", "--yes", recipe=self.empty_recipe)
        self.assert_unchanged(done, "domains: is empty", "url_hosts: is empty")

    def test_ids_that_exist_are_named_and_nothing_is_changed(self):
        taken = 'id = "threatcop-ip-range"'
        self.config.write_text(CONFIG.replace('id = "put-strangers-off"', taken))
        self.assert_unchanged(self.apply(), "threatcop-ip-range", "nothing was changed")

    def test_a_second_apply_is_refused(self):
        self.apply()
        text = self.made.read_text()

        again = self.apply()

        self.assertEqual(again.returncode, 1)
        self.assertIn("threatcop-permitted-senders", again.stderr)
        self.assertEqual(self.made.read_text(), text)

    def test_the_line_to_add_is_told_when_nothing_is_included(self):
        self.config.write_text(CONFIG.replace('include = ["policies.d/*.toml"]', ""))
        self.assert_unchanged(self.apply(), 'include = ["policies.d/threatcop.toml"]')

    def test_the_pattern_to_add_is_told_when_the_file_would_not_be_read(self):
        other = self.folder / "elsewhere/threatcop.toml"
        done = self.apply("--output", other)
        self.assert_unchanged(done, '"elsewhere/threatcop.toml"', "line 2")
        self.assertFalse(other.parent.exists())

    def test_a_result_that_would_not_load_is_not_written(self):
        text = self.recipe.read_text().replace('to = "internal"', 'to = "group:nobody"')
        self.recipe.write_text(text)
        self.assert_unchanged(self.apply(), "threatcop.toml:", 'no group "nobody"')

    def test_without_a_terminal_somebody_must_have_agreed(self):
        self.assert_unchanged(self.run_recipe("apply"), "--yes")

    def test_a_person_is_asked(self):
        for answer, status in ((b"n\n", 1), (b"y\n", 0)):
            with self.subTest(answer):
                mine, theirs = pty.openpty()
                self.addCleanup(os.close, mine)
                os.write(mine, answer)
                done = subprocess.run(
                    [BIN / "posternctl", "recipe", "apply", self.recipe, "--config", self.config],
                    stdin=theirs,
                    capture_output=True,
                    timeout=PATIENCE_SECONDS,
                    check=False,
                )
                os.close(theirs)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(self.made.exists(), status == 0)

    def test_delivery_fails_before_and_succeeds_after(self):
        before = self.deliver()
        self.assertEqual(before.returncode, 1)
        self.assertIn("FAILED", before.stdout)

        self.apply()

        after = self.deliver()
        self.assertEqual(after.returncode, 0, after.stdout)
        self.assertNotIn("FAILED", after.stdout)

    def test_delivery_names_the_policy_behind_each_assertion(self):
        self.apply()

        result = json.loads(self.deliver("--json").stdout)

        self.assertTrue(result["ok"])
        behind = {
            (entry["stage"], entry["assertion"]): entry["policy"] for entry in result["assertions"]
        }
        self.assertEqual(behind["connection", "accepted"], "threatcop-allowed-ip")
        self.assertEqual(behind["recipient", "accepted"], "threatcop-permitted-senders")
        for mark in MARKS:
            stage = f"message with {mark}"
            expected = {
                "accepted": "threatcop-permitted-senders",
                "URLs are not rewritten": "threatcop-url-protection",
                "attachments are not inspected": "threatcop-attachment-protection",
                "not quarantined by the spam scan": "threatcop-permitted-senders",
                "not quarantined by content examination": "threatcop-header-bypass",
                "not quarantined as impersonation": "threatcop-header-bypass",
                "the header is not stripped": "threatcop-header-bypass",
            }
            found = {what: policy for (where, what), policy in behind.items() if where == stage}
            self.assertEqual(found, expected)

    def test_delivery_from_another_address_fails(self):
        self.apply()
        done = self.deliver("--client", "192.0.2.7")
        self.assertEqual(done.returncode, 1)
        self.assertIn("550 reputation", done.stdout)

    def test_delivery_needs_to_know_where_the_message_comes_from(self):
        done = self.deliver(recipe=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--client", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
