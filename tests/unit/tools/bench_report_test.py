# SPDX-License-Identifier: Apache-2.0
"""What tools/bench makes of figures: rows, the table, the plots, the page that is kept."""

import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench"))

import chart  # noqa: E402  (found through the line above)
import report  # noqa: E402
from context import Chart  # noqa: E402
from rows import Row, amount, compared, skipped, table  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


class Rows(unittest.TestCase):
    def test_amounts_have_three_digits(self):
        for value, text in (
            (0.7831, "0.783 us"),
            (12.345, "12.3 us"),
            (123.4, "123 us"),
            (1_043_210, "1 040 000 us"),
            (999.9, "1 000 us"),
        ):
            self.assertEqual(amount(value, "us"), text)

    def test_the_ratio_is_the_median_of_the_pairs(self):
        # The machine slowed down in the second round, and both with it.
        row = compared("S1", "x", [1.0, 10.0, 1.2], [1.0, 9.0, 1.0], "us", 1.15)
        self.assertEqual((row.ratio, row.holds, row.verdict()), ("1.11", True, "holds"))
        self.assertEqual(compared("S1", "x", [3.0], [1.0], "us", 2).verdict(), "MISSED")
        self.assertEqual(compared("S1", "x", [3.0], [1.0], "us", None).verdict(), "")

    def test_what_was_not_measured_is_said(self):
        row = skipped("S4", "rspamd", "rspamd is not installed")
        self.assertEqual(row.verdict(), "skipped")
        self.assertIn("rspamd is not installed", table([row]))


class Plots(unittest.TestCase):
    def draw(self, series, **options):
        document = chart.svg(Chart("a < b", "x", "y", series, **options))
        return xml.etree.ElementTree.fromstring(document)

    def test_points_stay_inside_the_axes(self):
        for series, options in (
            ({"one": [(1, 5.0), (128, 7.5)]}, {}),
            ({"one": [(1000, 50), (1e7, 900)], "other": [(1000, 80), (1e7, 1200)]}, {}),
            ({"flat": [(0.0, 104.0), (60.0, 104.0)]}, {"log_x": False}),
            ({"alone": [(10, 3)]}, {"log_y": True}),
        ):
            root = self.draw(series, **options)
            circles = list(root.iter(SVG + "circle"))
            self.assertEqual(len(circles), sum(map(len, series.values())))
            for circle in circles:
                self.assertTrue(chart.LEFT <= float(circle.get("cx")) <= chart.RIGHT)
                self.assertTrue(chart.TOP <= float(circle.get("cy")) <= chart.BOTTOM)
            words = [text.text for text in root.iter(SVG + "text")]
            self.assertIn("a < b", words)
            for name in series:
                self.assertTrue(any(word.startswith(name) for word in words))

    def test_names_at_the_end_of_lines_do_not_overlap(self):
        root = self.draw({name: [(1, 1), (2, value)] for name, value in zip("abc", (9, 9, 9.1))})
        names = [text for text in root.iter(SVG + "text") if text.get("class") == "name"]
        places = sorted(float(name.get("y")) for name in names)
        self.assertTrue(all(b - a >= 17.9 for a, b in zip(places, places[1:])), places)


class KeptPage(unittest.TestCase):
    def test_has_the_table_and_where_it_comes_from(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "performance.md"
            report.keep(page, [Row("S9", "start | answer", "52 ms")], ["a machine", "beside: x"])
            text = page.read_text()
        self.assertTrue(text.startswith("# Performance\n"))
        self.assertIn("a machine\n\nbeside: x", text)
        self.assertIn("| S9 | start \\| answer | 52 ms |", text)
        self.assertNotIn("{", text)


if __name__ == "__main__":
    unittest.main()
