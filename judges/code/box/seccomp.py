"""A system-call filter for the kernel, assembled from rules: the rules stand in `filter.py`, the reasons with them.

A filter is a program of the kernel's classic packet filter that reads `struct seccomp_data` (number, architecture,
instruction pointer, six arguments) and ends in a verdict. The assembler below knows three forms: a rule without
conditions (any of these calls: this verdict), a rule with conditions on the low words of arguments, and the default.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Sequence
from typing import NamedTuple

from . import kernel
from .syscalls import NUMBERS, SECCOMP_NUMBER

ALLOW = 0x7FFF0000
KILL = 0x80000000
ERRNO = 0x00050000
EPERM = ERRNO | errno.EPERM
EACCES = ERRNO | errno.EACCES
ENOSYS = ERRNO | errno.ENOSYS

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000  # the x32 numbers name the same calls again: refused as a whole

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
INSTRUCTION = struct.Struct("=HBBI")
NUMBER_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16

SET_MODE_FILTER = 1


class Is(NamedTuple):
    """A condition: the low word of an argument, masked, is one of the values."""

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF


class Rule(NamedTuple):
    """These calls get `verdict` where all conditions hold, else `otherwise`; and why."""

    calls: str
    verdict: int
    reason: str
    when: tuple[Is, ...] = ()
    otherwise: int = EPERM


def assemble(rules: Sequence[Rule], default: int) -> bytes:
    """The filter for this machine's architecture; the first rule that names a call decides it.

    Raises:
        OSError: the architecture has no table of system-call numbers.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no system-call table for {machine}")
    program = [
        (LOAD, 0, 0, ARCH_AT),
        (JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(JUMP_GREATER_EQUAL, 0, 1, X32_BIT), (RETURN, 0, 0, EPERM)]
    for rule in rules:
        program += _rule(rule, machine)
    program.append((RETURN, 0, 0, default))
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in program)


Instructions = list[tuple[int, int, int, int]]


def _rule(rule: Rule, machine: str) -> Instructions:
    """Jumps from any of the calls to a block that always ends in a verdict; other calls fall through."""
    numbers = [NUMBERS[machine][call] for call in rule.calls.split() if call in NUMBERS[machine]]
    block = _block(rule)
    instructions: Instructions = []
    for position, number in enumerate(numbers):
        last = position == len(numbers) - 1
        instructions.append((JUMP_EQUAL, len(numbers) - 1 - position, len(block) if last else 0, number))
    return instructions + block if numbers else []


def _block(rule: Rule) -> Instructions:
    block: Instructions = []
    for condition in rule.when:
        block.append((LOAD, 0, 0, ARGUMENTS_AT + 8 * condition.argument))
        if condition.mask != 0xFFFFFFFF:
            block.append((AND, 0, 0, condition.mask))
        for position, value in enumerate(condition.values):  # equal: over the rest and the refusal
            block.append((JUMP_EQUAL, len(condition.values) - position, 0, value))
        block.append((RETURN, 0, 0, rule.otherwise))
    block.append((RETURN, 0, 0, rule.verdict))
    return block


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(code: bytes) -> None:
    """Put a filter on this thread and all it starts, for good.

    Raises:
        OSError: the kernel refuses, for example because a container's own filter does.
    """
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    program = _Program(len(code) // INSTRUCTION.size, code)
    number = SECCOMP_NUMBER[platform.machine()]
    kernel.check(kernel.LIBC.syscall(number, SET_MODE_FILTER, 0, ctypes.byref(program)), "seccomp")
