# SPDX-License-Identifier: Apache-2.0
"""The reader of metrics is strict: a test that parses a page with it shows something."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests/support"))

import prometheus_text  # noqa: E402  (found through the line above)

GOOD = r"""# HELP a_total All of them.
# TYPE a_total counter
a_total{b="c\"d\n,}",e="f"} 3
a_total{b="",e="f"} 4
# HELP h_seconds How long.
# TYPE h_seconds histogram
h_seconds_bucket{le="1e-05"} 1
h_seconds_bucket{le="+Inf"} 2
h_seconds_sum 0.5
h_seconds_count 2
"""

BROKEN = {
    "no end of the last line": ("h_seconds_count 2\n", "h_seconds_count 2"),
    "a comma too much": ('"f"} 3', '"f",} 3'),
    "an unknown escape": (r"\n", r"\q"),
    "an open quotation mark": ('"f"} 3', '"f} 3'),
    "the same labels twice": ('b="",', 'b="c\\"d\\n,}",'),
    "a label twice": ('b="",e="f"', 'b="",b="f"'),
    "no number": ("} 4", "} four"),
    "a negative count": ("} 4", "} -4"),
    "a type that belongs to another": ("# TYPE h_seconds", "# TYPE g_seconds"),
    "an unknown type": ("histogram", "heap"),
    "a counter without its suffix": ("a_total", "a"),
    "a sample of another family": ("h_seconds_count 2", "g_seconds_count 2"),
    "buckets that fall": ('"1e-05"} 1', '"1e-05"} 3'),
    "no last bucket": ("+Inf", "3.0"),
    "a count unlike the last bucket": ("count 2", "count 3"),
    "a sum that the buckets do not allow": ("sum 0.5", "sum 0.000001"),
    "no sum": ("h_seconds_sum 0.5\n", ""),
}


class PrometheusText(unittest.TestCase):
    def test_a_good_page_is_read(self):
        page = prometheus_text.parse(GOOD)

        self.assertEqual(page["a_total"].value(b='c"d\n,}', e="f"), 3)
        self.assertEqual(page["a_total"].total(e="f"), 7)
        self.assertEqual(page["h_seconds"].counts[()], 2)

    def test_what_is_broken_is_refused(self):
        for what, (old, new) in BROKEN.items():
            with self.subTest(what):
                self.assertIn(old, GOOD)
                with self.assertRaises(ValueError):
                    prometheus_text.parse(GOOD.replace(old, new))

    def test_openmetrics_has_an_end_and_no_suffix_in_its_families(self):
        text = GOOD.replace("# HELP a_total", "# HELP a").replace("# TYPE a_total", "# TYPE a")

        page = prometheus_text.parse(text + "# EOF\n", openmetrics=True)

        self.assertEqual(page.keys(), {"a_total", "h_seconds"})
        for broken in (text, GOOD + "# EOF\n"):
            with self.assertRaises(ValueError):
                prometheus_text.parse(broken, openmetrics=True)


if __name__ == "__main__":
    unittest.main()
