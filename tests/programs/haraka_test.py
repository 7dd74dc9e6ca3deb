# SPDX-License-Identifier: Apache-2.0
"""A real Haraka asks posternd through its plugin; clients are pretended with XCLIENT."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import debian_package
import harness
from debian_package import Unavailable
from harness import PATIENCE_SECONDS, ROOT, until
from name_servers import free_port
from smtp_client import Smtp

PLUGIN = ROOT / "tools/haraka-plugin-postern"
CLEAN, LISTED, SILENT = "5.9.0.6", "5.9.0.7", "5.9.0.8"

# The newest that runs on a Node of that version.
VERSIONS = {20: "haraka@3.3.4", 18: "Haraka@3.1.0"}


def installed_haraka():
    """The folder with node_modules, fetched once and kept beside the build."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Unavailable("node or npm is not installed")
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    node = int(re.match(r"v(\d+)", shown.stdout)[1])
    wanted = next((name for oldest, name in VERSIONS.items() if node >= oldest), None)
    if wanted is None:
        raise Unavailable(f"no Haraka runs on Node {node}")
    folder = debian_package.CACHE / wanted
    if not folder.exists():
        debian_package.CACHE.mkdir(parents=True, exist_ok=True)
        half = pathlib.Path(tempfile.mkdtemp(dir=debian_package.CACHE))
        install = ["npm", "install", "--no-audit", "--no-fund", "--omit=optional", "--prefix", half]
        done = subprocess.run([*install, wanted], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(half)
            raise Unavailable(f"{wanted} cannot be fetched: {done.stderr.strip()[-200:]}")
        half.rename(folder)
    return folder


class Haraka(harness.TestCase):
    def start(self, **config):
        self.lists, self.posternd = self.lab_and_daemon(**config)
        self.lists.zone("one.bl.example").put(LISTED, ["127.0.0.2"])
        self.haraka = self.folder / "haraka"
        self.port = free_port()
        shutil.copytree(PLUGIN, self.haraka / "node_modules/haraka-plugin-postern")
        ini = (PLUGIN / "config/postern.ini").read_text()
        files = {
            # One process, for it starts sooner.
            "smtp.ini": f"listen=127.0.0.1:{self.port}\nnodes=0\n",
            "me": "mx.test.example\n",
            "host_list": "corp.example\n",
            "plugins": "xclient\npostern\nrcpt_to.in_host_list\nqueue/test\n",
            "loglevel": "INFO\n",
            "postern.ini": ini.replace("/run/postern/gateway.sock", self.posternd.gateway),
        }
        (self.haraka / "config").mkdir()
        defaults = installed_haraka() / "node_modules/haraka/config"
        shutil.copy(defaults / "connection.ini", self.haraka / "config")
        for name, text in files.items():
            (self.haraka / "config" / name).write_text(text)
        self.log = self.haraka / "log"
        self._run()

    def _run(self):
        program = installed_haraka() / "node_modules/.bin/haraka"
        command = debian_package.command(self.haraka, ["node", program, "-c", self.haraka])
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The plugin queue/test leaves the messages there.
                env=os.environ | {"TMPDIR": str(self.haraka)},
            )
        self.addCleanup(self._end_haraka)
        until(self._answers, self._haraka_lives, "Haraka answers")

    def _answers(self):
        subprocess.run(["true"], check=True)  # paces the loop
        try:
            with Smtp(self.port) as smtp:
                return smtp.greeting.code == 220
        except OSError:
            return False

    def _haraka_lives(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Haraka ended: {self.log.read_text()}")

    def _end_haraka(self):
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        if self._failed():
            print("--- Haraka's log\n" + self.log.read_text(errors="replace"), file=sys.stderr)

    def send(self, client, *recipients, sender="a@sender.example"):
        with Smtp(self.port) as smtp:
            reply = smtp.xclient(client)
            self.assertEqual(reply.code, 220, reply)
            smtp.command("EHLO mx.sender.example")
            return smtp.send(sender, recipients)

    def code(self, client):
        return self.send(client, "ann@corp.example").recipients[0].code

    def test_recipients_are_refused_deferred_and_accepted(self):
        # Where a policy could still permit somebody, a connection is not refused as a whole.
        self.start(on_unknown="defer", more=PERMIT)
        self.lists.zone("one.bl.example").behave(SILENT, answer="silent")

        (refused,) = self.send(LISTED, "ann@corp.example").recipients
        self.assertEqual(refused.code, 550)
        self.assertRegex(refused.text, "^5.7.1 .* block lists: one")
        self.assertEqual(self.code(SILENT), 450)
        sent = self.send(CLEAN, "ann@corp.example", "bob@corp.example")
        self.assertEqual([reply.code for reply in sent.recipients], [250, 250])
        self.assertEqual(sent.message.code, 250)
        (permitted,) = self.send(LISTED, "ann@corp.example", sender="a@partner.example").recipients
        self.assertEqual(permitted.code, 250)

    def test_a_connection_is_refused_at_once(self):
        self.start()
        with Smtp(self.port) as smtp:
            refused = smtp.xclient(LISTED)
        self.assertEqual(refused.code, 554)
        self.assertIn("block lists: one", refused.text)

    def test_marks_become_headers(self):
        self.start(mode="tag")

        sent = self.send(LISTED, "ann@corp.example")

        self.assertEqual(sent.message.code, 250)
        (message,) = self.haraka.glob("mail_*.eml")
        self.assertIn("X-Postern: reject reason=reputation lists=one", message.read_text())

    def test_without_a_daemon_mail_flows_and_with_it_again_verdicts(self):
        self.start(more=PERMIT)
        self.posternd.stop()
        self.assertEqual(self.code(LISTED), 250)

        self.posternd.start()
        self.posternd.wait_until_lists_vote()
        self.assertEqual(self.code(LISTED), 550)


PERMIT = """
[[policy]]
id = "permit-partner"
type = "permitted_senders"
option = "permit_sender"
narrative = "Always welcome"
from = "domain:partner.example"
"""


class Plugin(harness.TestCase):
    def test_its_own_tests_pass(self):
        done = subprocess.run(
            ["node", "--test", "test/"],
            cwd=PLUGIN,
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE_SECONDS,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    try:
        debian_package.may_enter()
        installed_haraka()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(harness.SKIPPED)
    harness.main()
