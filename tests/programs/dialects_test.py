# SPDX-License-Identifier: Apache-2.0
"""The gateway socket: each dialect, and what becomes of those who speak none."""

import harness
from harness import SIX_ZONES, JsonGateway, NativeGateway, PostfixGateway, request

LISTED, CLEAR = "5.9.0.7", "5.9.0.8"


class Dialects(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dns, self.posternd = self.lab_and_daemon()
        self.dns.zone(SIX_ZONES[0]).put(LISTED, ["127.0.0.2"])

    def assert_others_are_served(self):
        self.assertEqual(self.posternd.ask(LISTED)["action"], "reject")

    def test_json_lines_are_answered_in_order(self):
        with JsonGateway(self.posternd.gateway) as gateway:
            for number in range(50):
                client = LISTED if number % 2 else CLEAR
                gateway.submit(request(client, id=str(number)))
            answers = [gateway.receive() for _ in range(50)]

        self.assertEqual([answer["id"] for answer in answers], [str(n) for n in range(50)])
        self.assertEqual({answer["action"] for answer in answers[1::2]}, {"reject"})
        self.assertEqual({answer["action"] for answer in answers[0::2]}, {"accept"})

    def test_a_rejection_says_code_list_and_policy(self):
        decision = self.posternd.ask(LISTED, id="q1")

        self.assertEqual((decision["code"], decision["enhanced"]), (550, "5.7.1"))
        self.assertEqual(decision["reason"], "reputation")
        self.assertEqual(decision["stage"], "envelope")
        self.assertIn("one", decision["text"])
        self.assertEqual(decision["recipients"][0]["address"], "ann@corp.example")

    def test_a_request_without_a_sender_is_about_the_connection(self):
        with JsonGateway(self.posternd.gateway) as gateway:
            decision = gateway.ask({"client": LISTED})

        self.assertEqual(decision["action"], "reject")
        self.assertEqual(decision["recipients"], [])

    def test_native_frames_are_answered_by_tag(self):
        with NativeGateway(self.posternd.gateway) as gateway:
            gateway.submit(7, LISTED)
            gateway.submit(8, CLEAR)
            gateway.submit_message(9, request(LISTED, id="q9"))
            gateway.submit_ping(10)
            replies = [gateway.receive() for _ in range(4)]

        kinds = {tag: kind for kind, tag, _ in replies}
        said = {tag: what for _, tag, what in replies}
        self.assertEqual(
            kinds,
            {
                7: NativeGateway.ANSWER,
                8: NativeGateway.ANSWER,
                9: NativeGateway.DECISION,
                10: NativeGateway.PONG,
            },
        )
        self.assertEqual((said[7]["action"], said[7]["listed"]), ("reject", 0b1))
        self.assertEqual((said[8]["action"], said[8]["listed"]), ("accept", 0))
        self.assertEqual((said[9]["action"], said[9]["id"]), ("reject", "q9"))

    def test_a_quick_native_answer_overtakes_a_slow_one(self):
        self.dns.zone(SIX_ZONES[0]).behave(CLEAR, delay=0.3)
        with NativeGateway(self.posternd.gateway) as gateway:
            gateway.submit(1, CLEAR)
            gateway.submit(2, LISTED)
            order = [gateway.receive()[1] for _ in range(2)]

        self.assertEqual(order, [2, 1])

    def test_a_native_frame_that_makes_no_sense_gets_an_error_under_its_tag(self):
        with NativeGateway(self.posternd.gateway) as gateway:
            gateway.submit_message(5, {"client": "not an address"})
            kind, tag, text = gateway.receive()
            gateway.submit(6, LISTED)
            next_kind, next_tag, _ = gateway.receive()

        self.assertEqual((kind, tag), (NativeGateway.ERROR, 5))
        self.assertIn(b"client", text)
        self.assertEqual((next_kind, next_tag), (NativeGateway.ANSWER, 6))
        self.assert_others_are_served()

    def test_postfix_is_told_to_go_on_or_to_reject(self):
        for path in (self.posternd.gateway, self.posternd.policy):
            with self.subTest(path), PostfixGateway(path) as gateway:
                self.assertEqual(gateway.ask_rcpt(CLEAR), "DUNNO")
                self.assertRegex(gateway.ask_rcpt(LISTED), r"^550 5\.7\.1 .*one")
                self.assertEqual(gateway.ask_rcpt(CLEAR), "DUNNO")

    def test_postfix_is_judged_at_the_states_that_it_may_be_asked_at(self):
        with PostfixGateway(self.posternd.gateway) as gateway:
            rejected = gateway.ask(protocol_state="CONNECT", client_address=LISTED)
            greeted = gateway.ask(protocol_state="EHLO", client_address=LISTED, helo_name="x")
            verified = gateway.ask(protocol_state="VRFY", client_address=LISTED, helo_name="x")

        self.assertRegex(rejected, r"^5\d\d 5\.7\.1 ")
        self.assertRegex(greeted, r"^5\d\d 5\.7\.1 ")
        self.assertEqual(verified, "DUNNO")

    def test_a_peer_that_half_closes_gets_its_answers(self):
        # Exim's ${readsocket} asks like this.
        with PostfixGateway(self.posternd.gateway) as gateway:
            gateway.submit(
                protocol_state="RCPT",
                client_address=LISTED,
                sender="a@sender.example",
                recipient="ann@corp.example",
            )
            gateway.finish()
            self.assertRegex(gateway.receive(), "^550 ")
            self.assertIsNone(gateway.read_line())

    def test_malformed_json_gets_an_error_and_the_connection_goes_on(self):
        bad = (b'{"client":', b'{"client":"5.9.0.7"', b'{"client":"not an address"}', b"{}",
               b'{"client":"5.9.0.8","colour":"red"}', b'{"client":17}')  # fmt: skip
        for line in bad:
            with self.subTest(line), JsonGateway(self.posternd.gateway) as gateway:
                gateway.send(line + b"\n")
                self.assertIn("error", gateway.receive())
                self.assertEqual(gateway.ask(request(CLEAR))["action"], "accept")
        self.assert_others_are_served()

    def test_malformed_postfix_requests_harm_no_mail(self):
        bad = (
            b"no equals sign\n\n",
            b"request=smtpd_access_policy\n\n",
            b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=mx\n\n",
        )
        for text in bad:
            with self.subTest(text), PostfixGateway(self.posternd.gateway) as gateway:
                gateway.send(text)
                # Words that Postfix does not know, or that refuse, would cost mail.
                self.assertRegex(gateway.receive(), "^(DUNNO|WARN|INFO)")
        self.assert_others_are_served()

    def test_a_peer_that_keeps_on_talking_nonsense_is_closed(self):
        with JsonGateway(self.posternd.gateway) as gateway:
            gateway.send(b'{"client":"nonsense"}\n' * 100)
            answers = 0
            while gateway.read_line() is not None:
                answers += 1

        self.assertGreaterEqual(answers, 1)
        self.assertLess(answers, 100)
        self.assert_others_are_served()

    def test_bytes_of_no_dialect_close_the_connection(self):
        for data in (b"\x00\x01\x02\x03", b"\xd1" * 64, b"\x16\x03\x01\x02\x00"):
            with self.subTest(data), JsonGateway(self.posternd.gateway) as gateway:
                gateway.send(data)
                gateway.finish()
                while gateway.read_line() is not None:
                    pass
        self.assert_others_are_served()

    def test_a_line_without_end_is_given_up(self):
        with JsonGateway(self.posternd.gateway) as gateway:
            gateway.send(b'{"client":"')
            try:
                for _ in range(1024):
                    gateway.send(b"x" * 65536)
                while gateway.read_line() is not None:
                    pass
            except (BrokenPipeError, ConnectionResetError):
                pass  # Closed while we were still talking.
        self.assert_others_are_served()


class Transactions(harness.TestCase):
    STEPS = (
        {"stage": "connect", "client": CLEAR},
        {"stage": "mail", "mail_from": "a@sender.example"},
        {"stage": "rcpt", "recipients": ["ann@corp.example"]},
        {"stage": "rcpt", "recipients": ["dan@elsewhere.example"]},
        {"stage": "headers", "headers": [["From", "a@sender.example"]]},
        {"stage": "end"},
    )

    def setUp(self):
        super().setUp()
        self.dns, self.posternd = self.lab_and_daemon()

    def test_the_lists_are_asked_once_and_the_message_judged_for_who_was_accepted(self):
        with JsonGateway(self.posternd.gateway) as gateway:
            said = [gateway.ask({"transaction": "t1"} | step) for step in self.STEPS]

        self.assertEqual(
            [decision["action"] for decision in said],
            ["accept", "accept", "accept", "defer", "accept", "accept"],
        )
        self.assertEqual(said[3]["reason"], "open_relay")
        for decision in said[4:]:
            (recipient,) = decision["recipients"]
            self.assertEqual(recipient["address"], "ann@corp.example")
            self.assertEqual(recipient["content"]["spam_scan"]["do"], "run")
        self.assertEqual(len(self.dns.queries(SIX_ZONES[0], CLEAR)), 1)

    def test_native_messages_are_answered_alike(self):
        with (
            JsonGateway(self.posternd.gateway) as lines,
            NativeGateway(self.posternd.gateway) as native,
        ):
            for tag, step in enumerate(self.STEPS):
                step = {"transaction": "t1"} | step
                native.submit_message(tag, step)
                kind, answered, decision = native.receive()
                line = lines.ask(step)
                for timed in (line, decision):
                    timed.pop("elapsed_us")
                self.assertEqual((kind, answered), (NativeGateway.DECISION, tag))
                self.assertEqual(decision, line)


class Modes(harness.TestCase):
    def test_monitor_accepts_and_says_what_it_would_have_done(self):
        lab, daemon = self.lab_and_daemon(mode="monitor")
        lab.zone(SIX_ZONES[0]).put(LISTED, ["127.0.0.2"])

        decision = daemon.ask(LISTED)
        with PostfixGateway(daemon.gateway) as gateway:
            action = gateway.ask_rcpt(LISTED)

        self.assertEqual((decision["action"], decision["reason"]), ("accept", "reputation"))
        self.assertEqual(action, "DUNNO")

    def test_tag_accepts_and_marks(self):
        lab, daemon = self.lab_and_daemon(mode="tag")
        lab.zone(SIX_ZONES[0]).put(LISTED, ["127.0.0.2"])

        with PostfixGateway(daemon.gateway) as gateway:
            action = gateway.ask_rcpt(LISTED)

        self.assertRegex(action, "^PREPEND X-Postern: reject")


if __name__ == "__main__":
    harness.main()
