# SPDX-License-Identifier: Apache-2.0
"""S3 to S5: what a verdict costs that asks all lists, beside dnsperf and rspamd on the same name
server, and how long it takes when every list is slow."""

from against_dnsperf import ZONES, dnsperf, name_server, posternd, uncached
from load import load
from peers import NotInstalled, Rspamd, SlowNameServer, program
from rows import Row, amount, compared, skipped

UNCACHED = "uncached verdict, six lists"
LISTED_OF = 16  # every sixteenth address of the zones is listed
DELAY = 0.050


def against_dnsperf(context, server, daemon):
    """S3."""
    try:
        program("dnsperf")
    except NotInstalled as why:
        return skipped("S3", f"{UNCACHED}: rate / dnsperf's", str(why))
    verdicts, queries = [], []
    for number in range(context.rounds()):
        seconds = 1 if context.quick else 3
        queries.append(dnsperf(context.folder, server.port, seconds) / len(ZONES))
        verdicts.append(uncached(daemon, number, context.much(65_536)))
    rates = [result["per_second"] for result in verdicts]
    what = f"{UNCACHED}: rate / a sixth of dnsperf's queries"
    row = compared("S3", what, rates, queries, "/s", None)
    missing = sum(result["degraded"] for result in verdicts)
    row.measured += f", {missing} degraded"
    row.target = ">= 1.3, none degraded"
    row.holds = float(row.ratio) >= 1.3 and missing == 0
    return row


def against_rspamd(context, server, daemon):
    """S4: both of addresses that they were not asked about before."""
    what = f"{UNCACHED}: CPU / rspamd with the rbl module only"
    count = context.much(4096)
    ours, theirs = [], []
    try:
        with Rspamd(context.folder, ZONES, server.port) as rspamd:
            rspamd.check_all(["11.200.0.1"] * 16)  # what is made on first use is made
            for number in range(context.rounds(7)):
                result = uncached(daemon, 100 + number, context.much(65_536))
                ours.append(result["server"]["cpu_us_per_request"])
                theirs.append(cpu_of_rspamd(rspamd, number * count, count))
    except NotInstalled as why:
        return skipped("S4", what, str(why))
    return compared("S4", what, ours, theirs, "us", 1 / 15)


def cpu_of_rspamd(rspamd, first, count):
    """Microseconds for each of the addresses of 11.0/16 from the `first` on."""
    addresses = [f"11.0.{i // 256}.{i % 256}" for i in range(first, first + count)]
    before = rspamd.cpu()
    listed, failed = rspamd.check_all(addresses)
    spent = rspamd.cpu() - before
    wanted = sum(i % LISTED_OF == 0 for i in range(first, first + count))
    if failed or listed != wanted:
        raise RuntimeError(f"rspamd: {failed} failed, {listed} listed where {wanted} are")
    return spent / count * 1e6


def of_slow_lists(context):
    """S5: an open loop, slow enough that nobody waits for another one."""
    seconds = 2 if context.quick else 15
    with SlowNameServer(context.binaries, DELAY) as server:
        folder = context.subfolder("s5")
        daemon = posternd(folder, server.port)
        try:
            result = load(
                context.binaries,
                daemon.gateway,
                rate=200,
                duration=seconds,
                addresses="miss",
                plot=context.picture("Latency when every list answers after 50 ms", "s5.svg"),
            )
        finally:
            daemon.stop()
    server_late = server.lateness
    if result["degraded"]:
        raise RuntimeError(f"S5: {result['degraded']} verdicts lacked a list")
    for name, limit in (("p50", 1.0), ("p99", 5.0)):
        over = result["latency_us"][name] / 1000 - DELAY * 1000
        yield Row(
            "S5",
            f"uncached verdict, each list delayed {DELAY * 1000:.0f} ms: {name} above that",
            amount(over, "ms"),
            f"the server's own lateness {amount(server_late[f'late_us_{name}'] / 1000, 'ms')}",
            target=f"<= {limit:.3g} ms",
            holds=over <= limit,
        )


def run(context):
    with name_server(context.subfolder("s3")) as server:
        daemon = posternd(context.subfolder("s3-daemon"), server.port)
        try:
            rows = [
                against_dnsperf(context, server, daemon),
                against_rspamd(context, server, daemon),
            ]
        finally:
            daemon.stop()
    return [*rows, *of_slow_lists(context)]
