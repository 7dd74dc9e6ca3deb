# SPDX-License-Identifier: Apache-2.0
"""Only lists that prove themselves vote, and only as long as they do."""

import harness
from harness import SIX_ZONES, Config, reputation

LIAR = SIX_ZONES[2]
ADDRESS = "5.9.0.7"


def strangers(count, network="5.9"):
    """Addresses that no other test asks about."""
    return [f"{network}.{number // 250}.{number % 250 + 1}" for number in range(count)]


class ListHealth(harness.TestCase):
    def until_state(self, daemon, name, state):
        harness.until(
            lambda: daemon.list_states()[name] == state, lambda: None, f"list {name} is {state}"
        )

    def rejected(self, daemon, addresses):
        return sum(daemon.ask(address)["action"] == "reject" for address in addresses)

    def test_the_first_request_already_finds_lists_that_vote(self):
        lab = self.lab()
        lab.zone(LIAR).put(ADDRESS, ["127.0.0.2"])
        daemon = self.daemon(Config(port=lab.port), ready=False)

        decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "reject")
        self.assertFalse(decision["degraded"])

    def test_an_unproven_list_does_not_vote(self):
        lab = self.lab()
        lab.zone(LIAR).behave(wildcard=("127.0.0.2",))
        daemon = self.daemon(Config(port=lab.port), ready=False)

        decision = daemon.ask(ADDRESS)

        self.assertEqual(decision["action"], "accept")
        self.assertTrue(decision["degraded"])
        self.assertEqual(reputation(decision)["unknown"], ["three"])
        self.assertEqual(lab.queries(LIAR, ADDRESS), [])
        self.until_state(daemon, "three", "suspended")
        self.until_state(daemon, "two", "healthy")

    def test_a_list_that_starts_to_list_the_world_stops_voting(self):
        lab, daemon = self.lab_and_daemon()
        lab.zone(LIAR).behave(wildcard=("127.0.0.2",))

        wrong = self.rejected(daemon, strangers(200))
        self.until_state(daemon, "three", "suspended")
        wrong_later = self.rejected(daemon, strangers(200, "5.10"))

        self.assertLessEqual(wrong, 100)
        self.assertEqual(wrong_later, 0)

    def test_a_list_that_refuses_is_left_in_peace_and_the_cause_is_told(self):
        lab, daemon = self.lab_and_daemon()
        lab.zone(LIAR).behave(wildcard=("127.255.255.254",))

        first = daemon.ask(ADDRESS)
        asked = len(lab.queries(LIAR))
        rejected = self.rejected(daemon, strangers(50))

        self.assertEqual(first["action"], "accept")
        self.assertEqual(rejected, 0)
        self.assertEqual(len(lab.queries(LIAR)), asked)
        self.assertEqual(daemon.list_states()["three"], "refused")
        self.assertIn("public or unattributable resolver", daemon.ctl("lists").stdout)
        log = daemon.wait_for_log('event=list_state list=three from=healthy to=refused why="')
        self.assertNotIn(LIAR, log)

    def test_a_dead_list_is_open_and_votes_again_when_it_is_back(self):
        lab, daemon = self.lab_and_daemon(timeout="50ms", attempts=1)
        lab.zone(LIAR).behave(answer="silent")
        addresses = iter(strangers(10_000))

        def ask_until(state):
            daemon.ask(next(addresses))
            return daemon.list_states()["three"] == state

        harness.until(lambda: ask_until("open"), lambda: None, "the list is open")
        decision = daemon.ask("5.10.0.1")
        lab.zone(LIAR).behave()
        self.until_state(daemon, "three", "healthy")

        self.assertEqual(decision["action"], "accept")
        self.assertEqual(decision["lists"]["three"]["state"], "timeout")

    def test_what_a_dead_list_said_stands_in_and_is_marked(self):
        lab = self.lab()
        lab.zone(LIAR).put(ADDRESS, ["127.0.0.2"], ttl=1)
        short_lived = '[dns.listed_ttl]\nmin = "1s"'
        daemon = self.daemon(Config(port=lab.port, timeout="50ms", more=short_lived))
        fresh = daemon.ask(ADDRESS)
        lab.zone(LIAR).behave(answer="silent")

        harness.until(
            lambda: daemon.ask(ADDRESS)["lists"]["three"].get("stale"), lambda: None, "it is stale"
        )
        decision = daemon.ask(ADDRESS)

        self.assertEqual((fresh["action"], fresh["degraded"]), ("reject", False))
        self.assertEqual((decision["action"], decision["degraded"]), ("reject", True))
        self.assertEqual(decision["lists"]["three"]["state"], "listed")

    def test_a_dead_name_server_is_told_and_answers_go_on(self):
        lab, daemon = self.lab_and_daemon(timeout="50ms", attempts=1)
        lab.zone(LIAR).put(ADDRESS, ["127.0.0.2"])
        known = daemon.ask(ADDRESS)
        for zone in SIX_ZONES:
            lab.zone(zone).behave(answer="silent")
        addresses = iter(strangers(10_000))

        def ask_until_told():
            daemon.ask(next(addresses))
            return "event=name_server_down server=127.0.0.1:" in daemon.log.read_text()

        harness.until(ask_until_told, lambda: None, "the name server is down")

        self.assertEqual(known["action"], "reject")
        self.assertEqual(daemon.ask(ADDRESS)["action"], "reject")
        self.assertEqual(daemon.ask(next(addresses))["action"], "accept")

    def test_lists_shows_state_tests_and_errors_of_each(self):
        lab, daemon = self.lab_and_daemon()
        lab.zone(LIAR).behave(wildcard=("127.255.255.254",))
        daemon.ask(ADDRESS)

        shown = daemon.ctl("lists").stdout

        self.assertRegex(shown, "three +refused ")
        self.assertRegex(shown, "refused since .*: refuses to serve us")
        self.assertRegex(shown, "errors: .*refusal_code 1")
        self.assertRegex(shown, "tested 20.*: clean")

    def test_one_lost_probe_disables_nothing(self):
        lab = self.lab()
        for address in ("127.0.0.1", "127.0.0.2"):
            lab.zone(LIAR).behave(address, loss="x.")
        daemon = self.daemon(Config(port=lab.port))

        self.assertEqual(set(daemon.list_states().values()), {"healthy"})


if __name__ == "__main__":
    harness.main()
