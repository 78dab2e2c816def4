"""The bytes between caller, server and children.

Two kinds of sockets. On the *control* socket (caller and server, SEQPACKET) the caller sends `FORK`, and the server
one packed event a packet, with descriptors. On a *channel* (caller and child, STREAM) the caller first sends a packed
request with descriptors; then, as on a *link* (tester and candidate), come frames: four bytes of length, then JSON.
A child is hostile, so frames are read incrementally, nothing is allocated for an announced length, and a frame above
the limit ends the run.
"""

from __future__ import annotations

import array
import json
import socket
import struct
from typing import Any, NamedTuple

CHANNEL, LINK = 3, 4  # the descriptors of a child beside the standard three
MAX_DESCRIPTORS = 8
LENGTH, REQUEST, EVENT = struct.Struct("!I"), struct.Struct("!III"), struct.Struct("!BQidd")
FORK = b"F"  # caller to server: one more child


class BadFrame(ValueError):  # noqa: N818 - the name says what happened
    """What came over a channel is not a frame of this protocol."""


class Request(NamedTuple):
    """Caller to child: start. Its descriptors are: payload, the standard three, perhaps a link."""

    memory_mb: int
    cpu_s: int
    output_kb: int

    def pack(self) -> bytes:
        return REQUEST.pack(*self)

    @classmethod
    def unpack(cls, data: bytes) -> Request:
        return cls(*REQUEST.unpack(data))


FORKED, ENDED, REFUSED = 1, 2, 3


class Event(NamedTuple):
    """Server to caller: a child was forked (attached: pidfd, channel), ended (with its wait status), or was refused."""

    kind: int
    child: int  # counted from 1 by the server
    status: int  # wait status; errno when refused
    cpu_s: float = 0.0
    rss_mb: float = 0.0

    def pack(self) -> bytes:
        return EVENT.pack(*self)

    @classmethod
    def unpack(cls, data: bytes) -> Event:
        return cls(*EVENT.unpack(data))


def frame(message: Any) -> bytes:
    """A JSON message as one frame."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


class FrameReader:
    """Turns received bytes into messages of at most `limit` bytes, and holds at most sixteen such."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Add received bytes. Raises BadFrame when they pile up."""
        self._buffer += data
        if len(self._buffer) > 16 * (self.limit + LENGTH.size):
            raise BadFrame("more bytes than anybody asked for")

    def next(self) -> Any:
        """The next whole message, or None.

        Raises:
            BadFrame: too long, or not JSON.
        """
        if len(self._buffer) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._buffer)
        if length > self.limit:
            raise BadFrame(f"a frame of {length} bytes; the limit is {self.limit}")
        end = LENGTH.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[LENGTH.size : end])
        del self._buffer[:end]
        try:
            message = json.loads(body)
        except (ValueError, RecursionError, MemoryError) as error:
            raise BadFrame(f"not JSON: {type(error).__name__}") from None
        if not isinstance(message, list) or not message or not isinstance(message[0], str):
            raise BadFrame("a message is a list that starts with its kind")
        return message


class Channel:
    """A blocking channel, as children use it."""

    def __init__(self, descriptor: int, limit: int = 1 << 28) -> None:
        self.socket = socket.socket(fileno=descriptor)
        self._reader = FrameReader(limit)

    def send(self, message: Any) -> None:
        """Send one message. Raises ValueError, RecursionError when it cannot be written as JSON."""
        self.socket.sendall(frame(message))

    def receive(self) -> Any:
        """The next message; None at the end of the stream."""
        while (message := self._reader.next()) is None:
            data = self.socket.recv(1 << 16)
            if not data:
                return None
            self._reader.feed(data)
        return message


def receive_descriptors(channel: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """One packet of at most `size` bytes and the descriptors that came with it."""
    space = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
    data, ancillary, _flags, _address = channel.recvmsg(size, space, socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return data, list(descriptors)
