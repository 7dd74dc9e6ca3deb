# SPDX-License-Identifier: Apache-2.0
"""Runs posternload, and hands on what it measured."""

import json
import subprocess


def load(binaries, socket, program="posternload", **options):
    """The JSON report of one run; `options` are posternload's own, closed=True for --closed.

    A run that did not get all its answers is no measurement, and an error here.
    """
    command = [binaries / program, "--socket", socket, "--report", "json"]
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        command += [option] if value is True else [option, str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = " ".join(map(str, command))
        raise RuntimeError(f"{words}: status {done.returncode}\n{done.stderr}{done.stdout}")
    return json.loads(done.stdout)
