# SPDX-License-Identifier: Apache-2.0
"""docs/events.md and the code name the same events."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/events.md"


def events_in_code():
    """What is logged with spdlog as event=NAME, or begins a Line with it."""
    names = set()
    for folder in ("policy", "cache", "resolver", "tools"):
        for source in (ROOT / folder).rglob("*.cc"):
            text = source.read_text()
            names |= set(re.findall(r'"event=(\w+)', text))
            names |= set(re.findall(r'\.text\("event", "(\w+)"\)', text))
    return names


class Events(unittest.TestCase):
    def setUp(self):
        self.page = PAGE.read_text()

    def test_each_event_of_the_code_is_explained_and_none_besides(self):
        rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]+ \|[^|]*\|$", self.page, re.MULTILINE)
        explained = [name for row in rows for name in re.findall(r"\w+", row)]
        self.assertEqual(len(explained), len(set(explained)), "explained twice")
        self.assertGreater(len(explained), 25)
        self.assertEqual(set(explained) | {"message"}, events_in_code())

    def test_no_line_is_logged_that_is_no_event(self):
        call = re.compile(r"spdlog::(?:info|warn|error|critical)\(\s*\"([^\"]*)")
        for folder in ("resolver", "tools"):
            for source in (ROOT / folder).rglob("*.cc"):
                for text in call.findall(source.read_text()):
                    self.assertRegex(text, r"^event=\w+", source)


if __name__ == "__main__":
    unittest.main()
