"""The caller's end of one child: its task, its channel, its pidfd, its error file, and how it ended."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from ...errors import JuryboxError
from ..box.wire import Event, FrameReader, Request, frame
from .limits import Limits
from .own_time import CoreWait, Turn
from .server import Server, ServerLost, Spare
from .waiting import Run, Wait

CHUNK = 1 << 16
ENDING_SECONDS = 30.0  # from SIGKILL to the kernel's word that it is over
POLITE_SECONDS = 0.2  # for a child that hung up to end by itself, so that its status is its own
MOST_POLITE_SECONDS = 5.0  # where it finds no core to end on
STDERR_TAIL = 2000


class ChildEnded(JuryboxError):  # noqa: N818 - the name says what happened
    """The child closed its channel before it answered."""


class OutOfTime(JuryboxError):  # noqa: N818 - the name says what happened
    """The time was up before the child answered."""


class Child:
    """One child, from its task to its end. Close it, however the run ends.

    The server has the next child made ready while this one works.

    Args:
        server: who tells how the child ended.
        spare: the child, which waits.
        task: what it does; goes into a descriptor that only the child reads.
        limits: its bounds.
        streams: descriptors for its 0 and 1; None for a /dev/null that no other child shares.
        link: one more descriptor for it, of a socket to another child.

    Raises:
        ServerLost: the spare is gone.
    """

    def __init__(
        self,
        server: Server,
        spare: Spare,
        task: dict[str, Any],
        limits: Limits,
        streams: tuple[int, int] | None = None,
        link: int | None = None,
    ) -> None:
        self.server = server
        self.number, self.pidfd, self.channel = spare
        self.end: Event | None = None
        self._core_wait: CoreWait | None = None
        self._reader = FrameReader(limits.reply_kb << 10)
        self._errors = os.memfd_create("stderr")
        self.channel.setblocking(False)
        try:
            self._start(task, limits, streams, [] if link is None else [link])
        except BaseException:
            self.close()
            raise

    def _start(self, task: dict[str, Any], limits: Limits, streams: tuple[int, int] | None, link: list[int]) -> None:
        request = Request(limits.memory_mb, limits.cpu_seconds, limits.output_kb)
        mine = [file_of(json.dumps(task).encode())]
        if streams is None:
            mine.append(os.open(os.devnull, os.O_RDWR))
            streams = mine[-1], mine[-1]
        try:
            socket.send_fds(self.channel, [request.pack()], [mine[0], *streams, self._errors, *link])
        except OSError as error:
            raise ServerLost(f"the child that waited is gone: {error}") from None
        finally:
            for descriptor in mine:
                os.close(descriptor)

    def send(self, message: Any, turn: Turn) -> Run[int]:
        """Send one message; its size in bytes. A child that does not read makes this wait, and then `OutOfTime`."""
        data = memoryview(frame(message))
        size = len(data)
        while data:
            try:
                data = data[self.channel.send(data) :]
            except BlockingIOError:  # it may itself wait for us to read, so read; else look again soon
                if monotonic() > turn.look and turn.over():
                    raise OutOfTime from None
                if (yield Wait((self.channel.fileno(),), min(turn.look, monotonic() + 0.005))):
                    self._take_in()
            except OSError:  # it is gone; reading will say so
                break
        return size

    def send_descriptors(self, descriptors: Sequence[int]) -> None:
        """Pass descriptors, with one byte to carry them."""
        with suppress(OSError):  # it is gone; reading will say so
            socket.send_fds(self.channel, [b"T"], list(descriptors))

    def reply(self, turn: Turn) -> Run[Any]:
        """The child's next message.

        Raises:
            ChildEnded, OutOfTime: there is none.
            BadFrame: what came is no message.
            ServerLost: nobody is there to make the next child; its end is the end of its children too.
        """
        while (message := self._reader.next()) is None:
            self._use_the_wait()
            if (yield Wait((self.channel.fileno(),), turn.look)):
                self._take_in()
            elif turn.over():
                raise OutOfTime
        return message

    def _use_the_wait(self) -> None:
        """What would only delay the child before it is at work."""
        self.server.ask()
        if self._core_wait is None:
            self._core_wait = CoreWait(_process_of(self.pidfd))

    def waited(self) -> float:
        """How long it has waited for a core since it was at work."""
        return 0.0 if self._core_wait is None else self._core_wait.seconds()

    def _take_in(self) -> None:
        try:
            data = self.channel.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise ChildEnded
        self._reader.feed(data)

    def kill(self) -> None:
        """End the child, whatever it does; exactly this process, since the pidfd names no other."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd.fileno(), signal.SIGKILL)

    def finish(self, kill: bool = True) -> Run[Event]:
        """Hang up, by default kill, and wait for the kernel's account of the child."""
        self.channel.close()
        if kill or not (yield from self._ends_by_itself()):
            self.kill()
        deadline = monotonic() + ENDING_SECONDS
        while self.number not in self.server.ended:
            if not (yield Wait((self.server.control.fileno(),), deadline)):
                raise ServerLost("a killed child does not end")
            self.server.receive()
        self.end = self.server.ended.pop(self.number)
        return self.end

    def _ends_by_itself(self) -> Run[bool]:
        turn = Turn(POLITE_SECONDS, MOST_POLITE_SECONDS, self.waited, self.waited())
        while self.number not in self.server.ended:
            if (yield Wait((self.server.control.fileno(),), turn.look)):
                self.server.receive()
            elif turn.over():
                return False
        return True

    def stderr_tail(self) -> str:
        """The end of what the child wrote to standard error."""
        size = os.fstat(self._errors).st_size
        return os.pread(self._errors, STDERR_TAIL, max(0, size - STDERR_TAIL)).decode(errors="replace")

    def close(self) -> None:
        """Give back the descriptors; a child that still runs is killed."""
        if self.end is None:
            self.kill()
        if self._core_wait is not None:
            self._core_wait.close()
        self.channel.close()
        self.pidfd.close()
        os.close(self._errors)


def _process_of(pidfd: io.FileIO) -> int:
    """The process behind a pidfd; 0 where the kernel does not tell."""
    try:
        with open(f"/proc/self/fdinfo/{pidfd.fileno()}") as info:
            return next(int(line.split()[1]) for line in info if line.startswith("Pid:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return 0


def file_of(data: bytes) -> int:
    """A descriptor of a file in memory with this content, at its start."""
    descriptor = os.memfd_create("data")
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written : written + (1 << 28)], written)
    return descriptor
