# SPDX-License-Identifier: Apache-2.0
"""S6 and S7: the decision and the cache by themselves, and how they grow."""

import json
import subprocess

from context import Chart
from rows import Row, amount


def policies(context):
    """S6: envelope and header of a message."""
    small, large = (1000, 10_000) if context.quick else (1000, 1_000_000)
    sizes = [size for size in (10, 100, 1000, 10_000, 100_000, 1_000_000) if size <= large]
    results = context.micro("policy_bench", f"BM_Message/({'|'.join(map(str, sizes))})/")
    times = {size: results[f"BM_Message/{size}/manual_time"]["ns"] for size in sizes}
    context.charts.append(
        Chart(
            "A full decision, envelope and header",
            *("policies", "ns"),
            {"decision": list(times.items())},
        )
    )
    growth = times[large] / times[small]
    return [
        Row(
            *("S6", f"full policy decision, {small} policies", amount(times[small], "ns")),
            target="<= 500 ns",
            holds=times[small] <= 500,
        ),
        Row(
            *("S6", f"the same, {large} policies", amount(times[large], "ns")),
            *(amount(times[small], "ns"), f"{growth:.3g}", "<= 10"),
            growth <= 10,
        ),
    ]


def cache(context):
    """S7; the map with a list in order of use is what one would write first."""
    large = 100_000 if context.quick else 10_000_000
    sizes = [size for size in (1000, 10_000, 100_000, 1_000_000, 10_000_000) if size <= large]
    pattern = f"^(hit.*/({'|'.join(map(str, sizes))})|head_then_line/{large})$"
    results = context.micro("cache_bench", pattern, seconds=0.3)
    names = {"hit<Sets>": "one by one", "hit_in_batches": "sixteen at a time",
             "hit<MapInOrderOfUse>": "hash map and list"}  # fmt: skip
    series = {
        title: [(size, results[f"{name}/{size}"]["ns"]) for size in sizes]
        for name, title in names.items()
    }
    context.charts.append(Chart("A hit in the cache", *("addresses in it", "ns"), series))
    mine, peer = results[f"hit<Sets>/{large}"], results[f"hit<MapInOrderOfUse>/{large}"]
    together = results[f"hit_in_batches/{large}"]
    reads = results[f"head_then_line/{large}"]["ns"]
    smallest = results[f"hit<Sets>/{sizes[0]}"]["ns"]
    bytes_each = mine["bytes/address"]
    return [
        Row(
            *("S7", "cache: memory for an address with six results"),
            *(amount(bytes_each, "bytes"), amount(peer["bytes/address"], "bytes")),
            *(f"{bytes_each / peer['bytes/address']:.3g}", "<= 72 bytes"),
            round(bytes_each, 1) <= 72,  # a table's head is shared by all
        ),
        Row(
            *("S7", f"cache: a hit among {large:,} addresses".replace(",", " ")),
            *(amount(mine["ns"], "ns"), amount(peer["ns"], "ns")),
            *(f"{mine['ns'] / peer['ns']:.3g}", "<= 150 ns"),
            mine["ns"] <= 150,
        ),
        Row(
            *("S7", "the same, sixteen that come together"),
            *(amount(together["ns"], "ns"), "", "", "<= 150 ns"),
            together["ns"] <= 150,
        ),
        Row(
            *("S7+", "cache: a hit / the two reads that it waits for, alone"),
            *(amount(mine["ns"], "ns"), amount(reads, "ns"), f"{mine['ns'] / reads:.3g}"),
        ),
        Row(
            *("S7+", f"cache: growth of a hit from {sizes[0]} addresses"),
            *(amount(mine["ns"], "ns"), amount(smallest, "ns"), f"{mine['ns'] / smallest:.3g}"),
        ),
    ]


def flood(context):
    """Repeat senders among ten times as many strangers, as the unit test has it."""
    program = context.binaries.parent / "tests/cache_test"
    if not program.exists():
        return []
    report = context.folder / "flood.json"
    subprocess.run(
        [program, "--gtest_filter=CacheFlood.*", f"--gtest_output=json:{report}"],
        capture_output=True,
        check=True,
    )
    suites = json.loads(report.read_text())["testsuites"]
    (test,) = (
        test for suite in suites for test in suite["testsuite"] if "hits_in_cache" in test
    )
    mine, lru = int(test["hits_in_cache"]), int(test["hits_in_lru"])
    return [
        Row(
            *("S7+", "cache: repeat senders found under a ten-fold flood / plain LRU's"),
            *(f"{mine / 10} %", f"{lru / 10} %", f"{mine / lru:.3g}", "> 1", mine > lru),
        )
    ]


def run(context):
    return [*policies(context), *cache(context), *flood(context)]
