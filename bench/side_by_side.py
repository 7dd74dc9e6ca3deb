#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Postern beside others on this machine, and prints one table: what, how much, how much
the reference took in the same run, the ratio, the target.

Everything runs on loopback, in a temporary folder.  What is not installed is skipped, and said so.
A page with plots is written to build/bench/.
"""

import argparse
import pathlib
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/programs"), str(ROOT / "tools/sample")]

import daemon_rows  # noqa: E402  (found through the line above)
import harness  # noqa: E402
import library_rows  # noqa: E402
import lookup_rows  # noqa: E402
import report  # noqa: E402
import socket_rows  # noqa: E402
from context import Context  # noqa: E402
from rows import skipped, table  # noqa: E402

PARTS = {
    "socket": (socket_rows, "S1, S2: cached verdicts over the socket"),
    "lookups": (lookup_rows, "S3 to S5: verdicts that ask the lists"),
    "library": (library_rows, "S6, S7: decision and cache"),
    "daemon": (daemon_rows, "S8, S9, P5: reload, start, memory"),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; or all")
    parser.add_argument("--bin", type=pathlib.Path, default=harness.BIN)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/bench")
    parser.add_argument("--quick", action="store_true", help="briefly: shows that it runs")
    parser.add_argument("--keep", action="store_true", help="write docs/performance.md too")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    if options.keep and (options.quick or options.parts):
        parser.error("--keep is for a whole run")

    harness.BIN = options.bin.resolve()
    options.output.mkdir(parents=True, exist_ok=True)
    rows = []
    failed = False
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="postern-bench.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # servers that root starts give up root's rights
        context = Context(harness.BIN, folder, options.output, options.quick)
        for part in options.parts or PARTS:
            module, title = PARTS[part]
            print(f"{time.monotonic() - start:6.0f} s  {title}", file=sys.stderr, flush=True)
            try:
                rows += module.run(context)
            except Exception as error:  # The other parts are worth having.
                traceback.print_exc()
                rows.append(skipped(part, title, f"failed: {type(error).__name__}"))
                failed = True
    if options.quick:
        for row in rows:
            row.holds = None
    about = report.about(options.quick)
    page = report.write_page(context, rows, about)
    print(table(rows), *about, f"with plots: {page}", sep="\n")
    if options.keep and not failed:
        report.keep(ROOT / "docs/performance.md", rows, about)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
