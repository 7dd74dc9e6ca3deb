# SPDX-License-Identifier: Apache-2.0
"""Runs posternload, or its twin for memcached, and hands on what it measured."""

import functools
import json
import subprocess

FIRST = ["chrt", "--fifo", "1"]


def load(binaries, socket, first=False, **options):
    """posternload's report of one run; `options` are its own, closed=True for --closed.

    `first`: it gets a processor before everybody else, where that is allowed, so that what it
    measures is how long the server waits for one, and not how long it waits itself."""
    prefix = FIRST if first and may_go_first() else []
    return _report([*prefix, binaries / "posternload", "--report", "json"], socket, options)


@functools.cache
def may_go_first():
    return subprocess.run([*FIRST, "true"], capture_output=True, check=False).returncode == 0


def closed(binaries, socket, **options):
    """The same in a closed loop: connections, depth, requests."""
    return load(binaries, socket, closed=True, **options)


def memcached(binaries, socket, **options):
    """The same of a memcached, always in a closed loop: bench/memcached_load.cc."""
    return _report([binaries / "memcached_load"], socket, options)


def _report(command, socket, options):
    """A run that did not get all its answers is no measurement, and an error here."""
    command += ["--socket", socket]
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        command += [option] if value is True else [option, str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = " ".join(map(str, command))
        raise RuntimeError(f"{words}: status {done.returncode}\n{done.stderr}{done.stdout}")
    return json.loads(done.stdout)
