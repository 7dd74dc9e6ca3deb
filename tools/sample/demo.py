#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration behind tools/run: real block lists, a resolver in front of them, and posternd.

Seven block lists and a permit list come from rbldnsd.  One of them, `sleepy`, has a server of its
own, which is stopped in its tracks once the list has proven itself: from then on it is what mail
servers know as a dead list.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import string
import subprocess
import sys
import tempfile
import time

from name_servers import Rbldnsd, Unbound
from show_verdicts import show_verdicts

HERE = pathlib.Path(__file__).resolve().parent
SUFFIX = "sample.example"
# Longer than the first self-test of eight lists takes.
READY_SECONDS = 30

NEXT_STEPS = """\
posternd runs until Ctrl-C.  Try, in another terminal:
  {ctl} check 5.9.0.12
  {ctl} explain 5.9.0.11 --from a@newsletter.example --to ann@corp.example
  {ctl} lists
The last one shows what has become of `sleepy`, whose server has been stopped.\
"""


def start_name_servers(stack, folder):
    """rbldnsd twice and unbound in front; returns the resolver's port and `sleepy`'s server."""
    files = sorted(file for file in (HERE / "zones").iterdir() if file.suffix != ".md")
    awake = [file for file in files if file.stem != "sleepy"]
    asleep = [file for file in files if file.stem == "sleepy"]
    lists = stack.enter_context(Rbldnsd(awake, SUFFIX, folder / "lists"))
    sleepy = stack.enter_context(Rbldnsd(asleep, SUFFIX, folder / "sleepy"))
    stubs = {f"{file.stem}.{SUFFIX}": lists.port for file in awake}
    stubs[f"sleepy.{SUFFIX}"] = sleepy.port
    resolver = stack.enter_context(Unbound(stubs, folder / "resolver"))
    return resolver.port, sleepy


@contextlib.contextmanager
def running_daemon(binaries, folder, port):
    """posternd with the sample configuration; ended by SIGTERM."""
    template = string.Template((HERE / "postern.toml").read_text())
    backend = os.environ.get("POSTERN_IO", "auto")
    configuration = folder / "postern.toml"
    configuration.write_text(template.substitute(folder=folder, port=port, io=backend))
    with open(folder / "posternd.log", "wb") as log:
        daemon = subprocess.Popen(
            [binaries / "posternd", "--config", configuration], stdout=log, stderr=log
        )
    try:
        yield daemon
    finally:
        daemon.terminate()
        daemon.wait()


def wait_until_lists_vote(daemon, binaries, folder):
    """Returns when every list is healthy: none votes before its first clean self-test."""
    give_up = time.monotonic() + READY_SECONDS
    states = {}
    while not states or set(states.values()) != {"healthy"}:
        if daemon.poll() is not None or time.monotonic() > give_up:
            log = (folder / "posternd.log").read_text(errors="replace")
            raise RuntimeError(f"posternd is not ready; its lists: {states}; its log:\n{log}")
        answer = subprocess.run(
            [binaries / "posternctl", "--socket", folder / "admin.sock", "--json", "lists"],
            capture_output=True,
            check=False,
        )
        if answer.returncode == 0:
            lists = json.loads(answer.stdout)["lists"]
            states = {entry["name"]: entry["state"] for entry in lists}


def wait_for_interrupt(daemon):
    """Until Ctrl-C, or until the daemon ends by itself, which it should not."""
    with contextlib.suppress(KeyboardInterrupt):
        return daemon.wait()
    return 0


def demonstrate(binaries, folder, once):
    """Starts everything, prints the table; returns the exit status."""
    with contextlib.ExitStack() as stack:
        port, sleepy = start_name_servers(stack, folder)
        daemon = stack.enter_context(running_daemon(binaries, folder, port))
        wait_until_lists_vote(daemon, binaries, folder)
        sleepy.pause()
        good = show_verdicts(str(folder / "gateway.sock"))
        if once:
            return 0 if good else 1
        ctl = f"{os.path.relpath(binaries / 'posternctl')} --socket {folder / 'admin.sock'}"
        print()
        print(NEXT_STEPS.format(ctl=ctl), flush=True)
        return wait_for_interrupt(daemon)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the binaries")
    parser.add_argument("--once", action="store_true", help="end after the table")
    options = parser.parse_args()

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="postern-") as name:
        folder = pathlib.Path(name)
        # The name servers give up root's rights and must still read what is theirs.
        folder.chmod(0o755)
        try:
            return demonstrate(options.bin.resolve(), folder, options.once)
        except KeyboardInterrupt:
            return 130
        except (RuntimeError, FileNotFoundError) as problem:
            print(f"tools/run: {problem}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
