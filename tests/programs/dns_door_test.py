# SPDX-License-Identifier: Apache-2.0
"""The DNS door, asked by dig: codes, reasons, test points, errors; over UDP and TCP."""

import re
import socket
import subprocess
import typing

import harness
from harness import Config
from name_servers import free_port

LISTED, CLEAN = "5.9.0.17", "5.9.0.16"
ZONE = "bl.postern.example"
ALL_CODES = 'codes = ["reject", "defer", "tag", "undecided", "score"]'


def reverse(address, zone=ZONE):
    return ".".join([*reversed(address.split(".")), zone])


def door(port, *lines):
    """The section of the configuration that opens the door."""
    return "\n".join(["[dns_door]", f'listen = "127.0.0.1:{port}"', f'zone = "{ZONE}"', *lines])


class Answer(typing.NamedTuple):
    """What dig showed: the status, and the records without the name, as text."""

    status: str
    answers: list
    text: str


def dig(port, name, kind="A", *options):
    command = ["dig", "-p", str(port), "@127.0.0.1", "+tries=1", "+time=10", "+nocmd", "+noidnin"]
    shown = subprocess.run(
        [*command, *options, name, kind], capture_output=True, text=True, check=False
    ).stdout
    status = re.search(r"status: ([A-Z]+)", shown)
    section = re.search(r";; ANSWER SECTION:\n(.*?)\n\n", shown, re.DOTALL)
    lines = section[1].split("\n") if section else []
    data = [line.split(None, 4)[4] for line in lines]
    return Answer(status[1] if status else "none", data, shown)


class DnsDoor(harness.TestCase):
    def open_door(self, *lines, more="", **config):
        """A lab, a daemon with a door, and the door's port; two lists list LISTED."""
        self.port = free_port()
        lab = self.lab()
        for zone in harness.SIX_ZONES[:2]:
            lab.zone(zone).put(LISTED, ["127.0.0.2"])
        more = door(self.port, *lines) + "\n" + more
        self.daemon(Config(port=lab.port, more=more, **config))
        return lab

    def dig(self, name, kind="A", *options):
        return dig(self.port, name, kind, *options)

    def test_listed_and_unlisted_addresses(self):
        self.open_door()
        for transport in ("+notcp", "+tcp"):
            with self.subTest(transport):
                listed = self.dig(reverse(LISTED), "A", transport)
                reason = self.dig(reverse(LISTED), "TXT", transport)
                clean = self.dig(reverse(CLEAN), "A", transport)
                self.assertEqual(listed.answers, ["127.0.0.2"], listed.text)
                self.assertRegex(reason.answers[0], f'^"Your mail server {LISTED} is on block')
                self.assertEqual((clean.status, clean.answers), ("NXDOMAIN", []))
                self.assertRegex(clean.text, rf"AUTHORITY SECTION:\n{ZONE}\.\s+30\s+IN\s+SOA")
                self.assertIn("flags: qr aa", listed.text)

    def test_test_points_and_the_apex(self):
        self.open_door(mode="monitor")
        v6 = ".0.0.0.0.0.f.7.f.f.f.f." + "0." * 20 + ZONE
        self.assertEqual(self.dig(reverse("127.0.0.2")).answers, ["127.0.0.2"])
        self.assertEqual(self.dig(reverse("127.0.0.1")).status, "NXDOMAIN")
        self.assertEqual(self.dig("2" + v6).answers, ["127.0.0.2"])
        self.assertEqual(self.dig("1" + v6).status, "NXDOMAIN")
        self.assertEqual(len(self.dig(ZONE, "SOA").answers), 1)
        self.assertEqual(self.dig(ZONE, "NS").answers, [f"{ZONE}."])
        # Who is refused is nobody's business in this mode.
        self.assertEqual(self.dig(reverse(LISTED)).status, "NXDOMAIN")

    def test_what_is_not_asked_right_is_told_so(self):
        self.open_door()
        self.assertEqual(self.dig("www.example").status, "REFUSED")
        self.assertEqual(self.dig(ZONE, "AXFR").status, "none")
        self.assertIn("Transfer failed", self.dig(ZONE, "AXFR").text)
        self.assertEqual(self.dig(ZONE, "SOA", "+opcode=notify").status, "NOTIMP")
        self.assertEqual(self.dig(reverse(LISTED), "A", "+edns=1", "+noednsneg").status, "BADVERS")
        self.assertEqual(self.dig(reverse(LISTED), "ANY", "+notcp").answers, ['"RFC8482" ""'])
        self.assertEqual(self.dig(reverse(LISTED), "MX").status, "NOERROR")
        self.assertIn("udp: 1232", self.dig(reverse(LISTED), "A", "+bufsize=4096").text)

    def test_codes_that_were_asked_for(self):
        self.open_door(ALL_CODES, hits=2)
        self.assertEqual(
            sorted(self.dig(reverse(LISTED)).answers), ["127.0.0.12", "127.0.0.2"]
        )

    def test_a_score_below_the_threshold(self):
        self.open_door(ALL_CODES, hits=3)
        scored = self.dig(reverse(LISTED))
        reason = self.dig(reverse(LISTED), "TXT")
        self.assertEqual(scored.answers, ["127.0.0.12"])
        self.assertEqual(reason.answers, ['"Listed by one, two"'])

    def test_without_them_nobody_is_listed_who_is_accepted(self):
        self.open_door(hits=3)
        self.assertEqual(self.dig(reverse(LISTED)).status, "NXDOMAIN")

    def test_mode_tag_has_a_code_of_its_own(self):
        self.open_door('codes = ["reject", "tag"]', mode="tag")
        self.assertEqual(self.dig(reverse(LISTED)).answers, ["127.0.0.4"])

    def ask_silent_lists(self, *lines, on_unknown):
        lab = self.open_door(*lines, on_unknown=on_unknown, deadline="500ms")
        for zone in lab.zones():
            zone.behave(answer="silent")
        return self.dig(reverse(CLEAN))

    def test_what_no_list_says_is_not_listed(self):
        unknown = self.ask_silent_lists(ALL_CODES, on_unknown="accept")
        self.assertEqual((unknown.status, unknown.answers), ("NXDOMAIN", []))
        self.assertRegex(unknown.text, rf"AUTHORITY SECTION:\n{ZONE}\.\s+1\s+IN\s+SOA")

    def test_what_no_list_says_is_deferred_on_request(self):
        self.assertEqual(
            self.ask_silent_lists(ALL_CODES, on_unknown="defer").answers, ["127.0.0.3"]
        )

    def test_a_deferral_is_not_told_to_those_who_know_no_codes(self):
        self.assertEqual(self.ask_silent_lists(on_unknown="defer").status, "NXDOMAIN")

    def test_policies_for_senders_leave_a_refusal_undecided(self):
        permit = "\n".join(
            [
                "[[policy]]",
                'id = "partner"',
                'type = "permitted_senders"',
                'option = "permit_sender"',
                'narrative = "A partner"',
                'from = "domain:partner.example"',
            ]
        )
        self.open_door(ALL_CODES, more=permit)
        self.assertIn("127.0.0.5", self.dig(reverse(LISTED)).answers)
        self.assertNotIn("127.0.0.2", self.dig(reverse(LISTED)).answers)

    def test_a_permit_zone(self):
        permit_list = f'[permit_list]\nranges = ["{LISTED}/32"]'
        self.open_door('permit_zone = "wl.postern.example"', more=permit_list)
        self.assertEqual(
            self.dig(reverse(LISTED, "wl.postern.example")).answers, ["127.0.0.2"]
        )
        self.assertEqual(self.dig(reverse(CLEAN, "wl.postern.example")).status, "NXDOMAIN")
        self.assertEqual(self.dig(reverse(LISTED)).status, "NXDOMAIN")

    def test_an_address_that_is_taken_is_said_so(self):
        with socket.socket(type=socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            config = Config(port=1, more=door(port))
            daemon = harness.Daemon(self.folder, config)
            started = subprocess.run(
                [harness.BIN / "posternd", "--config", daemon.config],
                capture_output=True,
                text=True,
                timeout=harness.PATIENCE_SECONDS,
                check=False,
            )
        self.assertEqual(started.returncode, 1)
        self.assertIn(f"dns_door.listen 127.0.0.1:{port}", started.stdout + started.stderr)


if __name__ == "__main__":
    harness.main()
