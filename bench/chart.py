# SPDX-License-Identifier: Apache-2.0
"""A chart of the report as SVG: lines over one axis, with the values at the points."""

import html
import math

WIDTH, HEIGHT = 960, 480
LEFT, RIGHT, TOP, BOTTOM = 92, WIDTH - 210, 70, HEIGHT - 62
COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed")

STYLE = """<style>
text { font-family: system-ui, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
.title { font-size: 19px; font-weight: 600; fill: #111827; }
.tick { font-size: 12px; fill: #4b5563; }
.axis { font-size: 13px; fill: #111827; }
.name { font-size: 13px; font-weight: 600; }
.grid { stroke: #e5e7eb; stroke-width: 1; fill: none; }
.frame { stroke: #9ca3af; stroke-width: 1; fill: none; }
</style>"""


class Axis:
    """Values to places; the ticks are round numbers."""

    def __init__(self, values, low_place, high_place, logarithmic):
        self.logarithmic = logarithmic and min(values) > 0
        self.low, self.high = (min(values), max(values)) if self.logarithmic else (0, max(values))
        if self.high <= self.low:
            self.high = self.low + 1
        self.low_place, self.high_place = low_place, high_place
        self.ticks = self._log_ticks() if self.logarithmic else self._even_ticks()
        if not self.logarithmic:
            self.high = max(self.high, self.ticks[-1])

    def _even_ticks(self):
        rough = self.high / 5
        step = 10 ** math.floor(math.log10(rough))
        step *= next(factor for factor in (1, 2, 5, 10) if factor * step >= rough * 0.999)
        return [step * i for i in range(math.ceil(self.high / step - 1e-9) + 1)]

    def _log_ticks(self):
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        if last - first > 2:
            ticks = [10.0**power for power in range(first, last + 1)]
        else:
            ticks = [f * 10.0**power for power in range(first, last + 1) for f in (1, 2, 5)]
        return [tick for tick in ticks if self.low * 0.999 <= tick <= self.high * 1.001]

    def place(self, value):
        if self.logarithmic:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.low_place + (self.high_place - self.low_place) * part


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    if value >= 1e3:
        return f"{value / 1e3:g} k"
    return f"{value:g}"


def _axes(x, y, chart):
    parts = []
    for tick in x.ticks:
        place = x.place(tick)
        parts.append(
            f'<path class="grid" d="M{place:.1f} {TOP}V{BOTTOM}"/>'
            f'<text class="tick" x="{place:.1f}" y="{BOTTOM + 21}" text-anchor="middle">'
            f"{number(tick)}</text>"
        )
    for tick in y.ticks:
        place = y.place(tick)
        parts.append(
            f'<path class="grid" d="M{LEFT} {place:.1f}H{RIGHT}"/>'
            f'<text class="tick" x="{LEFT - 10}" y="{place + 4:.1f}" text-anchor="end">'
            f"{number(tick)}</text>"
        )
    middle = (TOP + BOTTOM) / 2
    parts.append(
        f'<text class="axis" x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 16}" text-anchor="middle">'
        f"{html.escape(chart.x_title)}</text>"
        f'<text class="axis" transform="translate(24 {middle}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(chart.y_title)}</text>"
        f'<path class="frame" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>'
    )
    return parts


def _lines(x, y, chart):
    """Each line with its name at its end; names that would overlap are moved apart."""
    parts, names = [], []
    for colour, (name, points) in zip(COLOURS, chart.series.items()):
        places = [(x.place(a), y.place(b)) for a, b in points]
        path = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.5" '
            'stroke-linejoin="round"/>'
        )
        if len(places) <= 24:
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{colour}"/>'
                      for a, b in places]  # fmt: skip
        names.append([places[-1][1] + 4, colour, f"{name} {points[-1][1]:.3g}"])
    names.sort()
    for above, below in zip(names, names[1:]):
        below[0] = max(below[0], above[0] + 18)
    parts += [
        f'<text class="name" x="{RIGHT + 10}" y="{place:.1f}" fill="{colour}">'
        f"{html.escape(name)}</text>"
        for place, colour, name in names
    ]
    return parts


def svg(chart):
    points = [point for line in chart.series.values() for point in line]
    x = Axis([a for a, _ in points], LEFT, RIGHT, chart.log_x)
    y = Axis([b for _, b in points], BOTTOM, TOP, chart.log_y)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img">',
            STYLE,
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text class="title" x="{LEFT}" y="38">{html.escape(chart.title)}</text>',
            *_axes(x, y, chart),
            *_lines(x, y, chart),
            "</svg>\n",
        ]
    )
