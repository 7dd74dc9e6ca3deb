# SPDX-License-Identifier: Apache-2.0
"""Runs posternload, or its twin for memcached, and hands on what it measured."""

import json
import subprocess


def load(binaries, socket, **options):
    """posternload's report of one run; `options` are its own, closed=True for --closed."""
    return _report([binaries / "posternload", "--report", "json"], socket, options)


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
