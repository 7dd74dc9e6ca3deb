# SPDX-License-Identifier: Apache-2.0
"""The results as a page with plots in build/bench, and as docs/performance.md."""

import datetime
import html
import os
import pathlib
import platform
import re
import subprocess

from chart import svg
from rows import TITLES, markdown_table

STYLE = """
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #111827;
       max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 14px; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid #e5e7eb; }
th { color: #4b5563; font-weight: 600; }
td:nth-child(n+3) { font-variant-numeric: tabular-nums; }
.holds { color: #047857; } .MISSED { color: #b91c1c; font-weight: 600; }
.skipped { color: #6b7280; }
img { max-width: 100%; margin: 1rem 0; border: 1px solid #e5e7eb; border-radius: 6px; }
"""


def machine():
    """What it was measured on, in a line."""
    model = re.search(r"^model name\s*: (.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    name = model[1] if model else platform.machine()
    return f"{name}, {os.cpu_count()} processors, Linux {platform.release()}, loopback"


def load_average():
    return f"{os.getloadavg()[0]:.1f}"


def versions():
    """Of the peers; what is not installed has none."""
    packages = ("memcached", "dnsperf", "rbldnsd", "rspamd", "libc-ares2", "liburing2")
    command = ["dpkg-query", "-W", "-f=${Package} ${Version}\n", *packages]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""
    return ", ".join(line for line in shown.splitlines() if not line.endswith(" "))


def write_page(context, rows, about):
    """build/bench/index.html and its pictures."""
    pictures = dict(context.pictures)
    for number, chart in enumerate(context.charts, start=1):
        file = context.output / f"chart{number}.svg"
        file.write_text(svg(chart))
        pictures[chart.title] = file
    lines = [
        "<!doctype html><meta charset=utf-8><title>Postern, measured</title>",
        f"<style>{STYLE}</style><h1>Postern, measured</h1>",
        *(f"<p>{html.escape(line)}</p>" for line in about),
        "<table><tr>" + "".join(f"<th>{title}</th>" for title in TITLES) + "</tr>",
    ]
    for row in rows:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row.cells()[:-1])
        lines.append(f"<tr>{cells}<td class={row.verdict()}>{row.verdict()}</td></tr>")
    lines.append("</table>")
    for title, file in pictures.items():
        lines.append(f'<p><img src="{file.name}" alt="{html.escape(title)}"></p>')
    page = context.output / "index.html"
    page.write_text("\n".join(lines) + "\n")
    return page


def about(quick):
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = [f"{now:%Y-%m-%d %H:%M} UTC, {machine()}; load average at the end {load_average()}."]
    if shown := versions():
        lines.append(f"Beside: {shown}.")
    if quick:
        lines.append("Measured briefly, to show that it runs: these figures mean nothing.")
    return lines




def keep(path, rows, about_lines):
    """docs/performance.md, from the page with two holes beside this file."""
    page = pathlib.Path(__file__).with_name("performance.md.in").read_text()
    path.write_text(page.format(about="\n\n".join(about_lines), table=markdown_table(rows)))
