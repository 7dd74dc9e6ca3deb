#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: do answers take longer while decisions are tracked?

Three posternds on loopback, one with a decision log and two without, answer cached connections in
an open loop of the same rate.  They take turns in many short rounds, and the one to begin changes:
what slows the machine down for a while slows all three.  Printed is the median of the rounds'
ratios, tracked to not tracked, with its 95 % interval; and the same of the two that do not track,
which is what the measurement itself is worth.  What is no wider than that is no difference.
"""

import argparse
import json
import math
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
LATENCIES = {"p50": "p50", "p99": "p99", "p99.9": "p99_9"}


class Subject:
    """A posternd and what was measured of it, round by round."""

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
        self.run(closed=True, connections=4, depth=4, requests=1024)

    def run(self, **how):
        pid = self.daemon.process.pid
        return load(
            self.options.bin, self.daemon.gateway, addresses=CACHED, server_pid=pid, **how
        )

    def measure(self):
        options = self.options
        self.rounds.append(
            self.run(
                rate=options.rate, duration=options.seconds, connections=options.connections
            )
        )

    def latencies(self, name):
        return [result["latency_us"][name] for result in self.rounds]

    def cpu_each(self):
        """Microseconds of CPU that the server took for a decision, all its threads together."""
        return statistics.median(result["server"]["cpu_us_per_request"] for result in self.rounds)

    def tracked(self):
        page = json.loads(self.daemon.ctl("--json", "track", "--limit", "1").stdout or "{}")
        log = self.daemon.log.read_text()
        dropped = [line for line in log.splitlines() if "event=decisions_dropped" in line]
        return bool(page), dropped

    def end(self):
        if self.daemon.process:
            self.daemon.stop()
        self.lab.close()


def interval(values):
    """The 95 % interval of their median by the sign test, which asks for no distribution: the
    values that so many of them, or fewer, lie beyond in one of forty samples on either side."""
    ordered, count = sorted(values), len(values)
    beyond, chance = 0, 1 / 2**count
    while chance + math.comb(count, beyond + 1) / 2**count <= 0.025:
        beyond += 1
        chance += math.comb(count, beyond) / 2**count
    return ordered[beyond], ordered[count - 1 - beyond]


def ratio_text(ratios):
    low, high = interval(ratios)
    return f"{statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})"


def show(tracking, plain, twin):
    print(f"{'':<16} {'p50 us':>9} {'p99 us':>9} {'p99.9 us':>9} {'CPU us each':>12}")
    for name, subject in (("tracked", tracking), ("not", plain), ("not", twin)):
        medians = [statistics.median(subject.latencies(key)) for key in LATENCIES.values()]
        cells = " ".join(f"{value:>9.1f}" for value in medians)
        print(f"{name:<16} {cells} {subject.cpu_each():>12.2f}")
    print(f"\n{'ratio':<16} {'tracked / not':<26} {'not / not':<26}")
    for name, key in LATENCIES.items():
        rounds = list(zip(*(s.latencies(key) for s in (tracking, plain, twin))))
        tracked_to_not = [a / math.sqrt(b * c) for a, b, c in rounds]
        not_to_not = [b / c for _, b, c in rounds]
        print(f"{name:<16} {ratio_text(tracked_to_not):<26} {ratio_text(not_to_not):<26}")
    found, dropped = tracking.tracked()
    print("\ndecisions in the log:", "yes" if found else "none")
    print("\n".join(dropped) if dropped else "none was dropped")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--rate", type=int, default=50_000, help="decisions a second")
    parser.add_argument("--seconds", type=float, default=1, help="of each turn")
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    if options.rounds < 6:
        parser.error("--rounds: a 95 % interval takes 6 rounds or more")
    harness.BIN = options.bin = options.bin.resolve()
    with tempfile.TemporaryDirectory(prefix="postern-bench.", dir="/var/tmp") as name:
        subjects = []
        try:
            for role in ("tracked", "plain", "twin"):
                folder = pathlib.Path(name) / role
                subjects.append(Subject(folder, role == "tracked", options))
            for number in range(options.rounds):
                first = number % len(subjects)
                for subject in subjects[first:] + subjects[:first]:
                    subject.measure()
            show(*subjects)
        finally:
            for subject in subjects:
                subject.end()


if __name__ == "__main__":
    main()
