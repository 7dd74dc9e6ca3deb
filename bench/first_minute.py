# SPDX-License-Identifier: Apache-2.0
"""What a snapshot is worth: how often the cache knows the sender in the first minute after a
restart.

Two daemons, one with a snapshot, are asked about the same mail, are ended and started again, and
are asked about what comes next, at the pace of a mail server."""

import concurrent.futures
import random

from against_dnsperf import name_server, posternd
from load import closed, load
from rows import Row

RETURNING = 0.65  # the other senders are new
LATEST = 16_384  # of whom somebody comes back
BEFORE = 65_536  # connections before the restart
RATE = 200  # connections a second, after it


def connections(count):
    """Their addresses, in order: posternload's 65, which would begin anew after the restart."""
    numbers = random.Random(1)
    senders = []
    for _ in range(count):
        if senders and numbers.random() < RETURNING:
            yield senders[-1 - numbers.randrange(min(len(senders), LATEST))]
        else:
            number = len(senders)
            senders.append(f"11.{number >> 16}.{number >> 8 & 255}.{number & 255}")
            yield senders[-1]


class Mail:
    """Connections before and after a restart, in files for posternload."""

    def __init__(self, context):
        self.count = context.much(BEFORE)
        self.seconds = 2 if context.quick else 60
        self.folder = context.subfolder("mail")
        addresses = list(connections(self.count + self.seconds * RATE))
        self.before = self.write("before", addresses[: self.count])
        self.after = self.write("after", addresses[self.count :])

    def write(self, name, addresses):
        file = self.folder / name
        file.write_text("\n".join(addresses) + "\n")
        return file


def known_after_restart(context, daemon, mail):
    """How many in a hundred connections are from senders that the cache knows."""
    try:
        closed(context.binaries, daemon.gateway, addresses=mail.before, requests=mail.count)
        daemon.stop()
        daemon.start()
        daemon.wait_until_lists_vote()
        pace = {"rate": RATE, "duration": mail.seconds}
        load(context.binaries, daemon.gateway, addresses=mail.after, **pace)
        lookups = daemon.metrics()["postern_cache_lookups_total"]  # since it was started
    finally:
        daemon.stop()
    return 100 * lookups.value(result="hit") / lookups.total()


def first_minute(context):
    mail = Mail(context)
    snapshot = f'[cache]\nsnapshot = "{mail.folder}/snapshot"'
    with (
        name_server(context.subfolder("first-minute")) as server,
        concurrent.futures.ThreadPoolExecutor() as both,
    ):
        shares = []
        for name, more in (("with-snapshot", snapshot), ("without-snapshot", "")):
            daemon = posternd(context.subfolder(name), server.port, more=more)
            shares.append(both.submit(known_after_restart, context, daemon, mail))
    kept, forgotten = (share.result() for share in shares)
    return Row(
        *("S7+", "cache: senders known in the first minute after a restart, snapshot / none"),
        *(f"{kept:.1f} %", f"{forgotten:.1f} %", f"{kept / forgotten:.3g}", "> 1"),
        kept > forgotten,
    )
