# SPDX-License-Identifier: Apache-2.0
"""The lab itself: UDP and TCP on one loopback port, in a thread of its own."""

import asyncio
import dataclasses
import threading

from . import message
from .zone import Zone, name_of

# A test that waits longer than this for an event has failed.
PATIENCE_SECONDS = 20


@dataclasses.dataclass(frozen=True)
class Event:
    """A question that came or a reply that left, in the order in which they did."""

    kind: str  # "query" or "reply"
    name: str  # in the letters' case as asked
    labels: str  # what stands in front of the zone, in lower case
    zone: str  # empty: none of ours
    id: int
    source_port: int
    transport: str  # "udp" or "tcp"


class Lab:
    """Serves zones until it is closed.  All methods may be called from any thread."""

    def __init__(self, zones=()):
        self._zones = {name: Zone(name) for name in zones}
        self._events = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dns-lab")
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        asyncio.run_coroutine_threadsafe(self._stop_listening(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def add(self, name, test_code="127.0.0.2"):
        with self._changed:
            self._zones[name] = Zone(name, test_code)
        return self._zones[name]

    def zone(self, name):
        return self._zones[name]

    def zones(self):
        return list(self._zones.values())

    def events(self, kind=None, zone=None, address=None):
        """What happened so far, narrowed down to a zone and an address."""
        labels = None if address is None else name_of(address)
        with self._changed:
            return [
                event
                for event in self._events
                if kind in (None, event.kind)
                and zone in (None, event.zone)
                and labels in (None, event.labels)
            ]

    def queries(self, zone=None, address=None):
        return self.events("query", zone, address)

    def replies(self, zone=None, address=None):
        return self.events("reply", zone, address)

    def wait_for(self, condition):
        """Waits until `condition()`, asked again after each event, is true."""
        with self._changed:
            if not self._changed.wait_for(condition, PATIENCE_SECONDS):
                raise TimeoutError("the lab waited for an event that did not happen")

    def _record(self, kind, query, transport, source_port):
        zone, labels = self._split(query.name)
        name = zone.name if zone else ""
        with self._changed:
            self._events.append(
                Event(kind, query.name, labels, name, query.id, source_port, transport)
            )
            self._changed.notify_all()

    def _split(self, name):
        """The zone that a name is in, and the labels in front of it."""
        lower = name.lower()
        for zone in self._zones.values():
            if lower == zone.name:
                return zone, ""
            if lower.endswith("." + zone.name):
                return zone, lower.removesuffix("." + zone.name)
        return None, lower

    async def answer(self, data, transport, source_port):
        """The bytes that answer `data`, after the zone's delay, or None; the caller sends them."""
        query = message.decode_query(data)
        if query is None:
            return None, None
        self._record("query", query, transport, source_port)
        with self._changed:
            zone, labels = self._split(query.name)
            if zone is None:
                return query, message.encode_reply(query, message.Reply(code=message.REFUSED))
            reply = zone.reply(query, labels, transport == "tcp")
            delay = zone.behaviour_for(labels).delay
        if delay > 0:
            await asyncio.sleep(delay)
        if isinstance(reply, message.Reply):
            reply = message.encode_reply(query, reply)
        return query, reply

    async def _listen(self):
        """Binds both transports to one port, which the kernel chose for the first."""
        while True:
            udp, _ = await self._loop.create_datagram_endpoint(
                lambda: _UdpSide(self), local_addr=("127.0.0.1", 0)
            )
            port = udp.get_extra_info("sockname")[1]
            try:
                tcp = await asyncio.start_server(self._serve_tcp, "127.0.0.1", port)
            except OSError:  # Somebody else's, over TCP; the next port will do.
                udp.close()
                continue
            self._transports = (udp, tcp)
            return port

    async def _stop_listening(self):
        for transport in self._transports:
            transport.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve_tcp(self, reader, writer):
        port = writer.get_extra_info("peername")[1]
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                query, reply = await self.answer(await reader.readexactly(length), "tcp", port)
                if reply is None:
                    continue
                self._record("reply", query, "tcp", port)
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The peer has what it wanted.
        finally:
            writer.close()


class _UdpSide(asyncio.DatagramProtocol):
    """One task for each datagram, so that slow answers overtake nothing and block nothing."""

    def __init__(self, lab):
        self._lab = lab
        self._tasks = set()

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data, addr):
        query, reply = await self._lab.answer(data, "udp", addr[1])
        if reply is not None:
            self._lab._record("reply", query, "udp", addr[1])
            self._transport.sendto(reply, addr)
