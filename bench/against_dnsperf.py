#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: how fast are verdicts, beside what dnsperf gets from the same name server?

Starts rbldnsd with six zones and posternd in front of it, on loopback, in a temporary folder.
Measures uncached verdicts (every address new), cached ones (16 connections x 32 in flight, and
128 x 1), and dnsperf's queries a second against the same rbldnsd, and prints one table.  They take
turns, so that a machine that slows down slows all of them.
"""

import argparse
import json
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools/sample"))

from name_servers import Rbldnsd  # noqa: E402  (found through the line above)

ZONES = [f"bl{i}.example" for i in range(6)]
PINGS = 200

CONFIGURATION = """\
[gateway]
socket = "{folder}/gateway.sock"
[admin]
socket = "{folder}/admin.sock"
[dns]
servers = ["127.0.0.1:{port}"]
[definition.reputation.default]
description = "all six have to answer"
block_list_hits = 6
"""
LIST = """\
[[list]]
name = "{name}"
zone = "{zone}"
listed = ["127.0.0.2"]
"""


def zone_files(folder):
    """A file for each zone, all alike: the test point and every sixteenth address."""
    lines = ["$SOA 60 ns.example. hostmaster.example. 0 600 300 86400 60", "$NS 60 ns.example."]
    lines += [":127.0.0.2:listed", "127.0.0.2"]
    lines += [f"11.0.{i}.{j}" for i in range(256) for j in range(0, 256, 16)]
    files = [folder / f"{zone.partition('.')[0]}.ip4set" for zone in ZONES]
    for file in files:
        file.write_text("\n".join(lines) + "\n")
    return files


class Posternd:
    """The daemon under load."""

    def __init__(self, binaries, folder, port):
        self.binaries, self.folder = binaries, folder
        lists = (LIST.format(name=zone.partition(".")[0], zone=zone) for zone in ZONES)
        text = CONFIGURATION.format(folder=folder, port=port) + "".join(lists)
        (folder / "postern.toml").write_text(text)
        with open(folder / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [binaries / "posternd", "--config", folder / "postern.toml"], stderr=log
            )
        for _ in range(PINGS):  # each takes a few milliseconds
            if self._ping():
                return
        raise RuntimeError((folder / "log").read_text())

    def _ping(self):
        command = [self.binaries / "posternctl", "--socket", self.folder / "admin.sock", "ping"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def load(self, **options):
        """What gateway_load measured."""
        words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        command = [self.binaries / "gateway_load", "--socket", self.folder / "gateway.sock"]
        command += ["--server-pid", str(self.process.pid), *words]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    def stop(self):
        self.process.terminate()
        self.process.wait()


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


def measure(options, folder):
    """Rows of results by name, one of each row for each round."""
    rows = {"dnsperf": [], "uncached": [], "cached 16x32": [], "cached 128x1": []}
    with Rbldnsd(zone_files(folder), "example", folder / "zones") as server:
        postern = Posternd(options.bin.resolve(), folder, server.port)
        try:
            for number in range(options.rounds):
                rate = dnsperf(folder, server.port, options.seconds)
                rows["dnsperf"].append({"per_second": rate, "server_us": 0.0, "degraded": 0})
                some = {"first_address": f"11.{number}.0.0", "addresses": options.addresses}
                rows["uncached"].append(postern.load(requests=options.addresses, **some))
                rows["cached 16x32"].append(postern.load(requests=3_000_000, **some))
                rows["cached 128x1"].append(
                    postern.load(requests=500_000, connections=128, depth=1, **some)
                )
        finally:
            postern.stop()
    return rows


def show(rows, rounds):
    print(f"{'work':<14} {'per second':>12} {'server CPU us':>14}   (median of {rounds})")
    for name, results in rows.items():
        rate = statistics.median(result["per_second"] for result in results)
        cpu = statistics.median(result["server_us"] for result in results)
        print(f"{name:<14} {rate:>12.0f} {cpu if cpu else float('nan'):>14.2f}")
    pairs = zip(rows["uncached"], rows["dnsperf"])
    ratio = statistics.median(a["per_second"] * 6 / b["per_second"] for a, b in pairs)
    print(f"uncached verdicts x 6 lists / dnsperf's queries: {ratio:.2f}")
    degraded = sum(result["degraded"] for results in rows.values() for result in results)
    print(f"answers with a list missing: {degraded}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--addresses", type=int, default=60000, help="new ones in each round")
    parser.add_argument("--seconds", type=int, default=3, help="of dnsperf in each round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="postern-bench.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # rbldnsd gives up root's rights
        show(measure(options, folder), options.rounds)


if __name__ == "__main__":
    main()
