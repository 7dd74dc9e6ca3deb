# SPDX-License-Identifier: Apache-2.0
"""What strangers write reaches no log line, no SMTP reply and no JSON but escaped."""

import json

import harness
from harness import JsonGateway, NativeGateway, PostfixGateway, request

ZONE = "one.bl.example"
LISTED = "5.9.0.7"

LONG = "x" * 65_000
NASTY = {
    "a line end": "mx.example\r\n550 forged",
    "a line feed": "mx\naction=OK\n\n",
    "an escape sequence": "mx\x1b[2J\x1b]0;title\x07",
    "a NUL": "mx\x00mx",
    "quotes": 'mx" event=forged what="',
    "a line separator": "mx\u2028mx\x85",
    "64 KiB": LONG,
}
INVALID_UTF8 = b"mx\xff\xfe\xc3("


def raw_json(field, value):
    """A request whose field holds bytes that json.dumps would not write."""
    whole = json.dumps(request(LISTED, **{field: "@@"})).encode()
    return whole.replace(b"@@", value) + b"\n"


class Injection(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dns = self.lab((ZONE,))
        self.dns.zone(ZONE).put(LISTED, ["127.0.0.2"])
        more = f'[log]\nformat = "{self.log_format}"\ndecisions_per_second = 0\n'
        config = harness.Config(port=self.dns.port, zones=(ZONE,), more=more)
        self.posternd = self.daemon(config)
        self.addCleanup(self.assert_log_is_clean)

    log_format = "text"

    def events(self):
        """The lines of the log, each of which must be one whole event."""
        for line in self.posternd.log.read_bytes().split(b"\n")[:-1]:
            self.assertTrue(all(0x20 <= byte < 0x7F for byte in line), line)
            self.assertLess(len(line), 20_000)
            yield self.parse(line.decode())

    def parse(self, line):
        return harness.parse_log_line(line)

    def assert_log_is_clean(self):
        for event in self.events():
            self.assertEqual(list(event)[:3], ["ts", "level", "event"])

    def test_each_decision_has_one_line(self):
        for i in range(10):
            for text in NASTY.values():
                self.posternd.ask(LISTED, id=f"{i}{text}", helo=text, mail_from=f"{text}@b.example")
        self.assertEqual(self.posternd.stop(), 0)
        names = [event["event"] for event in self.events()]
        self.assertEqual(len([name for name in names if name in ("decision", b"decision")]), 70)

    def test_in_json_each_reply_is_one_line_that_parses(self):
        for what, text in NASTY.items():
            for field, value in (
                ("helo", text),
                ("hostname", text),
                ("mail_from", f"{text}@b.example"),
                ("recipients", [f"{text}@corp.example"]),
                ("headers", [["From", text], ["Subject", text]]),
                ("id", text),
            ):
                with self.subTest(what, field=field), JsonGateway(self.posternd.gateway) as gateway:
                    decision = gateway.ask(request(LISTED, **{field: value}))
                    self.assertEqual(decision["action"], "reject")
                    self.assertEqual(gateway.ask({"client": LISTED})["action"], "reject")

    def test_bytes_that_are_no_utf_8_harm_nobody(self):
        for field in ("helo", "mail_from", "id"):
            with self.subTest(field), JsonGateway(self.posternd.gateway) as gateway:
                gateway.send(raw_json(field, INVALID_UTF8))
                self.assertTrue({"error", "action"} & set(gateway.receive()))
                self.assertEqual(gateway.ask({"client": LISTED})["action"], "reject")

    def test_an_error_about_a_field_is_one_line_that_parses(self):
        for what, text in NASTY.items():
            with self.subTest(what), JsonGateway(self.posternd.gateway) as gateway:
                self.assertIn("error", gateway.ask({"client": LISTED, text: 1}))
                self.assertIn("error", gateway.ask({"client": text}))
            with self.subTest(what), NativeGateway(self.posternd.gateway) as gateway:
                gateway.submit_message(1, {"client": LISTED, text: 1})
                kind, _, _ = gateway.receive()
                self.assertEqual(kind, NativeGateway.ERROR)

    def test_a_reply_to_postfix_stays_one_printable_line(self):
        # A line end cannot be inside of an attribute: it ends it.
        for value in (b"mx\x1b[2J", b"mx\x00mx", INVALID_UTF8, b"x" * 60_000, b"mx\r\r"):
            for name in (b"helo_name", b"sender", b"client_name"):
                with self.subTest(name=name, value=value[:20]):
                    self.assert_one_line(name, value)

    def assert_one_line(self, name, value):
        with PostfixGateway(self.posternd.gateway) as gateway:
            gateway.send(
                b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=5.9.0.7\n"
                b"recipient=ann@corp.example\n" + name + b"=" + value + b"\n\n"
            )
            line = gateway.read_line()
            self.assertRegex(line, rb"^action=(550 5\.7\.1|WARN) [\x20-\x7e]{1,900}$")
            self.assertEqual(gateway.read_line(), b"")
            self.assertRegex(gateway.ask_rcpt(LISTED), "^550 ")


class InjectionIntoJson(Injection):
    log_format = "json"

    def parse(self, line):
        return json.loads(line)


if __name__ == "__main__":
    harness.main()
