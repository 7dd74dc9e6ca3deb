# SPDX-License-Identifier: Apache-2.0
"""Reloads that go wrong or come in a storm: the policies in force stay whole, and requests do not
notice.

Every change that is made up here comes from the seed that the failure shows.
"""

import os
import random
import signal
import socket
import threading

import harness
from harness import Config, JsonGateway, request

ZONE = "one.bl.example"
LISTED = "5.9.0.7"
SEED = int(os.environ.get("POSTERN_SEED", "20261122"))
MUTATIONS = int(os.environ.get("POSTERN_MUTATIONS", "500"))
RELOADS = int(os.environ.get("POSTERN_RELOADS", "300"))
KILLS = int(os.environ.get("POSTERN_KILLS", "50"))

POLICY = """
[[policy]]
id = "p{number}"
type = "allowed_ip"
narrative = "n"
source_ips = ["{source}"]
"""


GREYLIST = """
[[policy]]
id = "grey"
type = "greylisting"
narrative = "n"
option = "apply"
"""


def policies(count, source="192.0.2.{number}/32"):
    return "".join(
        POLICY.format(number=number, source=source.format(number=number)) for number in range(count)
    )


def mutate(data, numbers):
    """One of the accidents that happen to files."""
    at = numbers.randrange(len(data))
    match numbers.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes([numbers.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + bytes(numbers.randrange(1, 9)) + data[at:]
        case 3:
            return data[:at] + data[numbers.randrange(len(data)) :]
        case 4:
            return data[:at] + b'"]}[[' + data[at:]
        case _:
            end = min(len(data), at + 40)
            return data[:at] + data[at:end] * 3 + data[end:]


class TestCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.dns = self.lab((ZONE,))
        self.dns.zone(ZONE).put(LISTED, ["127.0.0.2"])

    def config(self, more="", **changes):
        return Config(port=self.dns.port, zones=(ZONE,), more=more, **changes)

    def start(self, more=""):
        self.posternd = self.daemon(self.config(more))
        return self.posternd.ask(LISTED)["policy_set"]

    def reload(self, *options):
        return self.posternd.ctl("reload", *options)


class BrokenFiles(TestCase):
    def test_no_mutation_of_the_file_ends_the_daemon_or_is_taken_by_half(self):
        running = self.start(policies(5))
        good = self.posternd.config.read_bytes()
        numbers = random.Random(SEED)
        with JsonGateway(self.posternd.gateway) as gateway:
            for number in range(MUTATIONS):
                with self.subTest(seed=SEED, number=number):
                    self.posternd.config.write_bytes(mutate(good, numbers))
                    reload = self.reload()
                    decision = gateway.ask(request(LISTED))
                    if reload.returncode == 0:  # a change inside a text, or none
                        self.assertIn(decision["policy_set"], reload.stdout)
                        running = decision["policy_set"]
                    else:
                        self.assertIn("postern.toml", reload.stdout + reload.stderr)
                        self.assertEqual(decision["policy_set"], running)
        self.assertIsNone(self.posternd.process.poll())

    def test_what_is_no_file_changes_nothing_and_is_named(self):
        running = self.start()
        path = self.posternd.config
        good = path.read_bytes()

        def nothing():
            path.write_bytes(b"[gateway]\nsocket = 1")

        def nul_bytes():
            path.write_bytes(bytes(4096))

        def huge():
            with open(path, "wb") as file:
                file.truncate(1 << 30)

        def loop():
            path.symlink_to(path.name)

        for accident in (nothing, nul_bytes, huge, loop, path.mkdir):
            with self.subTest(accident.__name__):
                path.unlink()
                accident()
                reload = self.reload()
                self.assertEqual(reload.returncode, 1, reload.stdout)
                self.assertIn("postern.toml", reload.stdout + reload.stderr)
                self.assertEqual(self.posternd.ask(LISTED)["policy_set"], running)
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                else:
                    path.unlink()
                path.write_bytes(good)


class SweepingChanges(TestCase):
    def assert_guarded(self, before, after, why):
        running = self.start(before)
        self.posternd.write_config(self.config(after))

        refused = self.reload()
        self.posternd.hang_up()
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertIn(why, refused.stdout)
        self.assertIn("--force", refused.stdout)
        self.assertEqual(self.posternd.ask(LISTED)["policy_set"], running)

        forced = self.reload("--force")
        self.assertEqual(forced.returncode, 0, forced.stdout)
        self.assertNotEqual(self.posternd.ask(LISTED)["policy_set"], running)

    def test_most_policies_gone_is_refused_unless_forced(self):
        self.assert_guarded(policies(40), policies(19), "policies change from 40 to 19")

    def test_far_more_policies_are_refused_unless_forced(self):
        self.assert_guarded(policies(40), policies(61), "policies change from 40 to 61")

    def test_a_range_that_covers_the_internet_is_refused_unless_forced(self):
        self.assert_guarded("", '[permit_list]\nranges = ["0.0.0.0/0"]\n', "the whole Internet")

    def test_growth_by_half_and_of_small_sets_is_taken(self):
        self.start(policies(3))
        for count in (19, 20, 30, 15, 2):
            with self.subTest(count=count):
                self.posternd.write_config(self.config(policies(count)))
                reload = self.reload()
                self.assertEqual(reload.returncode, 0, reload.stdout)


class Storm(TestCase):
    def test_under_a_storm_of_reloads_each_answer_is_of_one_set_and_none_is_missing(self):
        self.start()
        texts = [self.config(), self.config(policies(3))]
        known = {}
        for number, text in enumerate(texts):
            self.posternd.write_config(text)
            self.reload()
            decision = self.posternd.ask("192.0.2.1")
            known[decision["policy_set"]] = decision["recipients"][0]["permit"]["state"]
        self.assertEqual(len(known), 2)

        answers = []
        stop = threading.Event()

        def load():
            with JsonGateway(self.posternd.gateway) as gateway:
                while not stop.is_set():
                    for _ in range(20):
                        gateway.submit(request("192.0.2.1"))
                    answers.extend(gateway.receive() for _ in range(20))

        client = threading.Thread(target=load)
        client.start()
        for number in range(RELOADS):
            self.posternd.write_config(texts[number % 2])
            self.posternd.hang_up()
        self.assertEqual(self.reload().returncode, 0)
        stop.set()
        client.join()

        self.assertEqual(len(answers) % 20, 0)
        self.assertGreater(len(answers), 0)
        for decision in answers:
            self.assertEqual(
                decision["recipients"][0]["permit"]["state"], known[decision["policy_set"]]
            )


class Killed(TestCase):
    def test_killed_again_and_again_it_serves_again_and_its_state_can_be_read(self):
        state = str(self.folder / "state.db")
        config = self.config(GREYLIST, state=state)
        self.posternd = self.daemon(config)
        numbers = random.Random(SEED)
        for number in range(KILLS):
            with socket.socket(socket.AF_UNIX) as gateway:
                gateway.connect(self.posternd.gateway)
                for sender in range(numbers.randrange(1, 200)):
                    text = f'{{"client":"5.9.{number}.{sender}","mail_from":"a@b.example",'
                    gateway.sendall((text + '"recipients":["ann@corp.example"]}\n').encode())
                if number % 2:
                    self.posternd.process.send_signal(signal.SIGHUP)
                self.posternd.kill()
            self.posternd.start()
        self.posternd.wait_until_lists_vote()

        self.assertEqual(self.posternd.ask(LISTED)["action"], "reject")
        self.posternd.stop()  # then it has said everything
        self.assertNotIn("event=state_corrupt", self.posternd.log.read_text())


if __name__ == "__main__":
    harness.main()
