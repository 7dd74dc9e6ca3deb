# SPDX-License-Identifier: Apache-2.0
"""S1 and S2: what a cached verdict costs over the socket, beside an echo on the same loop,
memcached, and the daemon on epoll; and how that grows with the number of connections."""

import contextlib
import statistics

import harness
import load
from against_dnsperf import name_server, posternd
from context import Chart
from peers import Echo, Memcached, NotInstalled
from rows import Row, amount, compared, skipped

NETWORK = "11.0.0.0/22"  # whom is asked about
ADDRESSES = [f"11.0.{i // 256}.{i % 256}" for i in range(1024)]
CROWDS = {"S1": (16, 32, 1_000_000), "S2": (128, 1, 150_000)}
# Short and many: on a shared machine neighbours slow one turn down, and not the next.
ROUNDS = 15


class Subject:
    """Something that is asked over a Unix socket by `ask`, and what that cost."""

    def __init__(self, context, path, pid, ask=load.closed):
        self.context, self.path, self.pid, self.load = context, path, pid, ask
        self.results = {row: [] for row in CROWDS}

    def ask(self, connections, depth, requests):
        return self.load(
            self.context.binaries,
            self.path,
            connections=connections,
            depth=depth,
            requests=max(self.context.much(requests), connections * depth),
            addresses=NETWORK,
            server_pid=self.pid,
        )

    def measure(self, row):
        self.results[row].append(self.ask(*CROWDS[row]))

    def cpu(self, row):
        return [result["server"]["cpu_us_per_request"] for result in self.results[row]]

    def rate(self, row):
        return statistics.median(result["per_second"] for result in self.results[row])


def start(context, stack):
    """The subjects by name; a peer that is not installed is left out."""
    server = stack.enter_context(name_server(context.subfolder("s1")))
    subjects = {}
    for io in ("auto", "epoll"):
        echo = stack.enter_context(Echo(context.binaries, context.folder, io))
        subjects[f"echo {io}"] = Subject(context, echo.path, echo.process.pid)
        daemon = posternd(context.subfolder(f"s1-{io}"), server.port, io=io)
        stack.callback(daemon.stop)
        name = f"postern {io}"
        subjects[name] = Subject(context, daemon.gateway, daemon.process.pid)
        subjects[name].ask(16, 32, 50 * len(ADDRESSES))  # all of them are in its cache
    with contextlib.suppress(NotInstalled):
        memcached = stack.enter_context(Memcached(context.folder, ADDRESSES))
        subjects["memcached"] = Subject(
            context, memcached.path, memcached.process.pid, load.memcached
        )
    return subjects


def rows_of(subjects):
    postern, echo = subjects["postern auto"], subjects["echo auto"]
    for row, target in (("S1", 2.0), ("S2", 1.10)):
        connections, depth, _ = CROWDS[row]
        what = f"cached verdict, {connections} x {depth}"
        mine = postern.cpu(row)
        yield compared(row, f"{what}: CPU / bare echo", mine, echo.cpu(row), "us", target)
        title = f"{what}: CPU / memcached GET"
        if "memcached" in subjects:
            target = 1 / 8 if row == "S1" else None
            yield compared(row, title, mine, subjects["memcached"].cpu(row), "us", target)
        else:
            yield skipped(row, title, "memcached is not installed")
        on_epoll = subjects["postern epoll"].cpu(row)
        yield compared(row, f"{what}: CPU on io_uring / on epoll", mine, on_epoll, "us", None)
        rates = [amount(subject.rate(row), "/s") for subject in (postern, echo)]
        yield Row(row, f"{what}: rate, and the echo's", *rates)


def growth(context, subjects):
    """From 1 to 128 connections with one request each."""
    points = {}
    for name, title in (("postern auto", "Postern"), ("echo auto", "echo")):
        points[title] = []
        for connections in (1, 2, 4, 8, 16, 32, 64, 128):
            requests = 40_000 + 1000 * connections
            result = subjects[name].ask(connections, 1, requests)
            points[title].append((connections, result["server"]["cpu_us_per_request"]))
    context.charts.append(
        Chart(
            "CPU of the server for a cached verdict, one in flight on each connection",
            *("connections", "us"),
            points,
        )
    )
    first, last = points["Postern"][0][1], points["Postern"][-1][1]
    return Row(
        "S2+",
        "growth of the cost from 1 to 128 connections",
        amount(last, "us"),
        amount(first, "us"),
        f"{last / first:.3g}" if first else "",
    )


def run(context):
    if harness.io_uring_refusal():
        print("  the kernel refuses io_uring: both are epoll")
    with contextlib.ExitStack() as stack:
        subjects = start(context, stack)
        for _ in range(context.rounds(ROUNDS)):
            for row in CROWDS:
                for subject in subjects.values():
                    subject.measure(row)
        return [*rows_of(subjects), growth(context, subjects)]
