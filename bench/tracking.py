#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: do answers take longer while decisions are tracked?

Three posternds on loopback, one with a decision log and two without, answer cached connections in
an open loop of the same rate.  They take turns in short rounds, in every order: what slows the
machine down for a while slows all three.  Two processes of the same program differ as well, by
where their memory and their threads come to lie, and for as long as they live; so the three are
started anew many times, and a start is one sample: the median of its rounds' ratios.  Printed is
the median of the starts, tracked to not tracked, with its 95 % interval; and the same of the two
that do not track, which is what the measurement itself is worth.
"""

import argparse
import itertools
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
ROLES = ("tracked", "plain", "twin")
LATENCIES = {"p50": "p50", "p90": "p90", "p99": "p99", "p99.9": "p99_9"}


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
                rate=options.rate,
                burst=options.burst,
                duration=options.seconds,
                connections=options.connections,
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


class Start:
    """What three posternds that were started together showed."""

    def __init__(self, options):
        self.options = options
        with tempfile.TemporaryDirectory(prefix="postern-bench.", dir="/var/tmp") as name:
            subjects = []
            try:
                for role in ROLES:
                    folder = pathlib.Path(name) / role
                    subjects.append(Subject(folder, role == "tracked", options))
                self.take_turns(subjects)
            finally:
                for subject in subjects:
                    subject.end()

    def take_turns(self, subjects):
        # Each of them follows each other one equally often: what one leaves behind the next finds.
        orders = itertools.cycle(itertools.permutations(subjects))
        for order in itertools.islice(orders, self.options.rounds):
            for subject in order:
                subject.measure()
        self.found, self.dropped = subjects[0].tracked()
        self.cpu_each = [subject.cpu_each() for subject in subjects]
        self.latencies = {
            name: [subject.latencies(key) for subject in subjects]
            for name, key in LATENCIES.items()
        }

    def medians(self, name):
        return [statistics.median(values) for values in self.latencies[name]]

    def ratios(self, name):
        """The medians of the rounds' ratios: tracked to not tracked, and the two others'."""
        rounds = list(zip(*self.latencies[name]))
        return (
            statistics.median(tracked / math.sqrt(a * b) for tracked, a, b in rounds),
            statistics.median(a / b for _, a, b in rounds),
        )


def show(starts):
    print(f"{'':<10}" + "".join(f" {name + ' us':>9}" for name in LATENCIES) + "  CPU us each")
    for place, role in enumerate(ROLES):
        cells = "".join(
            f" {statistics.median(start.medians(name)[place] for start in starts):>9.1f}"
            for name in LATENCIES
        )
        cpu = statistics.median(start.cpu_each[place] for start in starts)
        print(f"{role:<10}{cells} {cpu:>12.2f}")
    print(f"\n{'ratio':<10} {'tracked / not':<26} {'not / not':<26}")
    for name in LATENCIES:
        tracked_to_not, not_to_not = zip(*(start.ratios(name) for start in starts))
        print(f"{name:<10} {ratio_text(tracked_to_not):<26} {ratio_text(not_to_not):<26}")
    print("\ndecisions in each log:", "yes" if all(start.found for start in starts) else "no")
    dropped = [line for start in starts for line in start.dropped]
    print("\n".join(dropped) if dropped else "none was dropped")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--starts", type=int, default=12, help="of all three, one after the other")
    parser.add_argument("--rounds", type=int, default=12, help="after each start")
    parser.add_argument("--rate", type=int, default=50_000, help="decisions a second")
    parser.add_argument("--burst", type=int, default=1, help="decisions that are due together")
    parser.add_argument("--seconds", type=float, default=1, help="of each turn")
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    if options.starts < 6:
        parser.error("--starts: a 95 % interval takes 6 or more")
    harness.BIN = options.bin = options.bin.resolve()
    starts = []
    for number in range(options.starts):
        starts.append(Start(options))
        ratios = ", ".join(f"{ratio:.3f}" for ratio in starts[-1].ratios("p99"))
        print(f"start {number + 1} of {options.starts}: p99 {ratios}", file=sys.stderr)
    show(starts)


if __name__ == "__main__":
    main()
