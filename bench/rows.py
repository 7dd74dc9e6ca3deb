# SPDX-License-Identifier: Apache-2.0
"""A row of the table: what was measured beside what, and whether it is as good as it should be."""

import dataclasses
import statistics


@dataclasses.dataclass
class Row:
    """`holds` is None where there is no target, or nothing was measured."""

    id: str
    what: str
    measured: str = ""
    reference: str = ""
    ratio: str = ""
    target: str = ""
    holds: bool | None = None

    def verdict(self):
        if self.holds is None:
            return "" if self.measured else "skipped"
        return "holds" if self.holds else "MISSED"

    def cells(self):
        return (
            *(self.id, self.what, self.measured, self.reference, self.ratio, self.target),
            self.verdict(),
        )


TITLES = ("row", "what", "measured", "reference, same run", "ratio", "target", "")


def skipped(row_id, what, why):
    return Row(row_id, what, reference=why)


def compared(row_id, what, value, reference, unit, target):
    """A row of two series that took turns: the ratio is the median of the pairs' ratios."""
    ratio = statistics.median(a / b for a, b in zip(value, reference))
    return Row(
        row_id,
        what,
        amount(statistics.median(value), unit),
        amount(statistics.median(reference), unit),
        f"{ratio:.3g}",
        f"<= {target:.3g}" if target else "",
        ratio <= target if target else None,
    )


def amount(value, unit):
    """Three digits, thousands apart: 1 040 000 /s, 0.78 us."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        text = f"{round(value, -digits):,.0f}".replace(",", " ")
    else:
        text = f"{value:.3g}"
    return f"{text} {unit}".strip()


def table(rows):
    """As text with aligned columns."""
    lines = [TITLES, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(TITLES))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
        for line in lines
    )


def markdown_table(rows):
    lines = ["| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES)]
    for row in rows:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells()) + " |")
    return "\n".join(lines)
