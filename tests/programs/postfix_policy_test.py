# SPDX-License-Identifier: Apache-2.0
"""A real Postfix asks posternd over its policy socket; senders are pretended with XCLIENT."""

import threading

import postfix_server
from harness import PATIENCE_SECONDS
from postfix_server import Smtp, a_minute_later, deliver, queue_of

CLEAN, LISTED, LISTED_6, SILENT = "5.9.0.6", "5.9.0.7", "2a01:4f8:c17:abcd::25", "5.9.0.8"

# What docs/gateways/postfix.md tells an operator to write.
CHECK = "check_policy_service { unix:postern/policy.sock, timeout=3s, default_action=DUNNO }"
LABELLED = CHECK.replace(" }", ", policy_context=trial }")

POLICIES = """
[[policy]]
id = "permit-partner"
type = "permitted_senders"
option = "permit_sender"
narrative = "Always welcome"
from = "domain:partner.example"

[[policy]]
id = "permit-for-bob"
type = "permitted_senders"
option = "permit_sender"
narrative = "Bob wants all of it"
from = "domain:shop.example"
to = "address:bob@corp.example"

[[policy]]
id = "block-for-carol"
type = "blocked_senders"
option = "block_sender"
narrative = "Carol wants none of it"
from = "domain:shop.example"
to = "address:carol@corp.example"
"""

GREYLISTING = """
[[policy]]
id = "strangers-come-twice"
type = "greylisting"
option = "apply"
narrative = "Who comes for the first time comes again"
"""

BLOCKED_ADDRESS = """
[[policy]]
id = "block-address"
type = "blocked_senders"
option = "block_sender"
narrative = "Nobody wants to hear from there"
source_ips = ["127.0.0.2"]
"""

STRANGER = "news@shop.example"


class TestCase(postfix_server.TestCase):
    def postern(self, **config):
        """A posternd whose socket the chrooted smtpd reaches, and a list that knows who is bad."""
        folder = queue_of(self.folder) / "postern"
        folder.mkdir()
        gateway = 'socket_group = "postfix"\n' + config.pop("gateway", "")
        self.lists, self.posternd = self.lab_and_daemon(
            policy_socket=str(folder / "policy.sock"), gateway=gateway, **config
        )
        self.zone = self.lists.zone("one.bl.example")
        for client in (LISTED, LISTED_6):
            self.zone.put(client, ["127.0.0.2"])

    def send(self, client, sender=STRANGER, recipients=("ann@corp.example",)):
        return deliver(self.port, client, sender, recipients)

    def codes(self, client, **message):
        return [reply.code for reply in self.send(client, **message).recipients]


class AtRecipients(TestCase):
    """The documented way: behind reject_unauth_destination."""

    def start(self, restrictions=(CHECK,), **config):
        self.postern(**config)
        self.server = self.postfix(restrictions=restrictions)
        self.port = self.server.port

    def test_each_recipient_has_the_verdict_of_its_policies(self):
        self.start(more=POLICIES)

        refused = self.send(LISTED).recipients[0]
        self.assertEqual(refused.code, 550)
        self.assertRegex(refused.text, "^5.7.1 <ann@corp.example>: .* block lists: one")
        self.assertEqual(self.codes(LISTED_6), [550])
        self.assertEqual(self.codes(LISTED, sender="a@partner.example"), [250])
        self.assertEqual(self.codes(CLEAN, sender="boss@corp.example"), [550])

        all_three = [f"{name}@corp.example" for name in ("ann", "bob", "carol")]
        self.assertEqual(self.codes(LISTED, recipients=all_three), [550, 250, 550])
        self.assertEqual(self.codes(CLEAN, recipients=all_three), [250, 250, 550])

        delivered = [message["Delivered-To"] for message in self.server.messages(4)]
        self.assertEqual(sorted(delivered), 2 * ["ann@corp.example"] + 2 * ["bob@corp.example"])

    def test_a_stranger_is_greylisted_and_passes_when_it_comes_again(self):
        state = self.folder / "state.db"
        self.start(more=GREYLISTING, state=str(state))

        first = self.send(CLEAN).recipients[0]

        self.assertEqual(first.code, 451)
        self.assertIn("4.7.1", first.text)
        self.assertEqual(self.codes(CLEAN), [451])
        a_minute_later(self.posternd, state)
        self.assertEqual(self.codes(CLEAN), [250])

    def test_what_is_not_known_is_deferred_only_if_nobody_rejects_it_for_good(self):
        behind = "check_recipient_access inline:{ {bob@corp.example = 554 5.7.1 Bob has moved} }"
        self.start(restrictions=[CHECK, behind], on_unknown="defer")
        self.zone.behave(SILENT, answer="silent")

        asked = self.send(SILENT, recipients=["ann@corp.example", "bob@corp.example"])

        self.assertEqual([reply.code for reply in asked.recipients], [450, 554])
        self.assertIn("4.7.1", asked.recipients[0].text)

    def test_a_call_site_with_a_label_has_a_mode_of_its_own(self):
        watched = LABELLED.replace("trial", "watched")
        self.start(
            restrictions=[watched, LABELLED],
            gateway='contexts.trial.mode = "tag"\ncontexts.watched.mode = "monitor"',
        )

        self.assertEqual(self.codes(LISTED), [250])

        (marked,) = self.server.messages(1)
        self.assertEqual(marked.get_all("X-Postern"), ["reject reason=reputation lists=one"])

    def test_without_a_daemon_mail_flows_and_with_it_again_verdicts(self):
        self.start()
        self.assertEqual(self.codes(LISTED), [550])

        self.posternd.stop()
        self.assertEqual(self.codes(LISTED), [250])
        self.posternd.start()
        self.posternd.wait_until_lists_vote()

        self.assertEqual(self.codes(LISTED), [550])
        self.server.messages(1)

    def test_restarts_under_load_reject_nobody(self):
        self.start()
        enough = threading.Event()
        clients = [Client(self.port, enough) for _ in range(4)]
        for client in clients:
            client.start()
            client.sent_one.wait(PATIENCE_SECONDS)

        for _ in range(3):
            self.posternd.stop()
            self.posternd.start()
            for client in clients:
                client.sent_one.clear()
                client.sent_one.wait(PATIENCE_SECONDS)
        enough.set()

        for client in clients:
            client.join()
        self.assertEqual({code for client in clients for code in client.codes}, {250})


class Client(threading.Thread):
    """Sends message after message, with two recipients each, until it is enough."""

    def __init__(self, port, enough):
        super().__init__()
        self.port = port
        self.enough = enough
        self.sent_one = threading.Event()
        self.codes = []

    def run(self):
        recipients = ["ann@corp.example", "bob@corp.example"]
        while not self.enough.is_set():
            sent = deliver(self.port, CLEAN, "a@sender.example", recipients)
            self.codes += [reply.code for reply in (sent.sender, *sent.recipients, sent.message)]
            self.sent_one.set()


class AtOtherStates(TestCase):
    def start(self, *main, **config):
        self.postern(**config)
        self.server = self.postfix(main=main)
        self.port = self.server.port

    def test_a_connection_is_refused_before_it_says_anything(self):
        self.start(
            "smtpd_delay_reject = no", f"smtpd_client_restrictions = {CHECK}", more=BLOCKED_ADDRESS
        )

        with Smtp(self.port, source="127.0.0.2") as smtp:
            self.assertEqual(smtp.greeting.code, 421)
            self.assertIn("4.7.0", smtp.greeting.text)
        with Smtp(self.port) as smtp:
            self.assertEqual(smtp.greeting.code, 220)

    def test_a_connection_is_refused_at_helo_and_at_mail(self):
        self.start(
            "smtpd_delay_reject = no",
            f"smtpd_helo_restrictions = {CHECK}",
            f"smtpd_sender_restrictions = {CHECK}",
        )
        for client, code in ((LISTED, 550), (CLEAN, 250)):
            with Smtp(self.port) as smtp:
                smtp.xclient(client)
                self.assertEqual(smtp.command("EHLO mx.sender.example").code, code)
                self.assertEqual(smtp.command("HELO mx.sender.example").code, code)
                self.assertEqual(smtp.command("MAIL FROM:<a@sender.example>").code, code)

    def test_what_was_said_at_the_recipient_stands_at_data_and_at_the_end(self):
        self.start(
            f"smtpd_recipient_restrictions = reject_unauth_destination, {CHECK}",
            f"smtpd_data_restrictions = {CHECK}",
            f"smtpd_end_of_data_restrictions = {CHECK}",
        )
        with Smtp(self.port) as smtp:
            smtp.xclient(CLEAN)
            smtp.command("EHLO mx.sender.example")
            smtp.command("MAIL FROM:<a@sender.example>")
            self.assertEqual(smtp.command("RCPT TO:<ann@corp.example>").code, 250)
            self.zone.put(CLEAN, ["127.0.0.2"])
            self.posternd.ctl("cache", "flush")

            self.assertEqual(smtp.command("DATA").code, 354)
            self.assertEqual(smtp.command("Subject: x\r\n\r\nHello.\r\n.").code, 250)
            smtp.command("MAIL FROM:<a@sender.example>")
            self.assertEqual(smtp.command("RCPT TO:<ann@corp.example>").code, 550)

    def test_a_message_can_be_judged_at_data_alone(self):
        self.start(f"smtpd_data_restrictions = {CHECK}")
        for recipients in (["ann@corp.example"], ["ann@corp.example", "bob@corp.example"]):
            self.assertEqual(self.send(LISTED, recipients=recipients).message.code, 550)
            self.assertEqual(self.send(CLEAN, recipients=recipients).message.code, 250)

    def test_a_message_can_be_judged_at_its_end_alone(self):
        self.start(f"smtpd_end_of_data_restrictions = {CHECK}")
        for recipients in (["ann@corp.example"], ["ann@corp.example", "bob@corp.example"]):
            self.assertEqual(self.send(LISTED, recipients=recipients).message.code, 550)
            self.assertEqual(self.send(CLEAN, recipients=recipients).message.code, 250)


if __name__ == "__main__":
    postfix_server.main()
