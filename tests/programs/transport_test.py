# SPDX-License-Identifier: Apache-2.0
"""DNS on the wire: truncation, forgeries, unpredictable questions, servers that are gone."""

import socket

import harness
from harness import SIX_ZONES, reputation

FIRST = SIX_ZONES[0]
ADDRESS = "5.9.0.7"


class Transport(harness.TestCase):
    def test_a_truncated_answer_is_fetched_over_tcp(self):
        lab, daemon = self.lab_and_daemon()
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2", "127.0.0.4"])
        lab.zone(FIRST).behave(ADDRESS, answer="truncated")

        decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "reject")
        transports = [event.transport for event in lab.queries(FIRST, ADDRESS)]
        self.assertEqual(transports, ["udp", "tcp"])

    def test_replies_to_something_else_are_not_believed(self):
        lab, daemon = self.lab_and_daemon()
        forgeries = (("one", "wrong_id"), ("two", "wrong_name"), ("three", "wrong_case"))
        for number, (name, forgery) in enumerate(forgeries, start=1):
            with self.subTest(forgery):
                address = f"5.9.0.{number}"
                zone = lab.zone(f"{name}.bl.example")
                zone.put(address, ["127.0.0.2"])
                zone.behave(address, answer=forgery)

                decision = daemon.ask(address)

                self.assertEqual(decision["action"], "accept")
                self.assertEqual(reputation(decision)["unknown"], [name])

    def test_a_lost_question_is_asked_again(self):
        lab, daemon = self.lab_and_daemon(deadline="10s", timeout="300ms", attempts=3)
        lab.zone(FIRST).put(ADDRESS, ["127.0.0.2"])
        lab.zone(FIRST).behave(ADDRESS, loss="x.")

        self.assertEqual(daemon.ask(ADDRESS)["action"], "reject")
        self.assertEqual(len(lab.queries(FIRST, ADDRESS)), 2)


class Unpredictability(harness.TestCase):
    def test_questions_differ_in_id_port_and_letter_case(self):
        lab, daemon = self.lab_and_daemon()
        before = len(lab.queries())
        for last in range(1, 101):
            daemon.ask(f"5.9.1.{last}")
        queries = lab.queries()[before:]

        self.assertGreaterEqual(len(queries), 600)
        self.assertGreater(len({event.id for event in queries}), len(queries) * 9 // 10)
        self.assertGreaterEqual(len({event.source_port for event in queries}), 8)
        mixed = [event for event in queries if not (event.name.islower() or event.name.isupper())]
        self.assertGreater(len(mixed), len(queries) * 9 // 10)

    def test_ids_do_not_follow_each_other(self):
        lab, daemon = self.lab_and_daemon()
        for last in range(1, 101):
            daemon.ask(f"5.9.2.{last}")
        ids = [event.id for event in lab.queries(FIRST)]

        steps = {(after - before) % 65536 for before, after in zip(ids, ids[1:], strict=False)}
        self.assertGreater(len(steps), len(ids) // 2)


class DeadServers(harness.TestCase):
    def test_silence_is_answered_by_the_deadline_as_unknown(self):
        lab, daemon = self.lab_and_daemon(deadline="500ms")
        for zone in lab.zones():
            zone.put(ADDRESS, ["127.0.0.2"])
            zone.behave(ADDRESS, answer="silent")

        decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "accept")
        self.assertTrue(decision["degraded"])
        self.assertEqual(len(reputation(decision)["unknown"]), 6)
        # The promise is 50 ms over the deadline; the rest is for a machine that is busy.
        self.assertLess(decision["elapsed_us"], 1_000_000)

    def test_silence_defers_where_the_definition_says_so(self):
        lab, daemon = self.lab_and_daemon(deadline="500ms", on_unknown="defer")
        lab.zone(FIRST).behave(ADDRESS, answer="silent")

        decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "defer")
        self.assertEqual(decision["reason"], "reputation_unknown")
        self.assertEqual(decision["code"], 451)

    def test_a_resolver_that_was_never_there_harms_no_mail(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            daemon = self.daemon(harness.Config(port=port, deadline="500ms"), ready=False)

            decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "accept")
        self.assertTrue(decision["degraded"])
        self.assertEqual(reputation(decision)["hits"], 0)
        self.assertLess(decision["elapsed_us"], 1_000_000)


if __name__ == "__main__":
    harness.main()
