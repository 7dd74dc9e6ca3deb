#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: how fast are verdicts, beside what dnsperf gets from the same name server?

Starts rbldnsd with six zones and posternd in front of it, on loopback, in a temporary folder.
Measures uncached verdicts (every address new), cached ones (16 connections x 32 in flight, and
128 x 1), and dnsperf's queries a second against the same rbldnsd, and prints one table.  They take
turns, so that a machine that slows down slows all of them.
"""

import argparse
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/programs"), str(ROOT / "tools/sample")]

import harness  # noqa: E402  (found through the line above)
from load import closed  # noqa: E402
from name_servers import Rbldnsd  # noqa: E402

ZONES = harness.SIX_ZONES
# All six have to answer before the verdict.
ALL_SIX = 6


def zone_files(folder):
    """A file for each zone, all alike: the test point and every sixteenth address of 11.0/16.

    What they say holds for longer than a run takes, so that what was asked about stays known.
    """
    lines = ["$SOA 900 ns.example. hostmaster.example. 0 600 300 86400 900", "$TTL 900"]
    lines += [":127.0.0.2:listed", "127.0.0.2"]
    lines += [f"11.0.{i}.{j}" for i in range(256) for j in range(0, 256, 16)]
    files = [folder / f"{harness.list_name(zone)}.ip4set" for zone in ZONES]
    for file in files:
        file.write_text("\n".join(lines) + "\n")
    return files


def name_server(folder):
    """rbldnsd with the six zones."""
    return Rbldnsd(zone_files(folder), ZONES[0].partition(".")[2], folder / "zones")


def posternd(folder, port, **config):
    """A daemon that asks all six lists at `port`, started, its lists healthy."""
    config = {"ipv6": False, "hits": ALL_SIX} | config
    daemon = harness.Daemon(folder, harness.Config(port=port, **config))
    daemon.start()
    daemon.wait_until_lists_vote()
    return daemon


def dnsperf(folder, port, seconds):
    """Queries a second, of random addresses in all zones."""
    queries = folder / "queries"
    numbers = random.Random(1)
    names = (
        f"{numbers.randrange(256)}.{numbers.randrange(256)}.0.11.{numbers.choice(ZONES)} A\n"
        for _ in range(50000)
    )
    queries.write_text("".join(names))
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", queries, "-l", str(seconds)]
    done = subprocess.run(
        [*command, "-c", "4", "-q", "400"], capture_output=True, text=True, check=True
    )
    return float(re.search(r"Queries per second:\s+([\d.]+)", done.stdout).group(1))


def uncached(daemon, number, requests=65_536):
    """Addresses that nobody has asked about: the first of 11.`number`/16."""
    return cached(daemon, number, 16, 32, requests)


def cached(daemon, number, connections, depth, requests):
    return closed(
        harness.BIN,
        daemon.gateway,
        connections=connections,
        depth=depth,
        requests=requests,
        addresses=f"11.{number}.0.0/16",
    )


def measure(options, folder):
    """Rows of results by name, one of each row for each round; dnsperf's is a rate."""
    rows = {"dnsperf": [], "uncached": [], "cached 16x32": [], "cached 128x1": []}
    with name_server(folder) as server:
        daemon = posternd(folder, server.port)
        try:
            for number in range(options.rounds):
                rows["dnsperf"].append(dnsperf(folder, server.port, options.seconds))
                rows["uncached"].append(uncached(daemon, number))
                rows["cached 16x32"].append(cached(daemon, number, 16, 32, 3_000_000))
                rows["cached 128x1"].append(cached(daemon, number, 128, 1, 500_000))
        finally:
            daemon.stop()
    return rows


def show(rows, rounds):
    print(f"{'work':<14} {'per second':>12} {'server CPU us':>14}   (median of {rounds})")
    print(f"{'dnsperf':<14} {statistics.median(rows['dnsperf']):>12.0f}")
    results = {name: row for name, row in rows.items() if name != "dnsperf"}
    for name, row in results.items():
        rate = statistics.median(result["per_second"] for result in row)
        cpu = statistics.median(result["server"]["cpu_us_per_request"] for result in row)
        print(f"{name:<14} {rate:>12.0f} {cpu:>14.2f}")
    pairs = zip(rows["uncached"], rows["dnsperf"])
    ratio = statistics.median(result["per_second"] * 6 / rate for result, rate in pairs)
    print(f"uncached verdicts x 6 lists / dnsperf's queries: {ratio:.2f}")
    degraded = sum(result["degraded"] for row in results.values() for result in row)
    print(f"answers with a list missing: {degraded}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=harness.BIN)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of dnsperf in each round")
    options = parser.parse_args()
    harness.BIN = options.bin.resolve()
    with tempfile.TemporaryDirectory(prefix="postern-bench.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # rbldnsd gives up root's rights
        show(measure(options, folder), options.rounds)


if __name__ == "__main__":
    main()
