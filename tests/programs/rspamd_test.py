# SPDX-License-Identifier: Apache-2.0
"""rspamd's rbl module asks the DNS door through unbound."""

import http.client
import json
import shutil
import subprocess
import sys

import harness
from dns_door_test import ZONE, door
from harness import SIX_ZONES, Config
from name_servers import Unbound, free_port

CLEAN, LISTED = "5.9.0.16", "5.9.0.17"
RSPAMD = shutil.which("rspamd")

# Two seconds apart.  It compiles a lot before it listens.
ATTEMPTS = 60

CONFIGURATION = """\
options {{
  pidfile = "{folder}/rspamd.pid";
  tempdir = "{folder}";
  filters = "";
  url_tld = "{folder}/suffixes";
  dns {{ nameserver = ["127.0.0.1:{resolver}"]; timeout = 10s; }}
}}
logging {{ type = "console"; level = "info"; }}
lua = "$RULESDIR/rspamd.lua";
modules {{ path = "$PLUGINSDIR/rbl.lua"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
actions {{ reject = 15; }}
rbl {{
  rbls {{
    postern {{
      rbl = "{zone}";
      checks = ["from"];
      ipv6 = true;
      disable_monitoring = true;
      returncodes {{ POSTERN_REJECT = "127.0.0.2"; }}
    }}
  }}
}}
"""


class Rspamd:
    """A running rspamd with its rbl module and nothing else, everything in a folder."""

    def __init__(self, folder, resolver):
        folder.mkdir()
        self.port = free_port()
        self.log = folder / "log"
        # Its own file has ten thousand suffixes of host names, which it compiles first.
        (folder / "suffixes").write_text("example\n")
        config = folder / "rspamd.conf"
        config.write_text(
            CONFIGURATION.format(folder=folder, resolver=resolver, port=self.port, zone=ZONE)
        )
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [RSPAMD, "--no-fork", "--insecure", "--config", config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self):
        command = ["curl", "--silent", "--fail", f"http://127.0.0.1:{self.port}/ping"]
        command += ["--retry", str(ATTEMPTS), "--retry-delay", "2", "--retry-connrefused"]
        subprocess.run(command, check=True, capture_output=True)

    def symbols(self, client):
        """The names of the symbols that a message from `client` gets."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        mail = "From: a@sender.example\r\nTo: ann@corp.example\r\nSubject: hi\r\n\r\nHello.\r\n"
        connection.request("POST", "/checkv2", mail, {"IP": client, "From": "a@sender.example"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return set(answer["symbols"])

    def close(self):
        self.process.terminate()
        self.process.wait()


class RspamdAsks(harness.TestCase):
    def test_the_symbol_is_there_for_who_is_listed_and_for_nobody_else(self):
        port = free_port()
        lab = self.lab()
        lab.zone(SIX_ZONES[0]).put(LISTED, ["127.0.0.2"])
        self.daemon(Config(port=lab.port, more=door(port)))
        unbound = Unbound({ZONE: port}, self.folder / "unbound")
        self.addCleanup(unbound.close)
        rspamd = Rspamd(self.folder / "rspamd", unbound.port)
        self.addCleanup(rspamd.close)
        rspamd.wait_until_ready()

        self.assertIn("POSTERN_REJECT", rspamd.symbols(LISTED), rspamd.log.read_text())
        self.assertNotIn("POSTERN_REJECT", rspamd.symbols(CLEAN))


if __name__ == "__main__":
    if RSPAMD is None:
        print("skipped: rspamd is not installed")
        sys.exit(harness.SKIPPED)
    harness.main()
