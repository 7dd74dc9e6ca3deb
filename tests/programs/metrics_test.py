# SPDX-License-Identifier: Apache-2.0
"""/metrics: what is counted agrees with what gateways were told, and the page says nothing else."""

import collections
import itertools
import re
import socket
import threading

import harness
import prometheus_text
from harness import SIX_ZONES, Config, JsonGateway, NativeGateway, PostfixGateway

LISTED = [f"5.9.1.{i}" for i in range(1, 41)]
CLEAR = [f"5.9.2.{i}" for i in range(1, 41)]
# In turn: a list that lists one address after another would be suspected.
ADDRESSES = list(itertools.chain.from_iterable(zip(LISTED, CLEAR)))
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"

# What a label may say: our own words, lists by their names, and numbers.  An address, a domain or a
# key would need a dot, a colon or an at sign.
LABEL_NAMES = {
    "hash", "interface", "io", "kind", "le", "list", "mode", "reason", "result", "server", "stage",
    "state", "verdict", "version", "way", "why",
}  # fmt: skip
WORD = re.compile(r"[a-z0-9_-]{1,32}")


class Load(threading.Thread):
    """Asks about all addresses several times over one connection, and counts what it is told."""

    def __init__(self, interface, ask, rounds):
        super().__init__()
        self.interface = interface
        self.told = collections.Counter()
        self._ask = ask
        self._rounds = rounds
        self.start()

    def run(self):
        for client in ADDRESSES * self._rounds:
            self.told[self.interface, self._ask(client)] += 1


class Metrics(harness.TestCase):
    def listing_lab(self):
        lab = self.lab()
        for client in LISTED:
            lab.zone(SIX_ZONES[0]).put(client, ["127.0.0.2"])
        return lab

    def load(self, daemon, rounds):
        """One gateway of each dialect; their threads."""
        json_gateway = self.enterContext(JsonGateway(daemon.gateway))
        postfix = self.enterContext(PostfixGateway(daemon.policy))
        native = self.enterContext(NativeGateway(daemon.gateway))

        def ask_postfix(client):
            return "accept" if postfix.ask_rcpt(client) == "DUNNO" else "reject"

        def ask_native(client):
            native.submit(1, client)
            return native.receive()[2]["action"]

        def ask_json(client):
            return json_gateway.ask(harness.request(client))["action"]

        return [
            Load(interface, ask, rounds)
            for interface, ask in (
                ("json", ask_json),
                ("postfix", ask_postfix),
                ("native", ask_native),
            )
        ]

    def assert_never_less(self, before, after):
        for name, family in before.items():
            if family.kind == "gauge":
                continue
            for key, value in family.samples.items():
                self.assertGreaterEqual(after[name].samples[key], value, f"{name}{key}")

    def test_counts_agree_with_what_gateways_were_told(self):
        daemon = self.daemon(Config(port=self.listing_lab().port))
        threads = self.load(daemon, rounds=5)
        pages = [daemon.metrics()]
        while any(thread.is_alive() for thread in threads):
            pages.append(daemon.metrics())
        for thread in threads:
            thread.join()
        pages.append(daemon.metrics())

        told = sum((thread.told for thread in threads), collections.Counter())
        self.assertEqual(sum(told.values()), 3 * 5 * len(ADDRESSES))
        page = pages[-1]
        requests = page["postern_requests_total"]
        for (interface, verdict), count in told.items():
            self.assertEqual(requests.value(interface=interface, verdict=verdict), count)
        self.assertEqual(requests.total(), sum(told.values()))
        for name in ("postern_decisions_total", "postern_answers_total"):
            self.assertEqual(page[name].total(), requests.total(), name)
        self.assertEqual(
            page["postern_decisions_total"].total(reason="reputation"),
            requests.total(verdict="reject"),
        )
        self.assertEqual(page["postern_request_duration_seconds"].counts[()], requests.total())
        self.assertEqual(page["postern_cache_lookups_total"].total(), requests.total())
        # Each address was asked about once by each worker at most, whoever came first.
        for name, addresses in (("listed", LISTED), ("clear", CLEAR)):
            said = page[f"postern_list_{name}_total"].value(list="one")
            self.assertGreaterEqual(said, len(addresses))
            self.assertLessEqual(said, len(addresses) * harness.WORKERS)
        self.assertEqual(page["postern_workers"].value(), harness.WORKERS)
        self.assertEqual(page["postern_cache_entries"].value(), len(ADDRESSES))
        for before, after in itertools.pairwise(pages):
            self.assert_never_less(before, after)
        # Every page is of one instant.
        for page in pages:
            self.assertEqual(
                page["postern_request_duration_seconds"].counts[()],
                page["postern_requests_total"].total(),
            )

    def test_both_forms_say_the_same(self):
        lab = self.lab()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = Config(port=lab.port).text(self.folder)
        config = config.replace("[admin]", f'[admin]\nlisten = "127.0.0.1:{port}"')
        daemon = self.daemon(config)
        daemon.ask(CLEAR[0])

        text = daemon.http("/metrics")
        openmetrics = daemon.http("/metrics", accept=OPENMETRICS)
        over_tcp = daemon.http("/metrics", port=port)

        self.assertEqual(text.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(
            openmetrics.headers["Content-Type"],
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )
        pages = [
            prometheus_text.parse(text.body),
            prometheus_text.parse(openmetrics.body, openmetrics=True),
            prometheus_text.parse(over_tcp.body),
        ]
        for page in pages[1:]:
            self.assertEqual(
                {name: (family.kind, family.help) for name, family in page.items()},
                {name: (family.kind, family.help) for name, family in pages[0].items()},
            )
            for name, family in page.items():
                self.assertEqual(family.samples.keys(), pages[0][name].samples.keys(), name)
            self.assertEqual(
                page["postern_requests_total"].samples, pages[0]["postern_requests_total"].samples
            )

    def test_labels_hold_nothing_that_came_from_outside(self):
        zones = ("s3cr3tk3y.one.dq.example", "two.bl.example")
        lab = self.lab(zones)
        config = Config(port=lab.port, zones=zones).text(self.folder)
        config = config.replace('name = "s3cr3tk3y"', 'name = "keyed"')
        daemon = self.daemon(config)
        lab.zone(zones[0]).put("5.9.0.7", ["127.0.0.2"])
        daemon.ask("5.9.0.7", mail_from='evil"} 1@sender.example', helo="helo.example")
        with JsonGateway(daemon.gateway) as gateway:
            gateway.send(b'{"cl\\"ient\n')
            gateway.receive()

        text = daemon.http("/metrics").body

        for told in ("s3cr3tk3y", "dq.example", "bl.example", "5.9.0.7", "sender.exam", "helo.ex"):
            self.assertNotIn(told, text)
        page = prometheus_text.parse(text)
        for name, family in page.items():
            for key in family.samples:
                for label, value in key:
                    self.assertIn(label, LABEL_NAMES, name)
                    if label not in ("le", "version"):
                        self.assertRegex(value, WORD)
        self.assertEqual(page["postern_list_listed_total"].value(list="keyed"), 1)
        self.assertEqual(page["postern_malformed_requests_total"].value(interface="json"), 1)

    def test_what_an_operator_tries_out_is_not_counted(self):
        daemon = self.daemon(Config(port=self.listing_lab().port))

        self.assertEqual(daemon.ctl("check", LISTED[0]).returncode, 0)
        self.assertEqual(daemon.ctl("explain", LISTED[0]).returncode, 0)

        page = daemon.metrics()
        for name in ("postern_requests_total", "postern_answers_total", "postern_decisions_total",
                     "postern_cache_lookups_total"):  # fmt: skip
            self.assertEqual(page[name].total(), 0, name)

    def test_a_list_that_is_silent_is_told_of(self):
        lab = self.lab()
        lab.zone(SIX_ZONES[1]).behave(answer="silent")
        daemon = self.daemon(Config(port=lab.port, timeout="50ms", deadline="300ms"), ready=False)
        harness.until(
            lambda: daemon.metrics()["postern_list_up"].total() == 5,
            lambda: None,
            "all other lists vote",
        )
        self.assertEqual(daemon.ask(CLEAR[0])["action"], "accept")

        page = daemon.metrics()

        self.assertEqual(page["postern_list_up"].value(list="two"), 0)
        for name in SIX_ZONES:
            of_list = page["postern_list_state"].total(list=harness.list_name(name))
            self.assertEqual(of_list, 1, "a list is in one state")
        self.assertGreater(page["postern_list_timeouts_total"].value(list="two"), 0)
        self.assertEqual(page["postern_degraded_answers_total"].value(), 1)
        durations = page["postern_list_query_duration_seconds"]
        self.assertEqual(durations.counts[(("list", "two"),)], 0)
        self.assertGreater(durations.counts[(("list", "one"),)], 0)

    def test_reloads_are_told_of(self):
        lab, daemon = self.lab_and_daemon()
        started = daemon.metrics()
        self.assertEqual(started["postern_config_last_reload_successful"].value(), 1)

        daemon.write_config("this is not TOML")
        daemon.ctl("reload")
        refused = daemon.metrics()

        self.assertEqual(refused["postern_config_last_reload_successful"].value(), 0)
        self.assertEqual(refused["postern_config_reload_failures_total"].value(), 1)
        self.assertEqual(
            refused["postern_policy_set_info"].samples, started["postern_policy_set_info"].samples
        )

        daemon.write_config(Config(port=lab.port, hits=2, mode="monitor"))
        daemon.ctl("reload")
        reloaded = daemon.metrics()

        self.assertEqual(reloaded["postern_config_last_reload_successful"].value(), 1)
        self.assertEqual(reloaded["postern_config_reloads_total"].value(), 1)
        self.assertNotEqual(
            reloaded["postern_policy_set_info"].samples, started["postern_policy_set_info"].samples
        )
        self.assertEqual(reloaded["postern_mode_info"].value(mode="monitor"), 1)

    def test_the_process_is_told_of(self):
        _, daemon = self.lab_and_daemon()

        page = daemon.metrics()

        resident = page["process_resident_memory_bytes"].value()
        self.assertLess(abs(resident - daemon.memory("VmRSS")), 64 << 20)
        self.assertGreater(page["process_open_fds"].value(), 5)
        self.assertEqual(page["postern_build_info"].total(io=self.io_in_use(daemon)), 1)

    def io_in_use(self, daemon):
        return "uring" if "io_uring: in use" in daemon.wait_for_log("event=io ") else "epoll"


if __name__ == "__main__":
    harness.main()
