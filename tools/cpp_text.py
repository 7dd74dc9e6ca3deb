# SPDX-License-Identifier: Apache-2.0
"""Reads C++ as far as check_tree.py needs it: by braces and parentheses, without a parser."""

import re


def without_comments_and_texts(text):
    """C++ with comments, strings and characters blanked out; every line keeps its number."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(]*)\(.*?\)(?P=mark)"'
        r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL,
    )
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def long_functions(code, lines, lines_max):
    """(name, line, length) of each function above `lines_max`; `code` has no comments and texts.

    Follows braces: one that opens behind a parameter list, and not inside another function, begins
    a function.  Lines that are kept from clang-format are tables and do not count.
    """
    table_lines = lines_of_tables(lines)
    depth = 0
    body_depth = None
    head_start = 0
    found = []
    for match in re.finditer(r"[{};]", code):
        head = code[head_start : match.start()]
        head_start = match.end()
        if match[0] == "{":
            if body_depth is None and is_function_head(head):
                body_depth = depth
                name, start = name_in(head), code.count("\n", 0, match.start()) + 1
                start -= head.lstrip().count("\n")
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth == body_depth:
                body_depth = None
                end = code.count("\n", 0, match.start()) + 1
                length = sum(number not in table_lines for number in range(start, end + 1))
                if length > lines_max:
                    found.append((name, start, length))
    return found


def is_function_head(head):
    declaration = re.sub(r"^\s*#[^\n]*$", "", head, flags=re.MULTILINE).strip()
    begins_a_scope = re.match(
        r"(inline )?(template\b.*> )?(namespace|class|struct|union|enum|extern)\b", declaration
    )
    return "(" in declaration and not begins_a_scope and "=" not in declaration.partition("(")[0]


def name_in(head):
    """What stands before the parameters: `Loop::run`, `TEST_F` with its arguments."""
    flat = " ".join(head.split())
    if match := re.search(r"\bTEST\w*\([^)]*\)", flat):
        return match[0]
    match = re.search(r"([\w:~]+)\s*\(", flat)
    return match[1] if match else flat


def lines_of_tables(lines):
    """The numbers of the lines between `clang-format off` and `on`."""
    numbers = set()
    inside = False
    for number, line in enumerate(lines, start=1):
        if "clang-format off" in line:
            inside = True
        if inside:
            numbers.add(number)
        if "clang-format on" in line:
            inside = False
    return numbers
