# SPDX-License-Identifier: Apache-2.0
"""A real Postfix of the test's own; smtp_client.py talks to it as anybody.

    postfix = Postfix(folder, restrictions=["check_policy_service unix:postern/policy.sock"])
    session = deliver(postfix.port, "5.9.0.7", "a@sender.example", ["ann@corp.example"])
    session.recipients[0].code
    postfix.messages(1)
    postfix.close()

Configuration, queue, mail and log live in a folder; nothing of the machine's own Postfix is read
but its programs.  It listens on one port of 127.0.0.1 and asks no name server, unless the test
gives it a resolv.conf, which then holds in a mount namespace of its own.  Mail for *.example is
delivered into one Maildir.
"""

import contextlib
import email
import os
import pathlib
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys

import harness
from harness import PATIENCE_SECONDS, until
from name_servers import free_port
from smtp_client import Smtp, deliver  # noqa: F401  (tests take deliver from here)

PATHS = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"}
POSTFIX = shutil.which("postfix", path=PATHS["PATH"])

# Who owns delivered mail; Postfix refuses to deliver as root.
MAIL_USER = "nobody"

# Of the services in Debian's master.cf those that a mail passes here.  The fifth column says
# whether a service is in a chroot; the server for SMTP is, as in Debian.
MASTER_CF = """\
{address}:{port} inet n - y - - smtpd
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - y - 0 bounce
defer unix - - y - 0 bounce
trace unix - - y - 0 bounce
flush unix n - y 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - y - - error
retry unix - - y - - error
discard unix - - y - - discard
virtual unix - n n - - virtual
showq unix n - y - - showq
anvil unix - - y - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

# in_flow_delay would hold up a client that is faster than the disk by a second, anvil one that
# comes often.
MAIN_CF = """\
compatibility_level = 3.6
myhostname = mx.test.example
mydestination =
inet_interfaces = {address}
inet_protocols = all
queue_directory = {folder}/queue
data_directory = {folder}/data
alias_maps =
mynetworks = 192.0.2.0/24
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
in_flow_delay = 0
biff = no
smtputf8_enable = no
disable_dns_lookups = {no_dns}
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_authorized_xclient_hosts = 127.0.0.1
virtual_mailbox_domains = corp.example, other.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions =
smtpd_recipient_restrictions = {restrictions}
"""


def missing(own_resolver=False):
    """Why no Postfix can be started here, or None."""
    if POSTFIX is None:
        return "Postfix is not installed"
    if os.geteuid() != 0:
        return "only root may start Postfix"
    if own_resolver:
        tried = subprocess.run(
            ["unshare", "--mount", "true"], capture_output=True, text=True, check=False
        )
        if tried.returncode != 0:
            return f"no mount namespace: {tried.stderr.strip()}"
    return None


class Postfix:
    """A running Postfix.

    `restrictions` come behind reject_unauth_destination; `main` are lines for the end of main.cf;
    `resolv_conf` is the text of /etc/resolv.conf that it alone sees.  Its queue directory is there
    before it starts (`queue_of`), for sockets that a chrooted smtpd shall reach.
    """

    def __init__(
        self, folder, restrictions=(), main=(), resolv_conf=None, address="127.0.0.1"
    ):
        self.folder = pathlib.Path(folder) / "postfix"
        self.queue = queue_of(folder)
        self.log = self.folder / "mail.log"
        self.address = address
        self.port = free_port()
        self._resolv_conf = resolv_conf
        self._process = None
        self._lay_out()
        self._configure(restrictions, main)
        self.start()

    def _lay_out(self):
        # Its services give up root's rights before they open what is in here.
        for name in ("config", "data", "mail"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.chown(self.folder / "data", "postfix")
        shutil.chown(self.folder / "mail", MAIL_USER)

    def _configure(self, restrictions, main):
        owner = pwd.getpwnam(MAIL_USER)
        text = MAIN_CF.format(
            folder=self.folder,
            address=self.address,
            no_dns="no" if self._resolv_conf else "yes",
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            restrictions=", ".join(["reject_unauth_destination", *restrictions]),
        )
        config = self.folder / "config"
        (config / "main.cf").write_text(text + "".join(f"{line}\n" for line in main))
        (config / "master.cf").write_text(MASTER_CF.format(address=self.address, port=self.port))
        if self._resolv_conf is not None:
            # glibc reads the second from inside the chroot.
            in_chroot = self.queue / "etc"
            in_chroot.mkdir(exist_ok=True)
            for folder in (self.folder, in_chroot):
                (folder / "resolv.conf").write_text(self._resolv_conf)
            for name in ("hosts", "services", "nsswitch.conf"):
                shutil.copy(f"/etc/{name}", in_chroot)

    def _command(self, *arguments):
        return [POSTFIX, "-c", str(self.folder / "config"), *arguments]

    def start(self):
        command = self._command("start-fg")
        if self._resolv_conf is not None:
            script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
            own = str(self.folder / "resolv.conf")
            command = ["unshare", "--mount", "sh", "-c", script, own, *command]
        with open(self.folder / "start.log", "ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self._answers, self._alive, "Postfix answers")

    def _answers(self):
        # The script paces the loop; a socket alone would be refused at once.
        status = subprocess.run(self._command("status"), capture_output=True, check=False)
        if status.returncode != 0:
            return False
        try:
            with Smtp(self.port, server=self.address) as smtp:
                return smtp.greeting.code in (220, 421, 554)
        except OSError:
            return False

    def _alive(self):
        if self._process.poll() is not None:
            raise AssertionError(f"Postfix ended: {self.log_text()}")

    def log_text(self):
        """What Postfix has logged, and what it said before it had a log."""
        logs = [file for file in (self.folder / "start.log", self.log) if file.exists()]
        return "".join(file.read_text(errors="replace") for file in logs)

    def messages(self, count):
        """The delivered messages, oldest first, once there are at least `count`."""
        inbox = self.folder / "mail/inbox/new"

        def delivered():
            files = inbox.iterdir() if inbox.exists() else ()
            return sorted(files, key=lambda file: file.stat().st_mtime_ns)

        def enough():
            # The queue's listing paces the loop.
            self.queued()
            return len(delivered()) >= count

        until(enough, self._alive, f"{count} messages are delivered")
        return [email.message_from_bytes(file.read_bytes()) for file in delivered()]

    def queued(self):
        """What `mailq` shows: messages on their way, deferred, or on hold (marked with !)."""
        command = ["postqueue", "-c", str(self.folder / "config"), "-p"]
        shown = subprocess.run(command, capture_output=True, text=True, check=False, env=PATHS)
        return shown.stdout

    def close(self):
        """As `postfix stop` does it: a word to the master, which ends the others."""
        if self._process is None or self._process.poll() is not None:
            return
        master = self.queue / "pid/master.pid"
        if master.exists():
            os.kill(int(master.read_text()), signal.SIGTERM)
        else:
            self._process.kill()
        self._process.wait(PATIENCE_SECONDS)


def queue_of(folder):
    """The queue directory of the Postfix in `folder`; made when it is not there."""
    queue = pathlib.Path(folder) / "postfix/queue"
    queue.mkdir(parents=True, exist_ok=True)
    return queue


def a_minute_later(posternd, state):
    """Restarts the daemon as if all that it remembers in `state` had been a minute before."""
    posternd.stop()
    with contextlib.closing(sqlite3.connect(state)) as database, database:
        database.execute("UPDATE triplet SET first_attempt = first_attempt - 61")
    posternd.start()


class TestCase(harness.TestCase):
    """Ends the Postfix of a test, and shows its log when the test failed."""

    def postfix(self, **arguments):
        server = Postfix(self.folder, **arguments)
        self.addCleanup(self._show_postfix, server)
        self.addCleanup(server.close)
        return server

    def _show_postfix(self, server):
        if self._failed():
            print(f"--- Postfix's log of {self.id()}", file=sys.stderr)
            print(server.log_text(), file=sys.stderr)


def main(own_resolver=False):
    """Runs the tests of the calling file, where a Postfix can be started."""
    if reason := missing(own_resolver):
        print(f"skipped: {reason}")
        sys.exit(harness.SKIPPED)
    harness.main()
