# SPDX-License-Identifier: Apache-2.0
"""A small SMTP client that can pretend to be anybody, where the server lets it."""

import socket
import typing

from harness import PATIENCE_SECONDS


class Reply(typing.NamedTuple):
    """What a server said: `text` is the last line's, without the code."""

    code: int
    text: str
    lines: tuple = ()


class Session(typing.NamedTuple):
    """The replies to one message; `recipients` in the order in which they were given.

    `message` is None when no recipient was accepted and DATA was never sent.
    """

    sender: Reply
    recipients: list
    message: Reply


class Smtp:
    """One connection; every call waits for the reply.

    `source` is our own address, one of 127.0.0.0/8; only 127.0.0.1 may use XCLIENT.
    """

    def __init__(self, port, source=None, server="127.0.0.1"):
        self._socket = socket.create_connection(
            (server, port), PATIENCE_SECONDS, source_address=(source or server, 0)
        )
        self._stream = self._socket.makefile("rwb")
        self.greeting = self.read_reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stream.close()
        self._socket.close()

    def read_reply(self):
        lines = []
        while True:
            line = self._stream.readline()
            if not line:
                raise ConnectionError("the server closed the connection")
            lines.append(line.decode(errors="replace").rstrip("\r\n"))
            if line[3:4] != b"-":
                return Reply(int(line[:3]), lines[-1][4:], tuple(lines))

    def command(self, line):
        self._stream.write(line.encode() + b"\r\n")
        self._stream.flush()
        return self.read_reply()

    def xclient(self, client, name="[UNAVAILABLE]", **attributes):
        """From now on Postfix takes us for `client`; login, destaddr and so on by keyword."""
        address = f"IPV6:{client}" if ":" in client else client
        known = {"ADDR": address, "NAME": name, "REVERSE_NAME": name} | attributes
        words = [f"{key.upper()}={value}" for key, value in known.items()]
        return self.command(" ".join(["XCLIENT", *words]))

    def send(self, sender, recipients, text="Subject: test\r\n\r\nHello.\r\n"):
        """One message; the connection goes on."""
        mail = self.command(f"MAIL FROM:<{sender}>")
        rcpt = [self.command(f"RCPT TO:<{address}>") for address in recipients]
        if not any(reply.code == 250 for reply in rcpt):
            self.command("RSET")
            return Session(mail, rcpt, None)
        data = self.command("DATA")
        if data.code == 354:
            data = self.command(f"{text}.")
        return Session(mail, rcpt, data)


def deliver(port, client, sender, recipients, helo="mx.sender.example", name="[UNAVAILABLE]"):
    """One message from `client` over a connection of its own."""
    with Smtp(port) as smtp:
        accepted = smtp.xclient(client, name)
        if accepted.code != 220:
            raise ConnectionError(f"after XCLIENT: {accepted}")
        smtp.command(f"EHLO {helo}")
        session = smtp.send(sender, recipients)
        smtp.command("QUIT")
        return session
