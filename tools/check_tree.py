#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the tree to the rules that no compiler knows; a test of the build runs it.

The rules are the tables below.  Whoever loosens one changes the design, and the review shows it.
Each problem is printed as FILE:LINE: what is wrong, and what to write instead.
"""

import ast
import fnmatch
import os
import pathlib
import re
import sys

from cpp_text import long_functions, without_comments_and_texts

# Who may include whom, besides itself.  The longest prefix of a file's folder applies, and an entry
# allows its folder and all below it.  ARCHITECTURE.md has the drawing.
MAY_INCLUDE = {
    "policy": (),
    "cache": ("policy",),
    "resolver/log": ("policy",),
    "resolver/io": ("policy",),
    "resolver/metrics": ("policy",),
    "resolver/service": ("policy", "resolver/io", "resolver/metrics"),
    "resolver/dns": ("policy", "resolver/io", "resolver/metrics"),
    "resolver/dns_door": ("policy", "resolver/io", "resolver/service", "resolver/dns"),
    "resolver/health": ("policy", "cache", "resolver/io", "resolver/dns"),
    "resolver/state": ("policy", "cache", "resolver/log"),
    "resolver/tracking": ("policy", "resolver/log", "resolver/service", "resolver/state"),
    "resolver/journal": ("policy", "resolver/io", "resolver/log", "resolver/metrics",
                         "resolver/service", "resolver/tracking"),
    "resolver/config": ("policy", "resolver/io", "resolver/service", "resolver/dns",
                        "resolver/dns_door", "resolver/health", "resolver/journal",
                        "resolver/log"),
    "resolver/admin": ("policy", "cache", "resolver"),
    "resolver": ("policy", "cache", "resolver"),
    "tools": ("policy", "cache", "resolver"),
    "bench": ("policy", "cache", "resolver", "tools", "tests/support"),
    "tests": ("policy", "cache", "resolver", "tools"),
    "tests/support": ("policy", "cache", "resolver"),
}  # fmt: skip

# Libraries that one place knows, so that the rest can do without.
ONLY_IN = {
    "ares.h": "resolver/dns/ares_*",
    "liburing.h": "resolver/io/*ring*",
    "microhttpd.h": "resolver/admin/*",
    "sqlite3.h": "resolver/state/sqlite*",
    "sodium/*": "resolver/journal/*",
    "systemd/*": "resolver/supervisor*",
    "toml++/*": "policy/config/document*.cc",
    "curl/*": "tools/*",
}

LIBRARIES = ("policy/", "cache/", "resolver/")
EVERYWHERE = ("",)

# A pattern, the folders it is banned from, and what to write instead.  Of code only: comments and
# texts may say what they like.
BANNED_CODE = (
    (r"\bthrow\b", EVERYWHERE, "return a tl::expected, an optional or a value"),
    (r"\bdynamic_cast\b|\btypeid\b", EVERYWHERE, "a virtual function, or a variant"),
    (r"\bco_(await|return|yield)\b", EVERYWHERE, "a state and a callback from the loop"),
    (r"\bstd::(cout|cerr|clog)\b", LIBRARIES, "return the text, or log with spdlog"),
    (r"\b(?:std::)?f?printf\s*\(", LIBRARIES, "return the text, or log with spdlog"),
    (r"\bstd::endl\b", EVERYWHERE, "'\\n'"),
    (r"\bsleep_(for|until)\b|\bu?sleep\s*\(", EVERYWHERE, "a timer of the loop, or an event"),
    (r"\bstd::(format|views|source_location)\b", EVERYWHERE, "fmt, or a loop: clang 14 lacks it"),
    (r"\bNULL\b", EVERYWHERE, "nullptr"),
    (r"\b(strcpy|strcat|sprintf|atoi)\s*\(", LIBRARIES, "std::string, fmt or std::from_chars"),
)  # fmt: skip

BANNED_PYTHON = ((r"\btime\.sleep\b", "wait for the event"),)

# Everywhere, comments and documents included.  Put together so that this file passes.
UNFINISHED = r"\b(FIX" + r"ME|TO" + r"DO|XX" + r"X)\b"
BANNED_TEXT = ((UNFINISHED, "do it, or say in a sentence what is not done"),)

COLUMNS = 100
FUNCTION_LINES = 70

# "FILE: FUNCTION" that may be longer, with the reason; one no longer needed is a problem too.
LONG_FUNCTIONS = {}

SOURCE_FOLDERS = ("policy", "cache", "resolver", "tools", "bench", "tests")
CPP = (".h", ".cc", ".c")


class Tree:
    """All files of a project, and the problems found in them."""

    def __init__(self, root, long_functions=None):
        self.root = pathlib.Path(root)
        self.long_functions = LONG_FUNCTIONS if long_functions is None else long_functions
        self.problems = []
        self.long_seen = set()

    def files(self):
        """Paths relative to the root; what git and builds keep for themselves is left out."""
        for folder, names, files in os.walk(self.root):
            kept_out = {"__pycache__"} | ({"build"} if pathlib.Path(folder) == self.root else set())
            names[:] = sorted(set(name for name in names if name[0] != ".") - kept_out)
            for file in sorted(files):
                yield (pathlib.Path(folder) / file).relative_to(self.root).as_posix()

    def report(self, path, line, message):
        self.problems.append(f"{path}:{line}: {message}")

    def check(self):
        for path in self.files():
            try:
                text = (self.root / path).read_text()
            except UnicodeDecodeError:
                continue  # Bytes, not text: a fuzzer's corpus.
            self.check_file(path, text)
        for name in sorted(set(self.long_functions) - self.long_seen):
            self.report("tools/check_tree.py", 1, f"{name} is short enough now: drop its exception")
        return self.problems

    def check_file(self, path, text):
        kind = kind_of(path, text)
        if kind == "other":
            return
        lines = text.split("\n")
        self.check_text(path, lines, kind)
        if kind == "markdown":
            self.check_titles(path, lines)
            return
        self.check_licence(path, lines)
        if kind == "cpp":
            self.check_cpp(path, text, lines)
        if kind == "python":
            self.check_python(path, text)

    def check_text(self, path, lines, kind):
        for number, line in enumerate(lines, start=1):
            for pattern, instead in BANNED_TEXT:
                if match := re.search(pattern, line):
                    self.report(path, number, f"{match[0]}: {instead}")
            if kind != "markdown" and len(line) > COLUMNS:
                self.report(path, number, f"{len(line)} columns; {COLUMNS} are allowed")
            if line != line.rstrip() and kind != "markdown":
                self.report(path, number, "blanks at the end of the line")

    def check_licence(self, path, lines):
        first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
        if "SPDX-License-Identifier: Apache-2.0" not in first:
            self.report(path, 1, "the first line must be the SPDX line")

    def check_titles(self, path, lines):
        in_code = False
        titles = []
        for number, line in enumerate(lines, start=1):
            in_code ^= line.startswith("```")
            if line.startswith("# ") and not in_code:
                titles.append(number)
        if titles[:1] != [1]:
            self.report(path, 1, 'a document begins with its title, "# …"')
        for number in titles[1:]:
            self.report(path, number, 'a document has one title; this may become "## …"')

    def check_cpp(self, path, text, lines):
        code = without_comments_and_texts(text)
        self.check_includes(path, lines)
        if path.endswith(".h"):
            self.check_header(path, lines)
        for number, line in enumerate(code.split("\n"), start=1):
            for pattern, folders, instead in BANNED_CODE:
                match = re.search(pattern, line)
                if match and path.startswith(folders):
                    self.report(path, number, f"{match[0].strip()} is not used here: {instead}")
        for name, start, length in long_functions(code, lines, FUNCTION_LINES):
            self.check_length(path, start, name, length)

    def check_header(self, path, lines):
        if "#pragma once" not in lines and "#ifndef" not in "".join(lines):
            self.report(path, 1, "a header needs #pragma once")
        if len(lines) < 3 or not lines[1].startswith("//") or not lines[2].startswith("//"):
            self.report(path, 2, "a header begins with a comment that says what it is")

    def check_includes(self, path, lines):
        mine = folder_rule(os.path.dirname(path))
        for number, line in enumerate(lines, start=1):
            match = re.match(r'#include ([<"])([^>"]+)[>"]', line)
            if match and match[1] == "<":
                self.check_library(path, number, match[2])
            elif match:
                self.check_own_include(path, number, match[2], mine)

    def check_library(self, path, number, included):
        for pattern, place in ONLY_IN.items():
            if fnmatch.fnmatch(included, pattern) and not fnmatch.fnmatch(path, place):
                self.report(path, number, f"only {place} includes <{included}>")

    def check_own_include(self, path, number, included, mine):
        if not (self.root / included).is_file():
            self.report(path, number, f'"{included}" is no path from the root of the tree')
            return
        theirs = folder_rule(os.path.dirname(included))
        allowed = (mine, *MAY_INCLUDE.get(mine, ()))
        if not any(theirs == entry or theirs.startswith(entry + "/") for entry in allowed):
            self.report(path, number, f"{mine} may not include {included}")

    def check_python(self, path, text):
        for number, line in enumerate(text.split("\n"), start=1):
            for pattern, instead in BANNED_PYTHON:
                if match := re.search(pattern, line):
                    self.report(path, number, f"{match[0]}: {instead}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                self.check_length(path, node.lineno, node.name, length)

    def check_length(self, path, number, name, length):
        if length <= FUNCTION_LINES:
            return
        if f"{path}: {name}" in self.long_functions:
            self.long_seen.add(f"{path}: {name}")
            return
        self.report(path, number, f"{name} has {length} lines; split it where data changes hands")


def kind_of(path, text):
    """cpp, python, script, cmake, markdown, or other, which no rule is about."""
    name = os.path.basename(path)
    if path.endswith(CPP) and path.startswith(SOURCE_FOLDERS):
        return "cpp"
    if path.endswith(".py"):
        return "python"
    if path.endswith(".md"):
        return "markdown"
    if name == "CMakeLists.txt" or path.endswith(".cmake"):
        return "cmake"
    if path.endswith(".sh") or text.startswith("#!"):
        return "script"
    return "other"


def folder_rule(folder):
    """The key of MAY_INCLUDE that a folder falls under, or the folder itself."""
    keys = [key for key in MAY_INCLUDE if folder == key or folder.startswith(key + "/")]
    return max(keys, key=len, default=folder)


def main():
    problems = Tree(pathlib.Path(__file__).resolve().parents[1]).check()
    print("\n".join(problems) if problems else "the tree is as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
