# SPDX-License-Identifier: Apache-2.0
"""docs/promises.md names tests: each of them exists."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/promises.md"
UNIT_TEST = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)


def unit_tests():
    sources = [*ROOT.glob("tests/unit/**/*.cc"), *ROOT.glob("tests/policy/*.cc")]
    return {
        f"{suite}.{name}"
        for source in sources
        for suite, name in UNIT_TEST.findall(source.read_text())
    }


class Promises(unittest.TestCase):
    def setUp(self):
        self.named = re.findall(r"`([^`]+)`", PAGE.read_text())

    def test_the_unit_tests_exist(self):
        known = unit_tests()
        named = {name for name in self.named if re.fullmatch(r"[A-Z]\w+\.[A-Z]\w+", name)}
        self.assertGreater(len(named), 40)
        self.assertEqual(sorted(named - known - {"Suite.Name"}), [])

    def test_the_scenarios_exist(self):
        named = {name for name in self.named if re.fullmatch(r"\w+\.scenario", name)}
        self.assertGreater(len(named), 15)
        missing = [name for name in sorted(named) if not (ROOT / "tests/scenario" / name).exists()]
        self.assertEqual(missing, [])

    def test_the_tests_with_a_daemon_exist(self):
        named = {name for name in self.named if re.fullmatch(r"\w+_test\.py: \w+", name)}
        self.assertGreater(len(named), 10)
        for name in sorted(named):
            file, test = name.split(": ")
            text = (ROOT / "tests/programs" / file).read_text()
            self.assertIn(f"def {test}(", text, name)

    def test_every_promise_has_a_row_with_tests(self):
        rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| P\d+ \|", line)]
        numbers = [row.split("|")[1].strip() for row in rows]
        self.assertEqual(numbers, [f"P{n}" for n in range(1, 15)])
        for row in rows:
            self.assertIn("`", row.split("|")[4], row)


if __name__ == "__main__":
    unittest.main()
