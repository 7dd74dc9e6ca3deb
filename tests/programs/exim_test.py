# SPDX-License-Identifier: Apache-2.0
"""A real Exim asks posternd with the statements of tools/exim, in its host-checking mode (-bh)."""

import re
import subprocess
import sys

import debian_package
import harness
from harness import PATIENCE_SECONDS, ROOT

CLEAN, LISTED, SILENT = "5.9.0.6", "5.9.0.7", "5.9.0.8"
USER = "Debian-exim"

CONFIGURATION = """
primary_hostname = mx.test.example
spool_directory = {folder}/spool
log_file_path = {folder}/exim_%slog
acl_smtp_rcpt = acl_check_rcpt
domainlist local_domains = corp.example
begin acl
acl_check_rcpt:
  deny    domains = !+local_domains
          message = relay not permitted
{statements}
  accept
"""


def whole_replies(text):
    """One line for each reply: Exim breaks long ones, and begins each part with the codes."""
    replies = []
    so_far = []
    for code, separator, words in re.findall(r"^(\d{3})([- ])(.*?)\r?$", text, re.MULTILINE):
        so_far.append(re.sub(r"^\d\.\d\.\d ", "", words) if so_far else words)
        if separator == " ":
            replies.append(" ".join([code, *so_far]))
            so_far = []
    return replies


class Exim(harness.TestCase):
    def start(self, **config):
        self.lists, self.posternd = self.lab_and_daemon(**config)
        self.lists.zone("one.bl.example").put(LISTED, ["127.0.0.2"])
        self.exim = self.folder / "exim"
        (self.exim / "spool").mkdir(parents=True)
        statements = (ROOT / "tools/exim/postern.acl").read_text()
        (self.exim / "exim.conf").write_text(
            CONFIGURATION.format(
                folder=self.exim,
                statements=statements.replace("/run/postern/gateway.sock", self.posternd.gateway),
            )
        )
        # Exim gives up root's rights and becomes a user that is not in our socket's group.
        (self.folder / "gateway.sock").chmod(0o666)

    def session(self, client, *recipients):
        """The replies to RCPT from `client`, as Exim would give them."""
        commands = [
            "EHLO mx.sender.example",
            "MAIL FROM:<a@sender.example>",
            *(f"RCPT TO:<{address}>" for address in recipients),
            "QUIT",
        ]
        program = debian_package.unpacked("exim4-daemon-light") / "usr/sbin/exim4"
        argv = [program, "-C", self.exim / "exim.conf", "-bh", client]
        done = subprocess.run(
            debian_package.command(self.exim, argv, users=[USER]),
            input="".join(f"{line}\r\n" for line in commands),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        replies = whole_replies(done.stdout)
        # Greeting, EHLO, MAIL, the recipients, QUIT.
        self.assertEqual(len(replies), len(recipients) + 4, done.stdout + done.stderr)
        self.trace = done.stderr
        return replies[3:-1]

    def test_recipients_are_refused_deferred_and_accepted(self):
        self.start(on_unknown="defer")
        self.lists.zone("one.bl.example").behave(SILENT, answer="silent")

        (refused,) = self.session(LISTED, "ann@corp.example")
        self.assertRegex(refused, "^550 5.7.1 .* block lists: one")
        (deferred,) = self.session(SILENT, "ann@corp.example")
        self.assertRegex(deferred, "^451 4.7.1 ")
        accepted = self.session(CLEAN, "ann@corp.example", "bob@elsewhere.example")
        self.assertEqual([reply[:3] for reply in accepted], ["250", "550"])

    def test_marks_become_headers(self):
        self.start(mode="tag")

        (accepted,) = self.session(LISTED, "ann@corp.example")

        self.assertTrue(accepted.startswith("250"), accepted)
        self.assertIn("X-Postern: reject reason=reputation lists=one", self.trace)

    def test_without_a_daemon_mail_flows(self):
        self.start()
        self.posternd.stop()

        (accepted,) = self.session(LISTED, "ann@corp.example")

        self.assertTrue(accepted.startswith("250"), accepted)


if __name__ == "__main__":
    try:
        debian_package.may_enter()
        debian_package.unpacked("exim4-daemon-light")
    except debian_package.Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(harness.SKIPPED)
    harness.main()
