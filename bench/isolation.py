#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: do cached answers take longer while one list is slow or dead?

Three posternds with six lists each, on loopback: of the first all lists answer at once, of the
second one answers after 300 ms, of the third one has fallen silent.  Addresses that are in the
cache are asked about while a trickle of new ones keeps the lists busy, and the 50th and 99th
percentile of the wait are printed side by side.  The three take turns, so that a machine that
slows down slows all of them.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/programs")]

import harness  # noqa: E402  (found through the line above)
from dns_lab import Lab  # noqa: E402
from load import closed  # noqa: E402

CASES = {"fast": {}, "slow": {"delay": 0.3}, "dead": {"answer": "silent"}}
CACHED = "11.0.0.0/22"  # 1 024 addresses
TRICKLE_SECONDS, TRICKLE_BURST = 0.05, 10


class Trickle(threading.Thread):
    """Asks about new addresses, a few at a time, until the block ends."""

    def __init__(self, path, number):
        super().__init__()
        self.gateway = harness.NativeGateway(path)
        self.first = number * 65536
        self.enough = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.join()
        self.gateway.__exit__()

    def run(self):
        tag = self.first
        while not self.enough.wait(TRICKLE_SECONDS):
            for _ in range(TRICKLE_BURST):
                tag += 1
                self.gateway.submit(tag, f"12.{tag >> 16}.{tag >> 8 & 255}.{tag & 255}")
            for _ in range(TRICKLE_BURST):
                self.gateway.receive()


class Subject:
    """A posternd, its lists, and what was measured."""

    def __init__(self, folder, behaviour, options):
        folder.mkdir()
        self.lab = Lab(harness.SIX_ZONES)
        self.options = options
        self.rounds = []
        config = harness.Config(port=self.lab.port, on_unknown="accept")
        self.daemon = harness.Daemon(folder, config)
        self.daemon.start()
        self.daemon.wait_until_lists_vote()
        self.load(1024)
        self.lab.zone(harness.SIX_ZONES[0]).behave(**behaviour)

    def load(self, requests):
        return closed(
            self.options.bin,
            self.daemon.gateway,
            connections=4,
            depth=4,
            addresses=CACHED,
            requests=requests,
        )

    def measure(self):
        with Trickle(self.daemon.gateway, len(self.rounds)):
            self.rounds.append(self.load(self.options.requests))

    def latencies(self, name):
        return [result["latency_us"][name] for result in self.rounds]

    def rate(self):
        return statistics.median(result["per_second"] for result in self.rounds)

    def end(self):
        if self.daemon.process:
            self.daemon.stop()
        self.lab.close()


def show(subjects):
    print(f"{'one list is':<12} {'p50 us':>9} {'p99 us':>9} {'per second':>11}")
    for name, subject in subjects.items():
        p50, p99 = (statistics.median(subject.latencies(key)) for key in ("p50", "p99"))
        print(f"{name:<12} {p50:>9.1f} {p99:>9.1f} {subject.rate():>11.0f}")
    for name in ("slow", "dead"):
        pairs = zip(subjects[name].latencies("p99"), subjects["fast"].latencies("p99"))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"p99 with one {name} list / with all fast: {ratio:.2f}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=200_000, help="in each round")
    options = parser.parse_args()
    harness.BIN = options.bin = options.bin.resolve()
    subjects = {}
    with tempfile.TemporaryDirectory(prefix="postern-bench.") as name:
        try:
            for case, behaviour in CASES.items():
                subjects[case] = Subject(pathlib.Path(name) / case, behaviour, options)
            for _ in range(options.rounds):
                for subject in subjects.values():
                    subject.measure()
            show(subjects)
        finally:
            for subject in subjects.values():
                subject.end()


if __name__ == "__main__":
    main()
