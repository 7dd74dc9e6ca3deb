# SPDX-License-Identifier: Apache-2.0
"""A real OpenSMTPD asks posternd through the filter postern-opensmtpd."""

import shutil
import subprocess
import sys

import debian_package
import harness
from harness import BIN, PATIENCE_SECONDS, until
from name_servers import free_port
from smtp_client import Smtp

# smtpd has no XCLIENT: who connects is the client, so these are loopback addresses.
CLEAN, BLOCKED = "127.0.0.1", "127.0.0.3"
USERS = ("opensmtpd", "opensmtpq")

POLICIES = """
[[policy]]
id = "block-address"
type = "blocked_senders"
option = "block_sender"
narrative = "Nobody wants to hear from there"
source_ips = ["127.0.0.3"]

[[policy]]
id = "block-rival"
type = "blocked_senders"
option = "block_sender"
narrative = "Carol wants none of it"
from = "domain:rival.example"
to = "address:carol@corp.example"

[[policy]]
id = "strangers-come-twice"
type = "greylisting"
option = "apply"
narrative = "Who comes for the first time comes again"
from = "domain:stranger.example"
"""

CONFIGURATION = """
filter "postern" proc-exec "{filter} --socket {socket} --timeout-ms 20000"
listen on 127.0.0.1 port {port} filter "postern"
table everybody {{ "@corp.example" = nobody }}
action "keep" maildir "{folder}/mail" virtual <everybody>
match from any for domain "corp.example" action "keep"
"""


class OpenSmtpd(harness.TestCase):
    def start(self, **config):
        self.lists, self.posternd = self.lab_and_daemon(
            gateway='socket_mode = "0666"', more=POLICIES, **config
        )
        self.smtpd = self.folder / "smtpd"
        self.smtpd.mkdir()
        # The filter runs without root's rights, and may not see the folder where it is built.
        program = shutil.copy(BIN / "postern-opensmtpd", self.smtpd)
        self.port = free_port()
        configuration = self.smtpd / "smtpd.conf"
        configuration.write_text(
            CONFIGURATION.format(
                filter=program, socket=self.posternd.gateway, port=self.port, folder=self.smtpd
            )
        )
        self.log = self.smtpd / "log"
        files = debian_package.unpacked("opensmtpd")
        argv = [files / "usr/sbin/smtpd", "-d", "-f", configuration]
        command = debian_package.command(
            self.smtpd,
            argv,
            users=USERS,
            empty=["/run", "/var/spool", "/var/lib"],
            folders=["/var/lib/opensmtpd/empty"],
        )
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.addCleanup(self._end_smtpd)
        until(self._answers, self._smtpd_lives, "smtpd answers")

    def _answers(self):
        # A look at the processes paces the loop.
        subprocess.run(["true"], check=True)
        try:
            with Smtp(self.port) as smtp:
                return smtp.greeting.code == 220
        except OSError:
            return False

    def _smtpd_lives(self):
        if self.process.poll() is not None:
            raise AssertionError(f"smtpd ended: {self.log.read_text()}")

    def _end_smtpd(self):
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        if self._failed():
            print("--- smtpd's log\n" + self.log.read_text(errors="replace"), file=sys.stderr)

    def send(self, sender, *recipients):
        with Smtp(self.port) as smtp:
            smtp.command("EHLO mx.sender.example")
            return smtp.send(sender, recipients)

    def test_recipients_are_refused_deferred_and_accepted(self):
        self.start()

        sent = self.send("a@rival.example", "carol@corp.example", "ann@corp.example")
        self.assertEqual([reply.code for reply in sent.recipients], [550, 250])
        self.assertTrue(sent.recipients[0].text.startswith("5.7.1 "), sent.recipients[0])
        self.assertEqual(sent.message.code, 250)
        (deferred,) = self.send("a@stranger.example", "ann@corp.example").recipients
        self.assertEqual(deferred.code, 451)
        (spoofed,) = self.send("boss@corp.example", "ann@corp.example").recipients
        self.assertEqual(spoofed.code, 550)

    def test_a_blocked_address_is_disconnected(self):
        self.start()

        with Smtp(self.port, source=BLOCKED) as smtp:
            self.assertEqual(smtp.greeting.code, 421)
            self.assertRaises(ConnectionError, smtp.read_reply)
        with Smtp(self.port, source=CLEAN) as smtp:
            self.assertEqual(smtp.greeting.code, 220)

    def test_without_a_daemon_mail_flows_and_with_it_again_verdicts(self):
        self.start()
        self.posternd.stop()
        (accepted,) = self.send("a@rival.example", "carol@corp.example").recipients
        self.assertEqual(accepted.code, 250)

        self.posternd.start()
        (refused,) = self.send("a@rival.example", "carol@corp.example").recipients
        self.assertEqual(refused.code, 550)


if __name__ == "__main__":
    try:
        debian_package.may_enter()
        debian_package.unpacked("opensmtpd")
    except debian_package.Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(harness.SKIPPED)
    harness.main()
