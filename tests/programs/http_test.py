# SPDX-License-Identifier: Apache-2.0
"""HTTP on the admin socket, by curl: one request and many, explanations, the hooks of gateways."""

import json
import subprocess
import threading

import harness
from harness import SIX_ZONES, request

CLEAN, LISTED = "5.9.0.16", "5.9.0.17"


class Http(harness.TestCase):
    def start(self, **config):
        self.dns, self.postern = self.lab_and_daemon(**config)
        self.dns.zone(SIX_ZONES[0]).put(LISTED, ["127.0.0.2"])

    def curl(self, path, body=None):
        """(status, what was answered); a `body` that is no text is sent as JSON."""
        command = ["curl", "--silent", "--unix-socket", self.postern.admin]
        command += ["--write-out", "\n%{http_code}", f"http://postern{path}"]
        if body is not None:
            text = body if isinstance(body, str) else json.dumps(body)
            command += ["--data-binary", "@-"]
        answered = subprocess.run(
            command,
            input=None if body is None else text,
            capture_output=True,
            text=True,
            timeout=harness.PATIENCE_SECONDS,
            check=True,
        ).stdout
        content, _, status = answered.rpartition("\n")
        return int(status), json.loads(content)

    def hits(self):
        policies = json.loads(self.postern.ctl("--json", "policies").stdout)["policies"]
        return sum(policy["hits"] for policy in policies)

    def test_one_request_and_an_array_of_them(self):
        self.start()
        status, decision = self.curl("/v1/check", request(LISTED))
        self.assertEqual((status, decision["action"]), (200, "reject"))

        clients = [LISTED, CLEAN] * 50
        batch = [request(client, id=str(i)) for i, client in enumerate(clients)]
        status, decisions = self.curl("/v1/check", batch)
        self.assertEqual(status, 200)
        self.assertEqual([decision["id"] for decision in decisions], [r["id"] for r in batch])
        self.assertEqual(
            [decision["action"] for decision in decisions],
            ["reject" if client == LISTED else "accept" for client in clients],
        )
        self.assertEqual(self.curl("/v1/check", []), (200, []))

    def silent_lists(self):
        """Nobody is answered for seconds; what a test shows must happen before."""
        self.start(deadline="6s", timeout="5s", attempts=1)
        for zone in self.dns.zones():
            zone.behave(answer="silent")

    def timeouts(self):
        lists = json.loads(self.postern.ctl("--json", "lists").stdout)["lists"]
        return sum(entry["errors"]["timeout"] for entry in lists)

    def wait_until_asked(self, clients):
        self.dns.wait_for(
            lambda: all(self.dns.queries(SIX_ZONES[0], client) for client in clients)
        )

    def test_a_batch_is_asked_at_the_same_time(self):
        self.silent_lists()
        clients = [f"5.9.1.{i}" for i in range(8)]
        batch = [request(client) for client in clients]
        asking = threading.Thread(target=self.curl, args=("/v1/check", batch))
        asking.start()
        self.wait_until_asked(clients)
        self.assertEqual(self.timeouts(), 0)
        asking.join()

    def test_requests_that_wait_hold_up_nobody(self):
        self.silent_lists()
        clients = [f"5.9.1.{i}" for i in range(8)]
        waiting = [
            threading.Thread(target=self.curl, args=("/v1/check", request(client)))
            for client in clients
        ]
        for thread in waiting:
            thread.start()
        self.wait_until_asked(clients)
        self.assertEqual(self.curl("/v1/ping")[0], 200)
        self.assertEqual(self.timeouts(), 0)
        for thread in waiting:
            thread.join()

    def test_what_is_wrong_is_named_with_its_place(self):
        self.start()
        for path, body, expected in (
            ("/v1/check", '{"client": "5.9.0.7",\n  "helo": }', "line 2, column 11"),
            ("/v1/check", '[{"client": "5.9.0.7"},\n {"client": ]', "line 2, column 13"),
            ("/v1/check", [request(CLEAN), {"client": "x"}], "request 2 of the array: field `cl"),
            ("/v1/check", [{"client": CLEAN}] * 1001, "at most 1000"),
            ("/v1/check", {"client": CLEAN, "heloo": "x"}, "heloo"),
            ("/v1/check", "", "not JSON"),
            ("/v1/explain?ip=5.9.0", None, '"5.9.0" is not an IP address'),
            ("/v1/explain", None, "?ip="),
            ("/v1/hooks/stalwart", {"context": {"stage": "rest"}}, "context.stage"),
            ("/v1/hooks/stalwart", {"context": {"stage": "connect"}}, "context.client.ip"),
        ):
            with self.subTest(path=path, body=str(body)[:60]):
                status, answer = self.curl(path, body)
                self.assertEqual(status, 400)
                self.assertIn(expected, answer["error"])

    def test_explain_takes_an_address(self):
        self.start()
        status, explained = self.curl(f"/v1/explain?ip={LISTED}")
        self.assertEqual(status, 200)
        self.assertIn("reputation: checked, 1 listed", explained["text"])

    def test_hooks_leave_a_trace_and_trials_none(self):
        block = "\n".join(
            [
                "[[policy]]",
                'id = "block-ads"',
                'type = "blocked_senders"',
                'option = "block_sender"',
                'narrative = "No advertising"',
                'from = "domain:sender.example"',
            ]
        )
        self.start(more=block)
        for path in ("/v1/check", "/v1/explain"):
            self.curl(path, request(CLEAN))
        self.assertEqual(self.hits(), 0)
        status, decision = self.curl("/v1/hooks/check", request(CLEAN))
        self.assertEqual((status, decision["reason"]), (200, "blocked_sender"))
        self.assertEqual(self.hits(), 1)

    def stalwart(self, stage, client, recipients=("ann@corp.example",), headers=()):
        hook = {
            "context": {
                "stage": stage,
                "client": {"ip": client, "port": 4321, "ptr": "mx.sender.example",
                           "helo": "mx.sender.example", "activeConnections": 1},
                "server": {"name": "mx", "port": 25, "ip": "192.0.2.1"},
                "protocol": {"version": 1},
            },
            "envelope": {
                "from": {"address": "a@sender.example", "parameters": {}},
                "to": [{"address": address, "parameters": {}} for address in recipients],
            },
        }  # fmt: skip
        if stage == "data":
            hook["message"] = {"headers": list(headers), "contents": "", "size": 0}
        status, answer = self.curl("/v1/hooks/stalwart", hook)
        self.assertEqual(status, 200, answer)
        return answer

    def test_stalwart_s_hooks(self):
        self.start()
        for stage in ("connect", "rcpt", "data"):
            with self.subTest(stage):
                refused = self.stalwart(stage, LISTED)
                self.assertEqual(refused["action"], "reject")
                self.assertEqual(refused["response"]["status"], 550)
                self.assertEqual(refused["response"]["enhancedStatus"], "5.7.1")
                self.assertIn("block lists: one", refused["response"]["message"])
                self.assertEqual(self.stalwart(stage, CLEAN), {"action": "accept"})
        for stage in ("ehlo", "auth", "mail"):
            self.assertEqual(self.stalwart(stage, LISTED), {"action": "accept"})

    def test_stalwart_marks_in_mode_tag(self):
        self.start(mode="tag")
        self.assertEqual(self.stalwart("rcpt", LISTED), {"action": "accept"})
        marked = self.stalwart("data", LISTED, headers=[["From", "a@sender.example"]])
        self.assertEqual(marked["action"], "accept")
        self.assertEqual(
            marked["modifications"],
            [{"type": "addHeader", "name": "X-Postern", "value": "reject reason=reputation"}],
        )
        self.assertEqual(self.stalwart("data", CLEAN), {"action": "accept"})

    def test_at_rcpt_the_last_recipient_is_the_one_asked_about(self):
        only_bob = "\n".join(
            [
                "[[policy]]",
                'id = "bob-takes-all"',
                'type = "permitted_senders"',
                'option = "permit_sender"',
                'narrative = "Bob wants everything"',
                'to = "address:bob@corp.example"',
            ]
        )
        self.start(more=only_bob)
        ann, bob = "ann@corp.example", "bob@corp.example"
        # Not at the connection, which does not know for whom it comes.
        self.assertEqual(self.stalwart("connect", LISTED), {"action": "accept"})
        self.assertEqual(self.stalwart("rcpt", LISTED, [bob, ann])["action"], "reject")
        self.assertEqual(self.stalwart("rcpt", LISTED, [ann, bob]), {"action": "accept"})
        self.assertEqual(self.stalwart("data", LISTED, [bob]), {"action": "accept"})


if __name__ == "__main__":
    harness.main()
