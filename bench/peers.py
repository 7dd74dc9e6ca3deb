# SPDX-License-Identifier: Apache-2.0
"""What Postern is compared with, started for one benchmark: each object is a process that ends with
its `with` block, and says what CPU it has taken.

A peer that is not installed raises NotInstalled, whose text says what to install.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

START_SECONDS = 120


class NotInstalled(Exception):
    pass


def program(name, package=None):
    """Where a program is; root's folders are not in everybody's search path."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise NotInstalled(f"{package or name} is not installed")
    return path


def cpu_seconds(pids):
    """User and system time of processes (proc(5), stat, fields 14 and 15)."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid):
    """A process and all that descend from it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [one for child in children for one in family(int(child))]


class Peer:
    """A process that is ready once it accepts connections on its Unix socket `path`."""

    def __init__(self, command, path, log):
        self.path = path
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        self.process.wait()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self.path))
        except OSError:
            connection.close()
            raise
        return connection

    def _wait_until_it_listens(self):
        # The process is waited for a twentieth of a second at a time, which paces the loop.
        for _ in range(START_SECONDS * 20):
            try:
                return self.connect().close()
            except OSError:
                pass
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        text = pathlib.Path(self.log).read_text(errors="replace")
        raise RuntimeError(f"{self.process.args[0]} does not listen:\n{text}")


class Echo(Peer):
    """Sends each query back: bench/echo_server.cc."""

    def __init__(self, binaries, folder, io):
        path = folder / f"echo-{io}.sock"
        command = [binaries / "echo_server", "--socket", path]
        command += [] if io == "auto" else ["--io", io]
        super().__init__(command, path, folder / f"echo-{io}.log")


class Memcached(Peer):
    """With one thread, as Postern has one worker, and a value of 32 bytes for each key."""

    def __init__(self, folder, keys):
        path = folder / "memcached.sock"
        command = [program("memcached"), "-s", path, "-t", "1", "-c", "1024", "-m", "64"]
        if os.getuid() == 0:
            command += ["-u", "root"]
        super().__init__(command, path, folder / "memcached.log")
        with self.connect() as connection:
            answers = connection.makefile("rb")
            for key in keys:
                connection.sendall(f"set {key} 0 0 32\r\n{'v' * 32}\r\n".encode())
                if answers.readline() != b"STORED\r\n":
                    raise RuntimeError("memcached did not store a value")


class SlowNameServer:
    """Answers after `delay` seconds: bench/slow_name_server.cc; `lateness` is known after close."""

    def __init__(self, binaries, delay):
        command = [binaries / "slow_name_server", "--delay-us", str(round(delay * 1e6))]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.lateness = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.lateness is None:
            self.process.send_signal(signal.SIGTERM)
            output, _ = self.process.communicate()
            self.lateness = json.loads(output)


RSPAMD = """\
options {{
  pidfile = "{folder}/rspamd.pid";
  filters = "";
  explicit_modules = [];
  tempdir = "{folder}";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  control_socket = "{folder}/control.sock mode=0600";
  dynamic_conf = "{folder}/dynamic";
  history_file = "{folder}/history";
  cache_file = "{folder}/symbols.cache";
  stats_file = "{folder}/stats.ucl";
  hs_cache_dir = "{folder}/";
  rrd = "";
  local_addrs = [10.0.0.0/8];
  dns {{ nameserver = ["127.0.0.1:{port}"]; timeout = 1s; sockets = 16; retransmits = 2; }}
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "error"; }}
worker "normal" {{ bind_socket = "{folder}/rspamd.sock mode=0666"; count = 1; }}
modules {{ path = "/usr/share/rspamd/plugins/rbl.lua"; }}
actions {{ reject = 15; }}
"""
RBL = """{name} {{ rbl = "{zone}"; checks = ["from"]; ipv6 = false; symbol = "RBL_{upper}";
  returncodes {{ LISTED_{upper} = "127.0.0.2"; }} }}
"""
MESSAGE = b"From: a@sender.example\r\nTo: ann@corp.example\r\nSubject: hi\r\n\r\nhello\r\n"


class Rspamd(Peer):
    """rspamd with one worker and no module but rbl, asking the lists `zones` at `port`."""

    def __init__(self, folder, zones, port):
        rspamd = program("rspamd")
        folder = folder / "rspamd"
        folder.mkdir()
        names = {zone: zone.partition(".")[0] for zone in zones}
        rbls = "".join(
            RBL.format(name=name, upper=name.upper(), zone=zone) for zone, name in names.items()
        )
        symbols = "".join(
            f'symbol "LISTED_{name.upper()}" {{ weight = 1.0; }}\n' for name in names.values()
        )
        text = RSPAMD.format(folder=folder, port=port)
        text += f"rbl {{ rbls {{\n{rbls}}} }}\ngroup \"rbl\" {{\n{symbols}}}\n"
        (folder / "rspamd.conf").write_text(text)
        command = [rspamd, "-f", "-c", folder / "rspamd.conf"]
        if os.getuid() == 0:
            shutil.chown(folder, "_rspamd")
            command += ["-u", "_rspamd", "-g", "_rspamd"]
        super().__init__(command, folder / "rspamd.sock", folder / "output")

    def cpu(self):
        return cpu_seconds(family(self.process.pid))

    def check(self, address):
        """One message from `address`; the answer in JSON.  rspamd ends each connection with it."""
        head = (
            f"POST /checkv2 HTTP/1.1\r\nHost: localhost\r\nIP: {address}\r\nHelo: mx.example\r\n"
            f"From: a@sender.example\r\nContent-Length: {len(MESSAGE)}\r\n\r\n"
        )
        with self.connect() as connection:
            connection.sendall(head.encode() + MESSAGE)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def check_all(self, addresses, at_once=16):
        """Checks each address; how many had a list's symbol, and how many failed."""
        results = []

        def work(part):
            for address in part:
                results.append(self.check(address))

        threads = [
            threading.Thread(target=work, args=(addresses[number::at_once],))
            for number in range(at_once)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        listed = sum(
            any(name.startswith("LISTED_") for name in answer["symbols"]) for answer in results
        )
        return listed, len(addresses) - len(results)
