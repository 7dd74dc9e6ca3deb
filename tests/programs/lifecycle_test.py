# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping, checking: the daemon as a citizen of its machine."""

import pathlib
import re
import subprocess

import harness
from harness import BIN, Config

def posternd(*arguments):
    """Runs the daemon to its end, which is near here; all it says is in `stdout`."""
    return subprocess.run(
        [BIN / "posternd", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=harness.PATIENCE_SECONDS,
        check=False,
    )


class Lifecycle(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.config = Config(port=self.lab().port)

    def test_a_term_signal_ends_it_well_and_removes_its_sockets(self):
        daemon = self.daemon(self.config, ready=False)
        sockets = [pathlib.Path(path) for path in (daemon.gateway, daemon.policy, daemon.admin)]
        self.assertTrue(all(path.is_socket() for path in sockets))

        self.assertEqual(daemon.stop(), 0)

        self.assertEqual([path for path in sockets if path.exists()], [])

    def test_the_socket_a_killed_daemon_left_is_taken_over(self):
        daemon = self.daemon(self.config, ready=False)
        daemon.kill()
        self.assertTrue(pathlib.Path(daemon.gateway).exists())

        daemon.start()

        self.assertEqual(daemon.ask("10.0.0.1")["action"], "accept")

    def test_a_second_daemon_on_the_same_socket_is_refused(self):
        daemon = self.daemon(self.config, ready=False)

        second = posternd("--config", daemon.config)

        self.assertNotEqual(second.returncode, 0)
        self.assertIn(".sock", second.stdout)
        self.assertEqual(daemon.ask("10.0.0.1")["action"], "accept")

    def test_a_file_in_the_socket_s_place_is_left_alone(self):
        precious = self.folder / "gateway.sock"
        precious.write_text("mine")
        config = self.folder / "postern.toml"
        config.write_text(self.config.text(self.folder))

        attempt = posternd("--config", config)

        self.assertNotEqual(attempt.returncode, 0)
        self.assertEqual(precious.read_text(), "mine")


class Check(harness.TestCase):
    def check(self, text):
        config = self.folder / "checked.toml"
        config.write_text(text)
        return posternd("--check", "--config", config)

    def test_a_good_file_passes_without_touching_sockets(self):
        check = self.check(Config(port=5353).text(self.folder))

        self.assertEqual(check.returncode, 0, check.stdout)
        self.assertFalse((self.folder / "gateway.sock").exists())

    def test_all_problems_are_shown_with_their_place_and_the_nearest_key(self):
        text = "\n".join(
            [
                "[gateway]",
                "deadlin = \"1s\"",
                "workers = 1",
                "[dns]",
                "timeout = \"soon\"",
                "[definition.reputation.default]",
                "description = \"x\"",
                "block_list_hits = 99",
                "[[policy]]",
                "id = \"p\"",
                "type = \"repuation\"",
                "narrative = \"n\"",
            ]
        )

        check = self.check(text)

        self.assertEqual(check.returncode, 1)
        places = {
            int(match[1]) for match in re.finditer(r"checked\.toml:(\d+):\d+: ", check.stdout)
        }
        self.assertLessEqual({2, 5, 8, 11}, places, check.stdout)
        self.assertRegex(check.stdout, r"checked\.toml:2:\d+: .*deadline")
        self.assertRegex(check.stdout, r"checked\.toml:11:\d+: .*reputation")

    def test_a_file_that_is_not_there_is_named(self):
        check = posternd("--check", "--config", self.folder / "missing.toml")

        self.assertEqual(check.returncode, 1)
        self.assertIn("missing.toml", check.stdout)


if __name__ == "__main__":
    harness.main()
