# SPDX-License-Identifier: Apache-2.0
"""Real name servers on loopback, on ports of the kernel's choice: rbldnsd and unbound.

Each object is one process; leaving its `with` block ends it.  The folder given to it must be
readable by the servers' own users, because a server that root starts gives up root's rights.
"""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time

# More than any of them needs to start on a machine that is busy compiling.
START_SECONDS = 20


def free_port():
    """A port that nobody has at this moment, neither over UDP nor over TCP, nor gets by chance
    before it is used: the kernel takes those that it chooses from 32768 on."""
    while True:
        address = ("127.0.0.1", random.randrange(10_000, 32_768))
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(address)
                udp.bind(address)
            except OSError:
                continue
            return address[1]


def program(name):
    """Where a server is; a user's own search path does not have the system's folder."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: run tools/setup --for run")
    return path


class NameServer:
    """A process that answers DNS questions on `address`, port `port`."""

    def __init__(self, arguments, port, question, log, address="127.0.0.1"):
        self.port = port
        self.address = address
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            self._wait_until_it_answers(question, log)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.resume()
        self._process.terminate()
        self._process.wait()

    def pause(self):
        """Stops the process where it is: its questions pile up in the kernel, unanswered."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def _wait_until_it_answers(self, question, log):
        give_up = time.monotonic() + START_SECONDS
        while not answers(self.port, question, self.address):
            if self._process.poll() is not None or time.monotonic() > give_up:
                text = pathlib.Path(log).read_text(errors="replace")
                raise RuntimeError(f"{self._process.args[0]} does not answer:\n{text}")


def answers(port, name, address="127.0.0.1"):
    """Whether a name server answers a question for an A record within a tenth of a second."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\0\0\1\0\1"
    # Not connected: a refusal by the kernel is then silence too, and the timeout paces the caller.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.1)
        client.sendto(question, (address, port))
        try:
            return client.recv(512)[:2] == question[:2]
        except TimeoutError:
            return False


class Rbldnsd(NameServer):
    """Serves zone files: NAME.DATASET becomes a part of the zone NAME.`suffix`."""

    def __init__(self, files, suffix, folder):
        self._start([(f"{file.name.partition('.')[0]}.{suffix}", file) for file in files], folder)

    @classmethod
    def of_zones(cls, zones, folder):
        """The same of zones with names of their own: `zones` maps each to its files."""
        server = cls.__new__(cls)
        server._start([(zone, file) for zone, files in zones.items() for file in files], folder)
        return server

    def _start(self, parts, folder):
        folder = pathlib.Path(folder)
        folder.mkdir()
        zones = []
        for zone, file in parts:
            shutil.copy(file, folder)
            zones.append(f"{zone}:{file.suffix[1:]}:{file.name}")
        port = free_port()
        arguments = [program("rbldnsd"), "-n", "-b", f"127.0.0.1/{port}", "-w", folder, *zones]
        super().__init__(arguments, port, f"2.0.0.127.{parts[0][0]}", folder / "log")


UNBOUND_CONFIGURATION = """\
server:
  interface: {address}@{port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
remote-control:
  control-enable: no
"""

UNBOUND_STUB = """\
stub-zone:
  name: "{zone}"
  stub-addr: 127.0.0.1@{port}
"""


class Unbound(NameServer):
    """A site's resolver: sends questions for each of `stubs` (zone to port) where they belong.

    `place` is (address, port) where it listens.
    """

    def __init__(self, stubs, folder, place=None):
        folder = pathlib.Path(folder)
        folder.mkdir()
        address, port = place or ("127.0.0.1", free_port())
        configuration = UNBOUND_CONFIGURATION.format(
            address=address, port=port, folder=folder
        ) + "".join(
            UNBOUND_STUB.format(zone=zone, port=stub) for zone, stub in stubs.items()
        )
        (folder / "unbound.conf").write_text(configuration)
        arguments = [program("unbound"), "-d", "-c", folder / "unbound.conf"]
        super().__init__(
            arguments, port, f"2.0.0.127.{next(iter(stubs))}", folder / "log", address
        )
