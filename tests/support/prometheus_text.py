# SPDX-License-Identifier: Apache-2.0
"""Reads a page of metrics as strictly as its two forms are written down.

    page = prometheus_text.parse(text)
    page["postern_requests_total"].samples[("interface", "json"), ("verdict", "accept")]

Prometheus' text form 0.0.4, or OpenMetrics 1.0 with `openmetrics=True`.  Whatever a reader could
stumble over is a ValueError: order, names, escapes, doubled samples, buckets that fall.
"""

import dataclasses
import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
KINDS = ("counter", "gauge", "histogram")


@dataclasses.dataclass
class Family:
    """A metric.  `samples` by their labels; a histogram's have `le`, and `sums` and `counts`."""

    kind: str
    help: str
    samples: dict = dataclasses.field(default_factory=dict)
    sums: dict = dataclasses.field(default_factory=dict)
    counts: dict = dataclasses.field(default_factory=dict)

    def value(self, **labels):
        """The sample with exactly these labels."""
        return self.samples[tuple(sorted(labels.items()))]

    def total(self, **labels):
        """The sum of all samples that have these labels, among others."""
        wanted = set(labels.items())
        return sum(value for key, value in self.samples.items() if wanted <= set(key))


def parse(text, openmetrics=False):
    """All families by the name that a query uses: a counter's with _total."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    lines = text.split("\n")[:-1]
    if openmetrics and lines.pop() != "# EOF":
        raise ValueError("the page does not end with # EOF")
    families = {}
    while lines:
        name, family = parse_family(lines, openmetrics)
        if name in families:
            raise ValueError(f"{name} comes twice")
        families[name] = family
    return families


def parse_family(lines, openmetrics):
    """Takes one family's lines from the front."""
    help_name, help_text = match(rf"# HELP ({NAME}) (.+)", lines.pop(0))
    name, kind = match(rf"# TYPE ({NAME}) (\w+)", lines.pop(0))
    if name != help_name or kind not in KINDS:
        raise ValueError(f"HELP of {help_name} is followed by TYPE of {name} {kind}")
    if re.search(r'["\\]', help_text):
        raise ValueError(f"the help of {name} would need escapes")
    if openmetrics and kind == "counter":
        name += "_total"
    if (kind == "counter") != name.endswith("_total"):
        raise ValueError(f"{name} is a {kind}")
    family = Family(kind, help_text)
    while lines and not lines[0].startswith("#"):
        add_sample(name, family, lines.pop(0))
    if kind == "histogram":
        check_histogram(name, family)
    return name, family


def add_sample(name, family, line):
    sample, label_text, number = match(SAMPLE, line)
    into = {name: family.samples}
    if family.kind == "histogram":
        into = {
            f"{name}_bucket": family.samples,
            f"{name}_sum": family.sums,
            f"{name}_count": family.counts,
        }
    if sample not in into:
        raise ValueError(f"{sample} stands among the samples of {name}")
    key = tuple(sorted(parse_labels(label_text or "")))
    if key in into[sample]:
        raise ValueError(f"{line}: the same labels came before")
    value = parse_number(number)
    if math.isnan(value) or (family.kind != "gauge" and value < 0):
        raise ValueError(f"{line}: no such {family.kind}")
    into[sample][key] = value


def parse_labels(text):
    """Pairs of name and value, escapes undone."""
    position = 0
    pairs = []
    while position < len(text):
        found = LABEL.match(text, position)
        if not found:
            raise ValueError(f"no label begins at {text[position:]!r}")
        escapes = {"n": "\n", '"': '"', "\\": "\\"}
        value = re.sub(r"\\(.)", lambda escape: escapes[escape[1]], found[2])
        pairs.append((found[1], value))
        position = found.end()
        if position < len(text):
            if text[position] != "," or position + 1 == len(text):
                raise ValueError(f"no label follows in {text!r}")
            position += 1
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError(f"a label comes twice in {text!r}")
    return pairs


def parse_number(text):
    if not re.fullmatch(r"[+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|NaN", text):
        raise ValueError(f"{text!r} is no number")
    return float(text) if "." in text or not text.isdigit() else int(text)


def check_histogram(name, family):
    """Buckets rise to +Inf, which is the count, and the sum lies within what they allow."""
    series = {}
    for key, value in family.samples.items():
        (bound,) = [parse_number(text) for label, text in key if label == "le"]
        rest = tuple(pair for pair in key if pair[0] != "le")
        series.setdefault(rest, []).append((bound, value))
    if series.keys() != family.counts.keys() or series.keys() != family.sums.keys():
        raise ValueError(f"{name}: buckets, sums and counts have different labels")
    for key, buckets in series.items():
        bounds = [bound for bound, _ in buckets]
        values = [value for _, value in buckets]
        if bounds != sorted(set(bounds)) or bounds[-1] != math.inf or values != sorted(values):
            raise ValueError(f"{name}{key}: buckets do not rise to +Inf")
        if values[-1] != family.counts[key]:
            raise ValueError(f"{name}{key}: the count is not what the last bucket says")
        check_sum(f"{name}{key}", bounds, values, family.sums[key])


def check_sum(name, bounds, values, total):
    least = most = 0
    for lower, upper, before, value in zip([0, *bounds], bounds, [0, *values], values):
        least += lower * (value - before)
        most += upper * (value - before) if value > before else 0
    slack = 1e-9 * (values[-1] + 1)
    if not least - slack <= total <= most + slack:
        raise ValueError(f"{name}: the sum {total} lies outside of {least} … {most}")


def match(pattern, line):
    found = re.fullmatch(pattern, line)
    if not found:
        raise ValueError(f"{line!r} is not {getattr(pattern, 'pattern', pattern)}")
    return found.groups()
