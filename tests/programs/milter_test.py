# SPDX-License-Identifier: Apache-2.0
"""posternd as a milter, by the scripts in milter/, which miltertest runs as the mail server."""

import pathlib
import shutil
import struct
import subprocess
import sys

import harness
from harness import PATIENCE_SECONDS, SKIPPED, SIX_ZONES, Gateway

SCRIPTS = pathlib.Path(__file__).parent / "milter"
MILTERTEST = shutil.which("miltertest")

CLEAN, LISTED = "5.9.0.6", "5.9.0.7"

POLICIES = """
[[policy]]
id = "bob-takes-it-from-sender"
type = "permitted_senders"
narrative = "One recipient permits what another does not"
option = "permit_sender"
from = "domain:sender.example"
to = "address:bob@corp.example"
"""


class Milter(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "milter.sock"
        dns, self.posternd = self.lab_and_daemon(
            gateway=f'milter_socket = "{self.path}"', more=POLICIES
        )
        dns.zone(SIX_ZONES[0]).put(LISTED, ["127.0.0.2"])

    def run_script(self, name):
        whole = self.folder / f"{name}.lua"
        whole.write_text((SCRIPTS / "lib.lua").read_text() + (SCRIPTS / f"{name}.lua").read_text())
        variables = {"socket": self.path, "clean": CLEAN, "listed": LISTED}
        definitions = [word for item in variables.items() for word in ("-D", "%s=%s" % item)]
        return subprocess.run(
            [MILTERTEST, *definitions, "-s", whole],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def test_every_script_hears_what_it_wants(self):
        names = sorted(path.stem for path in SCRIPTS.glob("*.lua") if path.stem != "lib")
        self.assertGreater(len(names), 5)
        for name in names:
            with self.subTest(name):
                ran = self.run_script(name)
                self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_a_script_that_wants_something_else_fails(self):
        # What the test above is worth.
        self.posternd.write_config(self.posternd.config.read_text().replace("bob@", "eve@"))
        self.posternd.hang_up()
        self.posternd.wait_for_log("event=reloaded")
        ran = self.run_script("listed")
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("not continue", ran.stdout + ran.stderr)

    def test_a_peer_that_misbehaves_is_closed_and_logged(self):
        for nonsense in (b"\0\0\0\1z", struct.pack(">I", 2 << 20), b"\0\0\0\0"):
            with self.subTest(nonsense), Gateway(str(self.path)) as peer:
                peer.send(nonsense)
                self.assertIsNone(peer.read_line())
        self.posternd.wait_for_log("event=protocol_error dialect=milter")
        self.assertEqual(self.posternd.ask(LISTED)["action"], "reject")


if __name__ == "__main__":
    if MILTERTEST is None:
        print("skipped: miltertest is not installed")
        sys.exit(SKIPPED)
    harness.main()
