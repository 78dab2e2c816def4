from __future__ import annotations

import json
import struct

import pytest

from jurybox.judges.code.box.wire import BadFrame, Event, FrameReader, Request, frame


def test_messages_arrive_whole_however_they_are_cut():
    reader, data = FrameReader(100), frame(["value", 1]) + frame(["value", 2])
    seen = []
    for byte in data:
        reader.feed(bytes([byte]))
        if (message := reader.next()) is not None:
            seen.append(message)
    assert seen == [["value", 1], ["value", 2]]


def test_an_announced_length_is_refused_before_anything_of_it_has_come():
    reader = FrameReader(100)
    reader.feed(struct.pack("!I", 0xFFFFFFFF))
    with pytest.raises(BadFrame, match="the limit is 100"):
        reader.next()


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]", b"[1]", b"\xff\xff", b"[" * 90, b"null"])
def test_what_is_no_message_is_a_bad_frame(body):
    reader = FrameReader(100)
    reader.feed(struct.pack("!I", len(body)) + body)
    with pytest.raises(BadFrame):
        reader.next()


def test_deep_nesting_and_long_numbers_are_bad_frames_not_crashes():
    for body in (b"[" * 100_000, b'["v",' + b"9" * 5000 + b"]"):
        reader = FrameReader(1 << 20)
        reader.feed(struct.pack("!I", len(body)) + body)
        with pytest.raises(BadFrame):
            reader.next()


def test_bytes_do_not_pile_up():
    reader = FrameReader(100)
    reader.feed(b"x" * 1600)
    with pytest.raises(BadFrame, match="more bytes"):
        reader.feed(b"x" * 100)


def test_packets_come_back_as_they_were():
    request, event = Request(512, 30, 64), Event(2, 7, -9, 0.5, 15.0)
    assert Request.unpack(request.pack()) == request
    assert Event.unpack(event.pack()) == event
    assert json.loads(frame(["a"])[4:]) == ["a"]
