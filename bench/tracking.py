#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: do answers take longer while decisions are tracked?

Two posternds on loopback, one with a decision log and one without, that answer cached connections
at the same rate, in an open loop.  They take turns, so that a machine that slows down slows both;
printed are the medians and the ratio of each pair of turns.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/programs")]

import harness  # noqa: E402  (found through the line above)
from dns_lab import Lab  # noqa: E402
from load import load  # noqa: E402

CACHED = "11.0.0.0/22"  # 1 024 addresses
NO_LINES = '[log]\ndecisions = "none"\n'


class Subject:
    """A posternd and what was measured."""

    def __init__(self, folder, tracked, options):
        folder.mkdir()
        self.lab = Lab(harness.SIX_ZONES)
        self.options = options
        self.rounds = []
        tracking = str(folder / "tracking.db") if tracked else ""
        config = harness.Config(port=self.lab.port, tracking=tracking, more=NO_LINES)
        self.daemon = harness.Daemon(folder, config)
        self.daemon.start()
        self.daemon.wait_until_lists_vote()
        load(options.bin, self.daemon.gateway, closed=True, connections=4, depth=4,
             addresses=CACHED, requests=1024)  # fmt: skip

    def measure(self):
        self.rounds.append(
            load(
                self.options.bin,
                self.daemon.gateway,
                rate=self.options.rate,
                duration=self.options.seconds,
                connections=16,
                addresses=CACHED,
            )
        )

    def latencies(self, name):
        return [result["latency_us"][name] for result in self.rounds]

    def tracked(self):
        page = json.loads(self.daemon.ctl("--json", "track", "--limit", "1").stdout or "{}")
        log = self.daemon.log.read_text()
        dropped = [line for line in log.splitlines() if "event=decisions_dropped" in line]
        return bool(page), dropped

    def end(self):
        if self.daemon.process:
            self.daemon.stop()
        self.lab.close()


def show(plain, tracking):
    print(f"{'':<16} {'p50 us':>9} {'p99 us':>9} {'p99.9 us':>9}")
    for name, subject in (("not tracked", plain), ("tracked", tracking)):
        figures = [statistics.median(subject.latencies(key)) for key in ("p50", "p99", "p99_9")]
        print(f"{name:<16} {figures[0]:>9.1f} {figures[1]:>9.1f} {figures[2]:>9.1f}")
    for key in ("p50", "p99", "p99_9"):
        pairs = zip(tracking.latencies(key), plain.latencies(key))
        print(f"{key} tracked / not: {statistics.median(a / b for a, b in pairs):.3f}")
    found, dropped = tracking.tracked()
    print("decisions in the log:", "yes" if found else "none")
    print("\n".join(dropped) if dropped else "none was dropped")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rate", type=int, default=50_000, help="decisions a second")
    parser.add_argument("--seconds", type=float, default=3, help="of each round")
    options = parser.parse_args()
    harness.BIN = options.bin = options.bin.resolve()
    with tempfile.TemporaryDirectory(prefix="postern-bench.") as name:
        subjects = []
        try:
            for tracked in (False, True):
                folder = pathlib.Path(name) / ("tracked" if tracked else "plain")
                subjects.append(Subject(folder, tracked, options))
            for _ in range(options.rounds):
                for subject in subjects:
                    subject.measure()
            show(*subjects)
        finally:
            for subject in subjects:
                subject.end()


if __name__ == "__main__":
    main()
