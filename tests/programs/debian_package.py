# SPDX-License-Identifier: Apache-2.0
"""Programs of Debian packages that cannot be installed beside each other, such as mail servers.

A package is fetched once, unpacked beside the build, and its programs run in a mount namespace of
their own in which their users and folders exist; the machine is left as it is.
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile

from harness import BIN

CACHE = BIN.parent / "packages"

# Of the users that exist in a namespace only.
FIRST_ID = 64000

# $1: folder with files for /etc; $2: folders that are to be empty; $3: folders to make in those;
# the rest is the command.
ENTER = """
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
mount --bind "$1/resolv.conf" /etc/resolv.conf
for place in $2; do mount -t tmpfs -o mode=755 tmpfs "$place"; done
for folder in $3; do mkdir -p "$folder"; done
shift 3
exec "$@"
"""


class Unavailable(Exception):
    """The package cannot be had here; says why."""


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def unpacked(name):
    """The folder with the package's files."""
    files = CACHE / name
    if not files.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            archive = fetched(name, folder)
            half = pathlib.Path(folder, "files")
            subprocess.run(["dpkg-deb", "-x", archive, half], check=True)
            # Another test may have been quicker.
            with contextlib.suppress(OSError):
                half.rename(files)
    return files


def fetched(name, folder):
    # As root: the user that apt usually takes for it may not write into our folder.
    fetch = ("apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", name)
    done = run(*fetch, cwd=folder)
    if done.returncode != 0:
        run("apt-get", "update", "-qq")
        done = run(*fetch, cwd=folder)
    if done.returncode != 0:
        raise Unavailable(f"{name} cannot be fetched: {done.stderr.strip()}")
    (archive,) = pathlib.Path(folder).glob("*.deb")
    return archive


def may_enter():
    """Raises Unavailable where no namespace can be made."""
    if os.geteuid() != 0:
        raise Unavailable("only root may make a mount namespace")
    tried = run("unshare", "--mount", "true")
    if tried.returncode != 0:
        raise Unavailable(f"no mount namespace: {tried.stderr.strip()}")


def command(folder, argv, users=(), empty=(), folders=()):
    """`argv`, to be run where `users` exist and the folders `empty` hold nothing but `folders`.

    `folder` is for what the namespace needs.  No name server can be reached in it.
    """
    folder = pathlib.Path(folder)
    entries = {"passwd": "{0}:x:{1}:{1}::/nonexistent:/bin/false\n", "group": "{0}:x:{1}:\n"}
    for file, entry in entries.items():
        more = [entry.format(user, FIRST_ID + i) for i, user in enumerate(users)]
        (folder / file).write_text("".join([pathlib.Path("/etc", file).read_text(), *more]))
    (folder / "resolv.conf").write_text("options timeout:1 attempts:1\n")
    places = [folder, " ".join(empty), " ".join(folders)]
    return ["unshare", "--mount", "sh", "-c", ENTER, "sh", *map(str, places), *map(str, argv)]
