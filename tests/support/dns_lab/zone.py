# SPDX-License-Identifier: Apache-2.0
"""One list: which addresses are on it, and how well it behaves."""

import collections
import dataclasses
import ipaddress
import random

from . import message


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """How a zone treats questions; the default is an honest server that answers at once.

    delay    seconds before each reply
    answer   "honest", "silent", "servfail", "refused", "nodata", "truncated" (over UDP; the whole
             answer over TCP), "wrong_id", "wrong_name", "wrong_case" or "garbage"
    wildcard codes given for every address that is not listed; empty: NXDOMAIN
    loss     one letter for each question about an address in turn, over and over: "x" is lost
    """

    delay: float = 0.0
    answer: str = "honest"
    wildcard: tuple = ()
    loss: str = "."


def name_of(address):
    """An address as labels under a list (RFC 5782, section 2): its octets or nibbles, reversed."""
    parsed = ipaddress.ip_address(address)
    return parsed.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


class Zone:
    """A list with its two test points; whoever holds the lab's lock may change and read it."""

    def __init__(self, name, test_code="127.0.0.2"):
        self.name = name
        self.behaviour = Behaviour()
        self.exceptions = {}
        self.listed = {}
        self.asked = collections.Counter()
        for test_point in ("127.0.0.2", "::ffff:7f00:2"):
            self.put(test_point, [test_code])

    def put(self, address, codes, ttl=300):
        """Lists an address; no codes make a name without addresses (NODATA)."""
        self.listed[name_of(address)] = (tuple(codes), ttl)

    def behave(self, address=None, **changes):
        """Changes the behaviour: of the zone as a whole, or towards questions about one address."""
        behaviour = dataclasses.replace(Behaviour(), **changes)
        if address is None:
            self.behaviour = behaviour
        else:
            self.exceptions[name_of(address)] = behaviour

    def behaviour_for(self, labels):
        return self.exceptions.get(labels, self.behaviour)

    def reply(self, query, labels, over_tcp):
        """What to send, as a Reply or as bytes; None is silence."""
        behaviour = self.behaviour_for(labels)
        lost = behaviour.loss[self.asked[labels] % len(behaviour.loss)] == "x"
        self.asked[labels] += 1
        if lost:
            return None
        honest = self._honest_reply(query, labels, behaviour)
        match behaviour.answer:
            case "honest":
                return honest
            case "silent":
                return None
            case "servfail":
                return message.Reply(code=message.SERVFAIL)
            case "refused":
                return message.Reply(code=message.REFUSED)
            case "nodata":
                return message.Reply(soa_zone=self.name)
            case "truncated":
                return honest if over_tcp else message.Reply(truncated=True)
            case "wrong_id":
                return dataclasses.replace(honest, id=query.id ^ 1)
            case "wrong_name":
                return dataclasses.replace(honest, name=f"other.{query.name}")
            case "wrong_case":
                return dataclasses.replace(honest, name=query.name.swapcase())
            case "garbage":
                return query.id.to_bytes(2, "big") + random.Random(query.id).randbytes(40)
        raise ValueError(f"no such behaviour: {behaviour.answer}")

    def _honest_reply(self, query, labels, behaviour):
        codes, ttl = self.listed.get(labels, (behaviour.wildcard, 300))
        exists = labels in self.listed or bool(behaviour.wildcard) or labels == ""
        if codes and query.type == message.TYPE_A:
            return message.Reply(addresses=codes, ttl=ttl)
        code = message.NOERROR if exists else message.NXDOMAIN
        return message.Reply(code=code, soa_zone=self.name)
