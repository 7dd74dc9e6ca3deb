# SPDX-License-Identifier: Apache-2.0
"""The Debian package: built, looked at, installed into an empty tree, run there, and removed.

dpkg runs the package's scripts with DPKG_ROOT set instead of changing into the tree, so the tree
needs nothing that the package does not bring.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
from harness import SKIPPED

BUILD = harness.BIN.parent
TOOLS = ("cpack", "dpkg", "dpkg-shlibdeps", "deb-systemd-helper", "systemd-sysusers")
# Building a package under a busy machine's load.
BUILD_SECONDS = 120

ZONES = (
    "zen.spamhaus.org",
    "bl.spamcop.net",
    "b.barracudacentral.org",
    "psbl.surriel.com",
    "bl.mailspike.net",
    "dnsbl-1.uceprotect.net",
)


def run(*command, environment=None):
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_SECONDS,
        env=os.environ | (environment or {}),
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


def as_root():
    """What lets an ordinary user own a tree as root would."""
    return () if os.geteuid() == 0 else ("fakeroot",)


def build_package(folder):
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB", "-B", folder)
    (package,) = folder.glob("postern_*.deb")
    return package


class Tree:
    """An empty root file system that packages are put into."""

    def __init__(self, root):
        self.root = root
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "run", "var/log"):
            (root / name).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()

    def dpkg(self, *arguments):
        options = ("--force-script-chrootless", "--force-depends", "--force-not-root")
        return run(*as_root(), "dpkg", f"--root={self.root}", *options, *arguments)

    def files(self):
        """All but dpkg's own, and what accounts and units leave in /etc."""
        kept = ("var/lib/dpkg", "var/log", "var/lib/systemd", "etc/passwd", "etc/group",
                "etc/shadow", "etc/gshadow", "etc/systemd", "etc/.pwd.lock")  # fmt: skip
        paths = (path.relative_to(self.root) for path in self.root.rglob("*"))
        found = {str(path) for path in paths if not (self.root / path).is_dir()}
        return {path for path in found if not path.startswith(kept)}


class Package(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.built = tempfile.TemporaryDirectory(prefix="postern-package-")
        cls.addClassCleanup(cls.built.cleanup)
        cls.package = build_package(pathlib.Path(cls.built.name))

    def installed(self):
        tree = Tree(self.folder / "root")
        tree.dpkg("--install", self.package)
        return tree

    @unittest.skipUnless(shutil.which("lintian"), "lintian is not installed")
    def test_lintian_finds_no_error_and_no_warning(self):
        run("lintian", "--allow-root", "--fail-on", "error,warning", self.package)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_understands_the_units_and_finds_little_exposed(self):
        tree = self.installed()
        units = sorted((tree.root / "usr/lib/systemd/system").glob("posternd*"))

        self.assertEqual(len(units), 5)
        wanted = tree.root / "etc/systemd/system/multi-user.target.wants/posternd.service"
        self.assertTrue(wanted.is_symlink())
        run("systemd-analyze", "security", "--offline=true", "--threshold=15", units[-1])
        said = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
        )
        # That the program is not on this machine is right; nothing else may be complained of.
        mine = [line for line in said.stderr.splitlines() if "postern" in line]
        self.assertEqual([line for line in mine if "is not executable" not in line], [])

    def test_the_installed_daemon_answers_and_rejects_nothing(self):
        tree = self.installed()
        lab = self.lab(ZONES)
        lab.zone(ZONES[0]).put("5.9.0.7", ["127.0.0.2"])
        daemon = self.run_installed(tree, lab.port)

        decision = daemon.ask("5.9.0.7")
        check = daemon.ctl("check", "5.9.0.7", "--from", "a@sender.example", "--to", "b@c.example")

        self.assertEqual(decision["action"], "accept")
        self.assertEqual(check.returncode, 0, check.stderr)
        self.assertIn("zen", check.stdout)

    def run_installed(self, tree, port):
        """The programs and the configuration of the tree, with a name server and paths of ours."""
        programs = self.folder / "programs"
        programs.mkdir()
        (programs / "posternd").symlink_to(tree.root / "usr/sbin/posternd")
        (programs / "posternctl").symlink_to(tree.root / "usr/bin/posternctl")
        self.addCleanup(setattr, harness, "BIN", harness.BIN)
        harness.BIN = programs
        text = (tree.root / "etc/postern/postern.toml").read_text()
        text = text.replace('#servers = ["127.0.0.1:53"]', f'servers = ["127.0.0.1:{port}"]')
        changed = re.sub(
            r'#?(socket|snapshot) = "/(run|var/lib)/postern', rf'\1 = "{self.folder}', text
        )
        self.assertEqual(changed.count(str(self.folder)), 2)
        more = f'\n[admin]\nsocket = "{self.folder}/admin.sock"\n[state]\npath = ""\n'
        return self.daemon(changed + more)

    def test_its_six_lists_are_those_of_a_configuration_without_lists(self):
        port = self.lab(ZONES).port
        packaged = self.run_installed(self.installed(), port).ctl("--json", "lists").stdout
        self.assertTrue(all(f'"{name}"' in packaged for name in self.default_lists(port)), packaged)

    def default_lists(self, port):
        folder = self.folder / "default"
        folder.mkdir()
        config = harness.Config(port=port, zones=())
        daemon = harness.Daemon(folder, config)
        daemon.start()
        self.addCleanup(daemon.kill)
        names = sorted(daemon.list_states())
        self.assertEqual(len(names), len(ZONES))
        return names

    def test_the_accounts_are_made_and_the_configuration_is_theirs_alone(self):
        tree = self.installed()

        groups = (tree.root / "etc/group").read_text()
        self.assertRegex(groups, r"(?m)^postern:")
        self.assertRegex(groups, r"(?m)^postern-admin:")
        self.assertRegex((tree.root / "etc/passwd").read_text(), r"(?m)^postern:.*:/.*nologin$")
        status = (tree.root / "etc/postern/postern.toml").stat()
        self.assertEqual(status.st_mode & 0o777, 0o640)
        if os.geteuid() == 0:  # fakeroot's ownership ends with dpkg.
            self.assertIn(f"postern:x:{status.st_gid}:", groups)

    def test_removal_leaves_configuration_and_state_and_a_purge_leaves_nothing(self):
        tree = self.installed()
        state = tree.root / "var/lib/postern/state.db"
        state.parent.mkdir()
        state.write_text("remembered")

        tree.dpkg("--remove", "postern")
        self.assertEqual(tree.files(), {"etc/postern/postern.toml", "var/lib/postern/state.db"})

        tree.dpkg("--purge", "postern")
        self.assertEqual(tree.files(), set())
        self.assertEqual([*(tree.root / "etc/systemd").rglob("*postern*")], [])


def missing():
    """What this machine lacks for these tests, or None."""
    if not (BUILD / "CPackConfig.cmake").exists():
        return f"{BUILD} is no build folder"
    tools = [tool for tool in (*TOOLS, *as_root()) if shutil.which(tool) is None]
    return f"not installed: {', '.join(tools)}" if tools else None


if __name__ == "__main__":
    if reason := missing():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    harness.main()
