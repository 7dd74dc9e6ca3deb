# SPDX-License-Identifier: Apache-2.0
"""tools/check_tree.py finds what it is there to find, and nothing else."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

from check_tree import FUNCTION_LINES, Tree  # noqa: E402  (found through the line above)

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "//\n// A thing.\n#pragma once\n"
TITLE = "# A title\n"
UNFINISHED = "TO" + "DO"


def function_of(lines):
    return SPDX + "int f(int a) {\n" + "    ++a;\n" * (lines - 2) + "}\n"


# A file beside cache/thing.h, what it holds, and what is said of it; nothing is said of good files.
CASES = (
    ("a plain source file", "policy/a.cc", SPDX + "int f() { return 1; }\n", None),
    ("no licence", "policy/a.cc", "int f();\n", "a.cc:1: the first line must be the SPDX line"),
    ("a script's licence", "tools/a", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n", None),
    ("a script without", "tools/a", "#!/bin/sh\nexit\n", "the SPDX line"),
    ("an include upwards", "policy/a.cc", SPDX + '#include "cache/thing.h"\n',
     "a.cc:2: policy may not include cache/thing.h"),
    ("an include downwards", "resolver/a.cc", SPDX + '#include "cache/thing.h"\n', None),
    ("an include sideways", "resolver/dns/a.cc", SPDX + '#include "cache/thing.h"\n',
     "resolver/dns may not include cache/thing.h"),
    ("an include of the neighbour", "cache/a.cc", SPDX + '#include "thing.h"\n',
     '"thing.h" is no path from the root'),
    ("c-ares where it belongs", "resolver/dns/ares_client.cc", SPDX + "#include <ares.h>\n", None),
    ("c-ares elsewhere", "resolver/dns/a.cc", SPDX + "#include <ares.h>\n",
     "only resolver/dns/ares_* includes <ares.h>"),
    ("toml++ elsewhere", "policy/a.cc", SPDX + "#include <toml++/toml.h>\n", "only policy/config"),
    ("a header", "policy/a.h", HEADER, None),
    ("a header without its guard", "policy/a.h", SPDX + "//\n// A thing.\n", "#pragma once"),
    ("a header that does not say what it is", "policy/a.h", SPDX + "#pragma once\n\n",
     "begins with a comment"),
    ("a hundred columns", "policy/a.cc", SPDX + "//" + "x" * 98 + "\n", None),
    ("one more", "policy/a.cc", SPDX + "//" + "x" * 99 + "\n", "a.cc:2: 101 columns"),
    ("an exception", "policy/a.cc", SPDX + "void f() { throw 1; }\n", "return a tl::expected"),
    ("the word in a comment", "policy/a.cc", SPDX + "// We throw nothing.\n", None),
    ("the word in a text", "policy/a.cc", SPDX + 'auto f = "throw";\n', None),
    ("printing in a library", "cache/a.cc", SPDX + "void f() { std::cout << 1; }\n", "spdlog"),
    ("printing in a tool", "tools/a.cc", SPDX + "void f() { std::cout << 1; }\n", None),
    ("waiting for the clock", "tests/a.cc", SPDX + "void f() { sleep_for(1s); }\n", "a timer"),
    ("unfinished work", "docs/a.md", TITLE + UNFINISHED + "\n", "a.md:2: " + UNFINISHED),
    ("a function as long as allowed", "policy/a.cc", function_of(FUNCTION_LINES), None),
    ("a function one line longer", "policy/a.cc", function_of(FUNCTION_LINES + 1),
     f"a.cc:2: f has {FUNCTION_LINES + 1} lines"),
    ("a long class", "policy/a.cc", SPDX + "class A {\n" + "    int f();\n" * 99 + "};\n", None),
    ("a long table", "policy/a.cc",
     SPDX + "void f() {\n// clang-format off\n" + "1;\n" * 99 + "// clang-format on\n}\n", None),
    ("a title", "docs/a.md", TITLE + "```\n# a comment\n```\n", None),
    ("no title", "docs/a.md", "Words.\n", "begins with its title"),
    ("two titles", "docs/a.md", TITLE + "\n# Another\n", "a.md:3: a document has one title"),
    ("what a build left", "build/a.cc", "int f();\n", None),
    ("bytes", "tests/corpus/a", b"\xff\xfe", None),
)  # fmt: skip


class CheckTree(unittest.TestCase):
    def check(self, files, **options):
        with tempfile.TemporaryDirectory() as root:
            for path, content in files.items():
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content if isinstance(content, bytes) else content.encode())
            return Tree(root, **options).check()

    def test_each_rule_finds_what_it_forbids_and_nothing_else(self):
        for what, path, content, expected in CASES:
            with self.subTest(what):
                problems = self.check({path: content, "cache/thing.h": HEADER})
                if expected is None:
                    self.assertEqual(problems, [])
                else:
                    self.assertEqual(len(problems), 1, problems)
                    self.assertIn(expected, problems[0])

    def test_a_named_exception_may_be_long(self):
        exceptions = {"policy/a.cc: f": "one switch over a wire format"}
        problems = self.check({"policy/a.cc": function_of(99)}, long_functions=exceptions)

        self.assertEqual(problems, [])

    def test_an_exception_that_is_not_needed_is_reported(self):
        exceptions = {"policy/a.cc: f": "one switch over a wire format"}
        problems = self.check({"policy/a.cc": function_of(9)}, long_functions=exceptions)

        self.assertEqual(len(problems), 1)
        self.assertIn("drop its exception", problems[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
