# SPDX-License-Identifier: Apache-2.0
"""The DNS door behind a site's resolver: Postfix asks through unbound, by reject_rbl_client."""

import socket

import postfix_server
from dns_door_test import ZONE, door
from harness import SIX_ZONES, Config
from name_servers import Unbound, free_port
from postfix_server import deliver

CLEAN, LISTED, SILENT = "5.9.0.16", "5.9.0.17", "5.9.0.18"


def resolver_address():
    """An address of the loopback net whose port 53 is free: resolv.conf knows no ports."""
    for last in range(2, 255):
        address = f"127.0.53.{last}"
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((address, 53))
                udp.bind((address, 53))
            except OSError:
                continue
            return address
    raise OSError("port 53 is taken on every address")


class DnsDoorServers(postfix_server.TestCase):
    def open_door(self, *lines, **config):
        """A lab, a daemon with a door, and unbound in front of it at self.resolver."""
        port = free_port()
        lab = self.lab()
        lab.zone(SIX_ZONES[0]).put(LISTED, ["127.0.0.2"])
        daemon = self.daemon(Config(port=lab.port, more=door(port, *lines), **config))
        self.resolver = resolver_address()
        unbound = Unbound({ZONE: port}, self.folder / "unbound", (self.resolver, 53))
        self.addCleanup(unbound.close)
        return lab, daemon

    def postfix_with(self, *restrictions, main=()):
        # One attempt, so that a test of a dead server does not wait for glibc's second.
        return self.postfix(
            restrictions=restrictions,
            main=main,
            resolv_conf=f"nameserver {self.resolver}\noptions timeout:2 attempts:1\n",
        )

    def first_recipient(self, postfix, client):
        return deliver(postfix.port, client, "a@sender.example", ["ann@corp.example"]).recipients[0]

    def test_postfix_rejects_who_is_listed_and_says_why(self):
        _, daemon = self.open_door()
        postfix = self.postfix_with(f"reject_rbl_client {ZONE}=127.0.0.2")

        listed = self.first_recipient(postfix, LISTED)
        clean = self.first_recipient(postfix, CLEAN)
        self.assertEqual(listed.code, 554)
        self.assertIn(f"blocked using {ZONE}", listed.text)
        self.assertIn(f"Your mail server {LISTED} is on block lists: one", listed.text)
        self.assertEqual(clean.code, 250)

        # Postern is down: the name is not found out, and mail flows.
        daemon.stop()
        unseen = self.first_recipient(postfix, "5.9.0.99")
        self.assertEqual(unseen.code, 250)
        self.assertIn("RBL lookup error", postfix.log_text())

    def test_postfix_defers_what_the_code_for_it_says(self):
        lab, _ = self.open_door(
            'codes = ["reject", "defer"]', on_unknown="defer", deadline="500ms"
        )
        for zone in lab.zones():
            zone.behave(SILENT, answer="silent")
        replies = self.folder / "rbl_reply"
        replies.write_text(
            f"{ZONE}=127.0.0.3 450 4.7.1 Please try again later; $rbl_class [$rbl_what]"
            " ${rbl_reason?$rbl_reason}\n"
        )
        postfix = self.postfix_with(
            f"reject_rbl_client {ZONE}=127.0.0.2",
            f"reject_rbl_client {ZONE}=127.0.0.3",
            main=[f"rbl_reply_maps = texthash:{replies}"],
        )

        self.assertEqual(self.first_recipient(postfix, LISTED).code, 554)
        self.assertEqual(self.first_recipient(postfix, SILENT).code, 450)
        self.assertEqual(self.first_recipient(postfix, CLEAN).code, 250)


if __name__ == "__main__":
    postfix_server.main(own_resolver=True)
