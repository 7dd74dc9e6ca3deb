# SPDX-License-Identifier: Apache-2.0
"""Asks a gateway socket about a handful of connections and prints the verdicts as a table."""

import dataclasses
import json
import socket
import time

# No answer for this long means that the daemon, not a list, is broken.
PATIENCE_SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Case:
    """One connection: what is asked, and what the sample lists and policies make of it."""

    title: str
    client: str
    action: str = "accept"
    reason: str = "accepted"
    listed: tuple = ()
    unknown: tuple = ()
    sender: str = "a@sender.example"
    recipient: str = "ann@corp.example"


SIX = ("trap", "snow", "bots", "proxy", "dialup", "crowd")
REJECTED = {"action": "reject", "reason": "reputation"}
DEFERRED = {"action": "defer", "reason": "reputation_unknown"}

CASES = (
    Case("on no list", "5.9.0.10"),
    Case("on one list", "5.9.0.11", listed=("trap",), **REJECTED),
    Case("on two lists", "5.9.0.12", listed=("trap", "snow"), **REJECTED),
    Case("on six lists", "5.9.0.16", listed=SIX, **REJECTED),
    Case("on one list, two needed", "5.9.0.11", listed=("trap",),
         sender="a@newsletter.example"),
    Case("on one list, permitted", "5.9.0.18", listed=("trap",)),
    Case("IPv6, on two lists", "2a01:4f8:c17:abcd::25", listed=("trap", "snow"), **REJECTED),
    Case("one list silent", "5.9.0.20", unknown=("sleepy",), recipient="bob@corp.example"),
    Case("one list silent, wait", "5.9.0.21", unknown=("sleepy",),
         recipient="payroll@corp.example", **DEFERRED),
)  # fmt: skip

LEGEND = """\
verdict     "defer" asks the sender to come back later; tools/sample/postern.toml says to whom
listed by   the lists that name the address
silent      the lists that gave no opinion; that alone never rejects mail
first       from the question to the verdict while the lists were asked: it falls as soon as no list
            that is still to answer could change it
again       the same question once the lists' answers are remembered\
"""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The verdict of a case, once every list that answers has answered, and how long each took."""

    decision: dict
    first_us: int

    @property
    def reputation(self):
        return self.decision["recipients"][0]["reputation"]


def judge(path, case):
    """Asks until the lists that were overtaken by the verdict have answered as well."""
    first = ask(path, case)
    decision = ask(path, case)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (is_settled(case, decision) or time.monotonic() > give_up):
        decision = ask(path, case)
    return Outcome(decision, first["elapsed_us"])


def is_settled(case, decision):
    return set(decision["recipients"][0]["reputation"]["unknown"]) <= set(case.unknown)


def ask(path, case):
    """One question over a connection of its own; the decision as posternd wrote it."""
    request = {
        "id": case.title,
        "client": case.client,
        "mail_from": case.sender,
        "recipients": [case.recipient],
    }
    with socket.socket(socket.AF_UNIX) as gateway:
        gateway.settimeout(PATIENCE_SECONDS)
        gateway.connect(path)
        gateway.sendall(json.dumps(request).encode() + b"\n")
        with gateway.makefile("rb") as answers:
            return json.loads(answers.readline())


def as_expected(case, outcome):
    return (
        outcome.decision["action"] == case.action
        and outcome.decision["reason"] == case.reason
        and set(outcome.reputation["listed"]) == set(case.listed)
        and set(outcome.reputation["unknown"]) == set(case.unknown)
    )


def row(case, outcome):
    decision, reputation = outcome.decision, outcome.reputation
    permitted = reputation["state"] == "permit_listed"
    return (
        case.title,
        case.client,
        decision["action"],
        "permit_listed" if permitted else decision["reason"],
        " ".join(reputation["listed"]) or "-",
        " ".join(reputation["unknown"]) or "-",
        milliseconds(outcome.first_us),
        milliseconds(decision["elapsed_us"]),
        "" if as_expected(case, outcome) else "NOT AS EXPECTED",
    )


def milliseconds(microseconds):
    return f"{microseconds / 1000:.2f} ms" if microseconds >= 10 else "< 0.01 ms"


def print_table(rows):
    header = ("case", "client", "verdict", "reason", "listed by", "silent", "first", "again", "")
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    rule = tuple("-" * width for width in widths)
    for line in (header, rule, *rows):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def show_verdicts(path):
    """Prints the table for the gateway socket `path`; whether every verdict was as expected."""
    outcomes = [judge(path, case) for case in CASES]
    print_table([row(case, outcome) for case, outcome in zip(CASES, outcomes, strict=True)])
    print()
    print(LEGEND)
    return all(map(as_expected, CASES, outcomes))
