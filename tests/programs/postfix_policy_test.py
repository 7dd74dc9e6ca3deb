# SPDX-License-Identifier: Apache-2.0
"""A real Postfix asks posternd over its policy socket; senders are pretended with XCLIENT."""

import postfix_server
from postfix_server import deliver, queue_of

CLEAN, LISTED = "5.9.0.6", "5.9.0.7"
CHECK = "check_policy_service { unix:postern/policy.sock, timeout=3s, default_action=DUNNO }"


class PostfixPolicy(postfix_server.TestCase):
    def postern(self, **config):
        """A posternd whose socket the chrooted smtpd reaches, and a list with one entry."""
        folder = queue_of(self.folder) / "postern"
        folder.mkdir()
        lab, daemon = self.lab_and_daemon(
            policy_socket=str(folder / "policy.sock"), gateway='socket_group = "postfix"', **config
        )
        lab.zone("one.bl.example").put(LISTED, ["127.0.0.2"])
        return daemon

    def test_a_listed_client_is_rejected_and_a_clean_one_delivered(self):
        self.postern()
        postfix = self.postfix(restrictions=[CHECK])

        listed = deliver(postfix.port, LISTED, "bad@sender.example", ["ann@corp.example"])
        clean = deliver(postfix.port, CLEAN, "good@sender.example", ["ann@corp.example"])

        self.assertEqual(listed.recipients[0].code, 550)
        self.assertIn("one", listed.recipients[0].text)
        self.assertEqual(clean.message.code, 250)
        (message,) = postfix.messages(1)
        self.assertEqual(message["Return-Path"], "<good@sender.example>")


if __name__ == "__main__":
    postfix_server.main()
