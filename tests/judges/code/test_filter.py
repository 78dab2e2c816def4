"""The filters, executed by a small interpreter of the kernel's packet-filter language, on both architectures."""

from __future__ import annotations

import platform
import struct

import pytest

from jurybox.judges.code.box import filter as rules
from jurybox.judges.code.box import seccomp
from jurybox.judges.code.box.syscalls import NUMBERS

ALLOW, KILL = seccomp.ALLOW, seccomp.KILL


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: request.param)
    return request.param


def verdict(code, machine, number, *arguments, architecture=None):
    """What the kernel would say to a call."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number, architecture or seccomp.ARCHITECTURES[machine], 0, *words)
    program = [seccomp.INSTRUCTION.unpack_from(code, at) for at in range(0, len(code), seccomp.INSTRUCTION.size)]
    place, accumulator = 0, 0
    while True:
        kind, if_true, if_false, value = program[place]
        if kind == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif kind == seccomp.AND:
            accumulator &= value
        elif kind == seccomp.RETURN:
            return value
        else:
            holds = accumulator == value if kind == seccomp.JUMP_EQUAL else accumulator >= value
            place += if_true if holds else if_false
        place += 1


def ask(machine, code, call, *arguments):
    return verdict(code, machine, NUMBERS[machine][call], *arguments)


def test_the_long_table(machine):
    code = rules.server_filter()
    assert ask(machine, code, "read") == ALLOW
    assert ask(machine, code, "openat", 0, 0, 0o2000000) == ALLOW  # read only, close on exec
    for flags in (0o1, 0o2, 0o100, 0o1000, 0o2000, 0o20200000):
        assert ask(machine, code, "openat", 0, 0, flags) == seccomp.EACCES
    assert ask(machine, code, "clone3") == ask(machine, code, "openat2") == seccomp.ENOSYS
    assert ask(machine, code, "socketpair", 1, 1 | 0o2000000) == ALLOW
    assert ask(machine, code, "socketpair", 1, 2) == ask(machine, code, "socketpair", 2, 1) == seccomp.EPERM
    assert ask(machine, code, "ioctl", 1, 0x5421) == ALLOW
    assert ask(machine, code, "ioctl", 1, 0x5412) == seccomp.EPERM  # typing into a terminal
    assert ask(machine, code, "fcntl", 1, 8) == seccomp.EPERM  # F_SETOWN
    assert ask(machine, code, "prlimit64", 0) == ALLOW
    assert ask(machine, code, "prlimit64", 1) == seccomp.EPERM


@pytest.mark.parametrize("number", [9999, 425, 165, 101, 57 + 400])
def test_a_call_that_no_rule_names_is_refused(machine, number):
    assert verdict(rules.server_filter(), machine, number) == seccomp.EPERM or number in NUMBERS[machine].values()


def test_another_architecture_and_the_x32_numbers_are_not_let_in(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    code = rules.server_filter()
    assert verdict(code, "x86_64", 0, architecture=0x40000003) == KILL
    assert verdict(code, "x86_64", 0x40000000) == seccomp.EPERM


def child_filter(pid, no_open=False):
    template = rules.ChildFilter(no_open)._template
    return template.replace(struct.pack("=I", rules.OWN_PID), struct.pack("=I", pid))


def test_the_short_table(machine):
    code = child_filter(1234)
    assert ask(machine, code, "clone", 0x10000 | 0x100) == ALLOW  # a thread
    assert ask(machine, code, "clone", 17) == seccomp.EPERM  # a process
    for call in ("kill", "tkill", "tgkill"):
        assert ask(machine, code, call, 1234) == ALLOW
        for other in (1, 1233, 0, 0xFFFFFFFF):
            assert ask(machine, code, call, other) == seccomp.EPERM
    assert ask(machine, code, "prctl", 15) == ALLOW
    assert ask(machine, code, "prctl", 1) == seccomp.EPERM
    for call in ("seccomp", "setsid", "pidfd_open", "wait4"):
        assert ask(machine, code, call) == seccomp.EPERM
    assert ask(machine, code, "openat", 0, 0, 0) == ALLOW  # the long table's business


def test_no_open_refuses_every_file(machine):
    assert ask(machine, child_filter(1, no_open=True), "openat", 0, 0, 0) == seccomp.EACCES


def test_every_rule_gives_its_reason():
    for rule in (*rules.SERVER_RULES, *rules.CHILD_RULES, *rules.NO_OPEN_RULES):
        assert len(rule.reason) > 3
        assert all(any(call in numbers for numbers in NUMBERS.values()) for call in rule.calls.split())


def test_an_unknown_machine_has_no_filter(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(OSError, match="riscv64"):
        rules.server_filter()
