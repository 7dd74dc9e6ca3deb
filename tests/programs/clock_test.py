# SPDX-License-Identifier: Apache-2.0
"""The calendar jumps under the daemon: nothing that is measured in durations notices."""

import glob
import sys

import harness
from harness import Config, JsonGateway, request

ZONE = "one.bl.example"
LISTED, UNLISTED, SILENT = "5.9.0.7", "5.9.0.8", "5.9.0.9"

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
HOUR, YEAR = 3600, 365 * 86400
JUMPS = (HOUR, -HOUR, 10 * YEAR, 0)


class Clock(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dns = self.lab((ZONE,))
        zone = self.dns.zone(ZONE)
        zone.put(LISTED, ["127.0.0.2"])
        zone.behave(SILENT, answer="silent")
        self.offset = self.folder / "offset"
        self.jump(0)
        faked = {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        wrapper = ["/usr/bin/env", *(f"{name}={value}" for name, value in faked.items())]
        config = Config(port=self.dns.port, zones=(ZONE,), deadline="300ms", timeout="100ms")
        self.posternd = self.daemon(config, wrapper=wrapper)

    def jump(self, seconds):
        """What the daemon takes for the calendar, from now on."""
        fresh = self.offset.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.rename(self.offset)

    def test_the_calendar_of_the_daemon_does_jump(self):
        self.jump(10 * YEAR)
        self.posternd.ctl("reload")
        log = self.posternd.wait_for_log("event=reloaded")
        years = {line[:7] for line in log.splitlines()}  # ts=2026
        self.assertEqual(len(years), 2, years)

    def test_what_the_cache_holds_neither_expires_nor_lives_longer(self):
        for client in (LISTED, UNLISTED):
            self.posternd.ask(client)
        asked = len(self.dns.queries(address=LISTED)) + len(self.dns.queries(address=UNLISTED))
        for seconds in JUMPS:
            with self.subTest(seconds=seconds):
                self.jump(seconds)
                self.assertEqual(self.posternd.ask(LISTED)["action"], "reject")
                self.assertEqual(self.posternd.ask(UNLISTED)["action"], "accept")
        again = len(self.dns.queries(address=LISTED)) + len(self.dns.queries(address=UNLISTED))
        self.assertEqual(again, asked)

    def test_lists_stay_healthy_and_are_not_probed_in_a_storm(self):
        probes = len(self.dns.queries())
        for seconds in JUMPS:
            with self.subTest(seconds=seconds):
                self.jump(seconds)
                self.posternd.ask(LISTED)
                self.assertEqual(self.posternd.list_states(), {"one": "healthy"})
        # One question about the address, and at most a round of probes that was due anyway.
        self.assertLess(len(self.dns.queries()) - probes, 10)

    def test_a_request_that_waits_is_answered_by_its_deadline(self):
        with JsonGateway(self.posternd.gateway) as gateway:
            for seconds in JUMPS:
                with self.subTest(seconds=seconds):
                    gateway.submit(request(SILENT))
                    self.jump(seconds)
                    decision = gateway.receive()
                    self.assertEqual(decision["action"], "accept")
                    self.assertLess(decision["elapsed_us"], 2_000_000)


if __name__ == "__main__":
    if LIBRARY is None or b"libasan" in (harness.BIN / "posternd").read_bytes():
        print("skipped: libfaketime is not installed, or does not mix with the sanitizer")
        sys.exit(harness.SKIPPED)
    harness.main()
