# SPDX-License-Identifier: Apache-2.0
"""The package under a real systemd: this machine's own system, booted in a container.

The container sees this machine's files through an overlay in memory, so whatever is installed there
is gone afterwards, and has no network.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import packaging_test
from harness import SKIPPED

BOOT_SECONDS = 150

# Each line of the result is "STEP STATUS".  The last step ends the container, however it went.
STEPS = """\
#!/bin/sh
exec >/trial/log 2>&1
step() { name=$1; shift; "$@"; echo "$name $?" >>/trial/result; }
config=/etc/postern/postern.toml

step install dpkg --install /trial/postern.deb
step active systemctl is-active posternd.service
step answers posternctl ping
step checks posternctl check 10.0.0.1
step reload systemctl reload posternd
cp -p $config /trial/good.toml
echo nonsense >>$config
step bad_reload systemctl reload posternd
step still_answers posternctl ping
cp -p /trial/good.toml $config

# A daemon that hangs is replaced by one that answers who waits in the socket.
kill -STOP "$(systemctl show posternd --property MainPID --value)"
posternctl ping
step answers_after_watchdog posternctl ping
step restarted test "$(systemctl show posternd --property NRestarts --value)" -ge 1

step upgrade dpkg --install /trial/postern.deb
step answers_after_upgrade posternctl ping
systemctl stop posternd
step a_socket_starts_it posternctl ping

step remove dpkg --remove postern
step state_stays test -e /var/lib/postern/state.db
step sockets_go test ! -e /run/postern
step purge dpkg --purge postern
step nothing_stays test -z "$(ls -d /etc/postern /var/lib/postern 2>/dev/null)"
systemctl --force poweroff
"""

STATUSES = {"bad_reload": "1"}

UNIT = """\
[Unit]
After=dbus.socket basic.target
Requires=dbus.socket
[Service]
Type=oneshot
ExecStart=/bin/sh /trial/steps
"""

# A quick watchdog; and of this machine's services, none that waits for a network.
BOOT = """\
mount -t tmpfs tmpfs "$1/memory" && cd "$1/memory" && mkdir upper work root || exit 1
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root || exit 1
rm -f root/usr/sbin/policy-rc.d root/etc/machine-id
units=root/etc/systemd/system
mkdir -p "$units/posternd.service.d"
cp "$1/trial.service" "$units"
printf '[Service]\\nWatchdogSec=2s\\n' >"$units/posternd.service.d/quick.conf"
ln -sf /dev/null "$units/systemd-networkd-wait-online.service"
exec systemd-nspawn --quiet --directory=root --private-network --register=no --keep-unit \\
    --bind="$1:/trial" --boot systemd.unit=trial.service
"""


class System(unittest.TestCase):
    def test_the_package_lives_a_whole_life_under_systemd(self):
        # Not below /tmp, which the container covers with its own.
        with tempfile.TemporaryDirectory(prefix="postern-systemd-", dir="/var/tmp") as name:
            result = self.boot(pathlib.Path(name))

        self.assertEqual(result, {step: STATUSES.get(step, "0") for step in steps()})

    def boot(self, folder):
        """What came of each step."""
        shutil.move(packaging_test.build_package(folder), folder / "postern.deb")
        (folder / "memory").mkdir()
        (folder / "steps").write_text(STEPS)
        (folder / "trial.service").write_text(UNIT)
        booted = subprocess.run(
            ["unshare", "--mount", "sh", "-c", BOOT, "sh", folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=BOOT_SECONDS,
            check=False,
        )
        if not (folder / "log").exists():
            self.skipTest(f"this machine boots no container: {booted.stdout[-500:]}")
        print((folder / "log").read_text(errors="replace"))
        return dict(line.split() for line in (folder / "result").read_text().splitlines())


def steps():
    return [line.split()[1] for line in STEPS.splitlines() if line.startswith("step ")]


def missing():
    """What this machine lacks for this test, or None."""
    if os.geteuid() != 0:
        return "only root can boot a container"
    if shutil.which("systemd-nspawn") is None:
        return "systemd-nspawn is not installed"
    return packaging_test.missing()


if __name__ == "__main__":
    if reason := missing():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    outcome = unittest.main(verbosity=2, exit=False).result
    sys.exit(SKIPPED if outcome.skipped else not outcome.wasSuccessful())
