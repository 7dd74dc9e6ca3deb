#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: do answers take longer while decisions are tracked?

Three posternds on loopback, one with a decision log and two without, answer cached connections in
an open loop of the same rate.  They take turns, in every order: what slows the machine down for a
while slows all three.  Two processes of the same program differ as well, by where their memory and
their threads come to lie, and for as long as they live; so the three are started anew many times,
and a start is one sample.  Printed is the median of the starts, tracked to not tracked, with its
95 % interval; and the same of the two that do not track, which is what the measurement itself is
worth.

A machine that is shared stands still for milliseconds several times a second, and that decides the
99th percentile of any second.  So the percentiles are those of intervals of a fifth of a second,
the median of all in which nobody waited for two milliseconds; each holds a batch of the decision
log.  How many did hold such a wait is printed beside it: tracking may cause them, too.  And the
processors are kept from falling asleep (/dev/cpu_dma_latency, for root): waking them takes longer
than an answer.
"""

import argparse
import contextlib
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
INTERVAL_SECONDS = 0.2
STALL_US = 2000
FIGURES = ("p50", "p99", "stalls")


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
                interval=INTERVAL_SECONDS,
            )
        )

    def figures(self):
        """Percentiles of the intervals without a stall, and the share of those with one."""
        # The first one finds caches cold, the last one may be short.
        rows = [row for result in self.rounds for row in result["intervals_us"][1:-1]]
        calm = [row for row in rows if row["max"] < STALL_US]
        if not calm:
            raise RuntimeError("no interval without a stall: this machine measures nothing")
        found = {key: statistics.median(row[key] for row in calm) for key in ("p50", "p99")}
        # One more of each, for a ratio even where there was none.
        return found | {"stalls": (len(rows) - len(calm) + 1) / (len(rows) + 1)}

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
        self.figures = [subject.figures() for subject in subjects]

    def ratios(self, name):
        """Tracked to not tracked, and the two others to each other."""
        tracked, one, other = (figures[name] for figures in self.figures)
        return tracked / math.sqrt(one * other), one / other


@contextlib.contextmanager
def awake():
    """The processors do not fall asleep meanwhile (Documentation/power/pm_qos_interface)."""
    try:
        latency = open("/dev/cpu_dma_latency", "wb", buffering=0)
    except OSError as error:
        print(f"processors may fall asleep: {error}", file=sys.stderr)
        yield
        return
    with latency:
        latency.write(bytes(4))
        yield


def show(starts):
    print(f"{'':<10} {'p50 us':>9} {'p99 us':>9} {'stalls %':>9}  CPU us each")
    for place, role in enumerate(ROLES):
        p50, p99, stalls = (
            statistics.median(start.figures[place][name] for start in starts) for name in FIGURES
        )
        cpu = statistics.median(start.cpu_each[place] for start in starts)
        print(f"{role:<10} {p50:>9.1f} {p99:>9.1f} {100 * stalls:>9.1f} {cpu:>12.2f}")
    print(f"\n{'ratio':<10} {'tracked / not':<26} {'not / not':<26}")
    for name in FIGURES:
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
    parser.add_argument("--rounds", type=int, default=6, help="after each start")
    parser.add_argument("--rate", type=int, default=50_000, help="decisions a second")
    parser.add_argument("--burst", type=int, default=1, help="decisions that are due together")
    parser.add_argument("--seconds", type=float, default=2, help="of each turn")
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    if options.starts < 6:
        parser.error("--starts: a 95 % interval takes 6 or more")
    harness.BIN = options.bin = options.bin.resolve()
    starts = []
    with awake():
        for number in range(options.starts):
            starts.append(Start(options))
            ratios = ", ".join(f"{ratio:.3f}" for ratio in starts[-1].ratios("p99"))
            print(f"start {number + 1} of {options.starts}: p99 {ratios}", file=sys.stderr)
    show(starts)


if __name__ == "__main__":
    main()
