# SPDX-License-Identifier: Apache-2.0
"""As much of the DNS message format (RFC 1035, section 4) as block lists need.

Names keep the letters' case as they came: who asks with random case (0x20) wants it back.
"""

import dataclasses
import ipaddress
import struct

TYPE_A = 1
TYPE_SOA = 6
CLASS_IN = 1

NOERROR = 0
FORMERR = 1
SERVFAIL = 2
NXDOMAIN = 3
REFUSED = 5

FLAG_RESPONSE = 0x8000
FLAG_AUTHORITATIVE = 0x0400
FLAG_TRUNCATED = 0x0200
FLAG_RECURSION_DESIRED = 0x0100
FLAG_RECURSION_AVAILABLE = 0x0080

# The question's name begins right behind the header; answers point back at it.
POINTER_TO_QUESTION = b"\xc0\x0c"


@dataclasses.dataclass(frozen=True)
class Query:
    """A question as it was asked."""

    id: int
    name: str
    type: int
    recursion_desired: bool


@dataclasses.dataclass
class Reply:
    """What to say to a query; `id` and `name` replace those of the question to lie about them."""

    code: int = NOERROR
    addresses: tuple = ()
    ttl: int = 300
    soa_zone: str | None = None
    soa_ttl: int = 60
    truncated: bool = False
    id: int | None = None
    name: str | None = None


def encode_name(name):
    """A name in wire form: each label with its length in front, and an empty one at the end."""
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decode_query(data):
    """The first question of a message, or None where there is none that can be read."""
    if len(data) < 12:
        return None
    query_id, flags, questions = struct.unpack_from("!HHH", data)
    if flags & FLAG_RESPONSE or questions != 1:
        return None
    labels = []
    at = 12
    while at < len(data) and data[at] != 0:
        length = data[at]
        if length > 63:  # Nobody compresses the first name of a message.
            return None
        labels.append(data[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    if at + 5 > len(data):
        return None
    (query_type,) = struct.unpack_from("!H", data, at + 1)
    return Query(query_id, ".".join(labels), query_type, bool(flags & FLAG_RECURSION_DESIRED))


def encode_reply(query, reply):
    """The bytes of `reply` to `query`; a truncated one has no records."""
    flags = FLAG_RESPONSE | FLAG_AUTHORITATIVE | FLAG_RECURSION_AVAILABLE | reply.code
    if query.recursion_desired:
        flags |= FLAG_RECURSION_DESIRED
    if reply.truncated:
        flags |= FLAG_TRUNCATED
    addresses = () if reply.truncated else reply.addresses
    has_soa = reply.soa_zone is not None and not addresses and not reply.truncated

    query_id = query.id if reply.id is None else reply.id
    name = query.name if reply.name is None else reply.name
    header = struct.pack("!HHHHHH", query_id, flags, 1, len(addresses), int(has_soa), 0)
    question = encode_name(name) + struct.pack("!HH", query.type, CLASS_IN)
    answers = b"".join(_a_record(address, reply.ttl) for address in addresses)
    authority = _soa_record(reply.soa_zone, reply.soa_ttl) if has_soa else b""
    return header + question + answers + authority


def _a_record(address, ttl):
    data = ipaddress.IPv4Address(address).packed
    return POINTER_TO_QUESTION + struct.pack("!HHIH", TYPE_A, CLASS_IN, ttl, len(data)) + data


def _soa_record(zone, ttl):
    names = encode_name(f"ns.{zone}") + encode_name(f"hostmaster.{zone}")
    data = names + struct.pack("!IIIII", 1, 3600, 600, 86400, ttl)
    return encode_name(zone) + struct.pack("!HHIH", TYPE_SOA, CLASS_IN, ttl, len(data)) + data
