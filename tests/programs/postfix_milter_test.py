# SPDX-License-Identifier: Apache-2.0
"""A real Postfix with posternd as its milter; senders are pretended with XCLIENT."""

import collections
import signal
import threading

import postfix_server
from postfix_server import Smtp, a_minute_later, deliver, queue_of

CLEAN, LISTED, LISTED_V6 = "5.9.0.6", "5.9.0.7", "2a01:4f8::25"
MILTER = (
    "smtpd_milters = { unix:postern/milter.sock, default_action=accept,"
    " connect_timeout=3s, command_timeout=5s }"
)

POLICIES = """
[[policy]]
id = "partner"
type = "permitted_senders"
narrative = "Their server is often listed"
option = "permit_sender"
from = "domain:partner.example"
to = "internal"

[[policy]]
id = "bob-minds-no-list"
type = "reputation"
narrative = "Bob wants everything"
definition = "none"
to = "address:bob@corp.example"

[[policy]]
id = "carol-waits"
type = "greylisting"
narrative = "Carol has time"
option = "apply"
to = "address:carol@corp.example"

[definition.reputation.none]
description = "No list"
block_lists = false

[definition.header.training]
description = "A vendor's training"
match = [ { name = "X-Training", value = "authorized" } ]

[[policy]]
id = "training"
type = "header_bypass"
narrative = "Training must arrive as it is"
definition = "training"
option = "bypass"
from = "domain:training.example"
to = "address:ann@corp.example"
source_ips = ["5.9.0.6"]
"""


class PostfixMilter(postfix_server.TestCase):
    def postern(self, gateway="", **config):
        """A posternd whose socket the chrooted smtpd reaches, and a list with two entries."""
        folder = queue_of(self.folder) / "postern"
        folder.mkdir()
        lines = f'socket_group = "postfix"\nmilter_socket = "{folder}/milter.sock"\n{gateway}'
        lab, daemon = self.lab_and_daemon(gateway=lines, more=POLICIES, **config)
        for address in (LISTED, LISTED_V6):
            lab.zone("one.bl.example").put(address, ["127.0.0.2"])
        return daemon

    def start(self, **config):
        daemon = self.postern(**config)
        return daemon, self.postfix(main=[MILTER])

    def test_a_listed_client_is_rejected_and_a_clean_one_delivered(self):
        _, postfix = self.start()

        for client in (LISTED, LISTED_V6):
            listed = deliver(postfix.port, client, "bad@sender.example", ["ann@corp.example"])
            self.assertEqual(listed.recipients[0].code, 550)
            self.assertRegex(listed.recipients[0].text, r"5\.7\.1 .*block lists: one")
        clean = deliver(postfix.port, CLEAN, "good@sender.example", ["ann@corp.example"])

        self.assertEqual(clean.message.code, 250)
        (message,) = postfix.messages(1)
        self.assertEqual(message["Return-Path"], "<good@sender.example>")
        self.assertEqual(message["X-Postern-Verdict"], "accept")
        self.assertIsNone(message["X-Postern-Skip-Spam-Scan"])

    def test_recipients_of_one_message_have_outcomes_of_their_own(self):
        _, postfix = self.start()

        session = deliver(
            postfix.port,
            LISTED,
            "a@sender.example",
            ["ann@corp.example", "bob@corp.example", "carol@corp.example", "dan@other.example"],
        )

        self.assertEqual([reply.code for reply in session.recipients], [550, 250, 550, 451])
        self.assertEqual(session.message.code, 250)
        (message,) = postfix.messages(1)
        self.assertEqual(message["X-Original-To"], "bob@corp.example")

    def test_a_stranger_is_greylisted_and_passes_when_it_comes_again(self):
        state = self.folder / "state.db"
        posternd, postfix = self.start(state=str(state))

        def send():
            return deliver(postfix.port, CLEAN, "a@sender.example", ["carol@corp.example"])

        for first in (send(), send()):
            self.assertEqual(first.recipients[0].code, 451)
            self.assertIn("4.7.1", first.recipients[0].text)
        a_minute_later(posternd, state)
        self.assertEqual(send().message.code, 250)

        (message,) = postfix.messages(1)
        self.assertEqual(message["X-Postern-Verdict"], "accept")

    def test_a_permitted_sender_passes_and_later_scanners_are_told(self):
        _, postfix = self.start()

        deliver(postfix.port, LISTED, "a@partner.example", ["ann@corp.example"])

        (message,) = postfix.messages(1)
        self.assertEqual(message["X-Postern-Skip-Spam-Scan"], "yes")
        self.assertIsNone(message["X-Postern-Attachment-Inspection"])

    def test_spoofing_is_refused_in_the_envelope_and_in_the_header(self):
        _, postfix = self.start()

        envelope = deliver(postfix.port, CLEAN, "boss@corp.example", ["ann@corp.example"])
        with Smtp(postfix.port) as smtp:
            smtp.xclient(CLEAN)
            smtp.command("EHLO mx.sender.example")
            header = smtp.send(
                "a@sender.example",
                ["ann@corp.example"],
                "From: The boss <boss@corp.example>\r\n\r\nHello.\r\n",
            )

        self.assertEqual(envelope.recipients[0].code, 550)
        self.assertEqual(header.recipients[0].code, 250)
        self.assertEqual(header.message.code, 550)
        self.assertIn("belongs to the recipient's organisation", header.message.text)

    def test_results_are_headers_and_forged_ones_are_removed(self):
        _, postfix = self.start()
        forged = (
            "X-Postern-Skip-Spam-Scan: yes\r\n"
            "Subject: test\r\n"
            "x-postern-skip-spam-scan: yes, really\r\n"
            "X-Postern-Verdict: accept twice\r\n"
            "X-Postern-Skip-Spam-Scan: yes\r\n"
        )
        with Smtp(postfix.port) as smtp:
            smtp.xclient(CLEAN)
            smtp.command("EHLO mx.training.example")
            text = "X-Training: authorized\r\n\r\nHello.\r\n"
            both = ["ann@corp.example", "bob@corp.example"]
            smtp.send("a@training.example", ["ann@corp.example"], f"Subject: alone\r\n{text}")
            # A bypass holds for the whole message or for nobody.
            smtp.send("a@training.example", both, f"Subject: both\r\n{text}")
            smtp.send("a@sender.example", ["ann@corp.example"], f"{forged}\r\nHello.\r\n")

        # Postfix delivers them in any order.
        messages = postfix.messages(4)
        (training,) = (message for message in messages if message["Subject"] == "alone")
        (honest,) = (message for message in messages if message["Subject"] == "test")
        self.assertEqual(training["X-Postern-Skip-Spam-Scan"], "yes")
        self.assertEqual(training["X-Postern-URL-Rewrite"], "bypass")
        self.assertEqual(training["X-Postern-Attachment-Inspection"], "bypass")
        self.assertEqual(training["X-Postern-Content-Examination"], "bypass")
        self.assertEqual(training["X-Postern-Impersonation"], "bypass")
        self.assertEqual(training["X-Postern-Preserve-Headers"], "X-Training")
        for message in messages:
            if message is not training:
                self.assertIsNone(message["X-Postern-Skip-Spam-Scan"])
                self.assertIsNone(message["X-Postern-URL-Rewrite"])
        self.assertEqual(honest.get_all("X-Postern-Verdict"), ["accept"])

    def test_a_client_that_has_logged_in_may_send_out(self):
        _, postfix = self.start()
        replies = {}
        for login in ({}, {"login": "ann"}):
            with Smtp(postfix.port) as smtp:
                smtp.xclient(LISTED, **login)
                smtp.command("EHLO laptop.example")
                sent = smtp.send("ann@corp.example", ["dan@other.example"])
                replies[bool(login)] = sent.recipients[0]

        self.assertEqual(replies[True].code, 250, replies)
        self.assertEqual(replies[False].code, 451, replies)

    def test_tag_mode_marks(self):
        _, postfix = self.start(mode="tag")

        deliver(postfix.port, LISTED, "a@sender.example", ["ann@corp.example"])

        (message,) = postfix.messages(1)
        self.assertEqual(message["X-Postern"], "reject reason=reputation lists=one")

    def test_monitor_mode_adds_nothing(self):
        _, postfix = self.start(mode="monitor")

        deliver(postfix.port, LISTED, "a@partner.example", ["ann@corp.example"])

        (message,) = postfix.messages(1)
        self.assertEqual([name for name in message.keys() if name.startswith("X-Postern")], [])

    def test_with_quarantine_a_message_refused_at_its_end_is_held(self):
        _, postfix = self.start(gateway="milter_quarantine = true")
        with Smtp(postfix.port) as smtp:
            smtp.xclient(CLEAN)
            smtp.command("EHLO mx.sender.example")
            text = "From: boss@corp.example\r\n\r\nHello.\r\n"
            sent = smtp.send("a@sender.example", ["ann@corp.example"], text)

        self.assertEqual(sent.message.code, 250)
        self.assertRegex(postfix.queued(), r"(?m)^[0-9A-F]+!")

    def test_while_posternd_is_stopped_mail_flows(self):
        posternd, postfix = self.start()
        self.assertEqual(posternd.stop(), 0)

        session = deliver(postfix.port, LISTED, "a@sender.example", ["ann@corp.example"])

        self.assertEqual(session.message.code, 250)
        self.assertEqual(len(postfix.messages(1)), 1)

    def test_while_posternd_hangs_mail_flows(self):
        posternd, postfix = self.start()
        posternd.process.send_signal(signal.SIGSTOP)
        self.addCleanup(posternd.process.send_signal, signal.SIGCONT)

        session = deliver(postfix.port, LISTED, "a@sender.example", ["ann@corp.example"])

        self.assertEqual(session.message.code, 250)
        self.assertEqual(len(postfix.messages(1)), 1)

    def test_restarts_under_load_reject_nobody(self):
        posternd, postfix = self.start()
        replies = collections.Counter()
        over = threading.Event()

        def send():
            while not over.is_set():
                session = deliver(postfix.port, CLEAN, "a@sender.example", ["ann@corp.example"])
                codes = [session.sender, *session.recipients, session.message]
                replies.update(reply.code for reply in codes if reply is not None)

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        for _ in range(4):
            before = replies[250]
            postfix_server.until(
                lambda enough=before + 30: posternd.ctl("ping") and replies[250] >= enough,
                lambda: None,
                "mail flows between two restarts",
            )
            self.assertEqual(posternd.stop(), 0)
            posternd.start()
        over.set()
        for sender in senders:
            sender.join()

        self.assertEqual(set(replies), {250})


if __name__ == "__main__":
    postfix_server.main()
