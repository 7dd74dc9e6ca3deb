#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Question: how much slower does a real Postfix take mail when it asks Postern about it?

Two Postfix, alike but for the check_policy_service of one, take messages from smtp-source and
discard them.  The client has an address of the Internet, which six lists have been asked about and
the cache knows.  Everything runs on the loopback of a network namespace of its own, where that
address is ours.  The two take turns, and each round gives a ratio.  As root.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/programs")]

import harness  # noqa: E402  (found through the line above)
import postfix_server  # noqa: E402
from dns_lab import Lab  # noqa: E402

CLIENT = "5.9.0.6"
CHECK = "check_policy_service { unix:postern/policy.sock, timeout=3s, default_action=DUNNO }"
INSIDE = "POSTERN_BENCH_INSIDE"


def enter_namespace():
    """Starts this program again where CLIENT is an address of the loopback."""
    script = 'ip link set lo up && ip address add "$0/32" dev lo && exec "$@"'
    os.environ[INSIDE] = "1"
    again = ["unshare", "--net", "sh", "-c", script, CLIENT, sys.executable, *sys.argv]
    os.execvp(again[0], again)


class Subject:
    """A Postfix; with `checked`, one that asks a posternd."""

    def __init__(self, folder, lab, checked):
        folder.mkdir()
        folder.chmod(0o755)
        self.daemon = None
        if checked:
            self._start_daemon(folder, lab)
        self.postfix = postfix_server.Postfix(
            folder,
            restrictions=[CHECK] if checked else [],
            main=["virtual_transport = discard:"],
            address=CLIENT,
        )
        self.rates = []

    def _start_daemon(self, folder, lab):
        sockets = postfix_server.queue_of(folder) / "postern"
        sockets.mkdir()
        config = harness.Config(
            port=lab.port,
            policy_socket=str(sockets / "policy.sock"),
            gateway='socket_group = "postfix"',
        )
        self.daemon = harness.Daemon(folder, config)
        self.daemon.start()
        self.daemon.wait_until_lists_vote()
        # From now on the cache knows the client.
        self.daemon.ask(CLIENT)

    def take(self, messages, sessions):
        command = [
            "smtp-source", "-s", str(sessions), "-m", str(messages), "-l", "2000",
            "-f", "a@sender.example", "-t", "ann@corp.example",
            f"inet:{CLIENT}:{self.postfix.port}",
        ]  # fmt: skip
        begin = time.monotonic()
        subprocess.run(command, env=postfix_server.PATHS, check=True)
        self.rates.append(messages / (time.monotonic() - begin))

    def close(self):
        self.postfix.close()
        if self.daemon is not None:
            self.daemon.stop()


def measure(options, folder):
    lab = Lab(harness.SIX_ZONES)
    subjects = {}
    try:
        for name, checked in (("alone", False), ("with Postern", True)):
            subjects[name] = Subject(folder / name.split()[0], lab, checked)
        for number in range(options.rounds + 1):
            for subject in subjects.values():
                subject.take(options.messages, options.sessions)
                if number == 0:
                    subject.rates.clear()  # processes were started, files came into memory
    finally:
        for subject in subjects.values():
            subject.close()
        lab.close()
    return {name: subject.rates for name, subject in subjects.items()}


def report(rates):
    for name, values in rates.items():
        print(f"{name:14} {statistics.median(values):8.0f} messages a second")
    ratios = [b / a for a, b in zip(*rates.values(), strict=True)]
    print(
        f"with Postern, of the rate without: {statistics.median(ratios):.2f}"
        f" ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds)"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--messages", type=int, default=1000, help="in each round")
    parser.add_argument("--sessions", type=int, default=4, help="at the same time")
    options = parser.parse_args()
    if reason := postfix_server.missing():
        sys.exit(f"postfix_throughput.py: {reason}")
    if INSIDE not in os.environ:
        enter_namespace()
    with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder:
        pathlib.Path(folder).chmod(0o755)
        report(measure(options, pathlib.Path(folder)))


if __name__ == "__main__":
    main()
