# SPDX-License-Identifier: Apache-2.0
"""What --help says, the shells complete and the manual pages explain."""

import re
import shutil
import subprocess
import unittest

import harness
from harness import BIN, ROOT

PACKAGING = ROOT / "tools/packaging"
PROGRAMS = ("posternctl", "posternd", "posternload")

# Completes the words "$@" as bash would, with the cursor on an empty word behind them.
COMPLETE_IN_BASH = """
source "$0"
COMP_WORDS=("$@" "") COMP_CWORD=$# COMPREPLY=()
compopt() { :; }
"_$1" 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def help_of(words):
    shown = subprocess.run([BIN / words[0], *words[1:], "--help"], capture_output=True, text=True)
    return shown.stdout


def options_in(text):
    """The long options; the text of an explanation is indented more deeply."""
    return set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.MULTILINE))


def commands_in(text):
    _, _, commands = text.partition("\nSubcommands:\n")
    return re.findall(r"^  (\S+)", commands, re.MULTILINE)


def command_lines(words):
    """Each command with its help, the commands below included."""
    text = help_of(words)
    yield words, text
    for command in commands_in(text):
        yield from command_lines([*words, command])


class Completion(unittest.TestCase):
    def setUp(self):
        self.lines = [line for program in PROGRAMS for line in command_lines([program])]
        self.assertIn(["posternctl", "recipe", "apply"], [words for words, _ in self.lines])

    def test_bash_completes_what_help_says_and_nothing_else(self):
        for words, text in self.lines:
            if words[1:2] == ["recipe"] and len(words) == 3:
                continue  # A recipe's file comes next; options are completed behind "-".
            with self.subTest(" ".join(words)):
                file = PACKAGING / f"completion/{words[0]}.bash"
                completed = subprocess.run(
                    ["bash", "-c", COMPLETE_IN_BASH, file, *words], capture_output=True, text=True
                )
                self.assertEqual(
                    set(completed.stdout.split()), options_in(text) | set(commands_in(text))
                )

    def test_zsh_knows_the_same_words(self):
        for program in PROGRAMS:
            text = (PACKAGING / f"completion/_{program}").read_text()
            mine = [(words, shown) for words, shown in self.lines if words[0] == program]
            options = set().union(*(options_in(shown) for _, shown in mine))
            commands = {words[-1] for words, _ in mine[1:]}
            self.assertEqual(set(re.findall(r"'[^']*?(--[\w-]+)\[", text)), options)
            self.assertEqual(set(re.findall(r"'([a-z][\w-]*):[^']+'", text)), commands)

    def manual(self, name):
        (page,) = PACKAGING.glob(f"man/{name}.[0-9]")
        return page.read_text()

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_can_read_its_files(self):
        for file in PACKAGING.glob("completion/_*"):
            subprocess.run(["zsh", "-n", file], check=True)

    def test_the_manual_pages_explain_every_option_and_command(self):
        for words, text in self.lines:
            manual = self.manual(words[0])
            with self.subTest(" ".join(words)):
                for option in options_in(text):
                    self.assertIn(f"Fl -{option.removeprefix('--')}", manual)
                if len(words) > 1 and not commands_in(text):
                    self.assertIn(f"Ic {' '.join(words[1:])}", manual)

    def test_the_manual_page_of_the_configuration_has_every_key(self):
        reference = (ROOT / "docs/configuration.md").read_text()
        keys = {
            key
            for row in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", reference, re.MULTILINE)
            for key in re.findall(r"\w+", row)
        }
        explained = set(re.findall(r"^\.It Li (\w+)$", self.manual("postern.toml"), re.MULTILINE))
        self.assertLessEqual({"deadline", "refused"}, keys)
        self.assertEqual(keys - explained, set())

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_the_manual_pages_are_well_formed(self):
        for page in PACKAGING.glob("man/*"):
            lint = subprocess.run(
                ["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True
            )
            self.assertEqual(lint.stdout, "")


if __name__ == "__main__":
    harness.main()
