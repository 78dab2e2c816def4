"""Judges and functions at the top level of a module, where worker processes and pickles find them."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from jurybox.judges import Judge, Sample, Verdict, judge


@judge
def right(completion, solution):
    return completion == solution


@judge
def short(completion):
    return len(completion) <= 3


@judge
def share(completion):
    """The number the completion is, 1 at most, abstaining when it is none."""
    return min(float(completion), 1.0) if completion.replace(".", "").isdigit() else None


@judge
async def awaited(completion, solution):
    await asyncio.sleep(0.001)
    return completion == solution


@judge(timeout=0.4)
def patient(completion):
    """Sleeps as long as the completion says."""
    time.sleep(float(completion))
    return True


@judge(group=True)
def longest(completions):
    return [len(text) == max(map(len, completions)) for text in completions]


@judge(batch=True)
def above_mean(completions):
    mean = sum(map(len, completions)) / len(completions)
    return [len(text) > mean for text in completions]


def begins_with(completion, letter):
    return completion.startswith(letter)


begins_with_a = judge(functools.partial(begins_with, letter="a"), name="begins_with_a")


class Shout:
    """A callable object."""

    def __call__(self, completion):
        return completion.isupper()


shouts = judge(Shout())


class Counting(Judge):
    """Remembers what it was asked."""

    columns = ("solution",)

    def __init__(self, word: str = "", *, strict: bool = False) -> None:
        self.asked: list[str] = []

    def _judge(self, sample: Sample) -> Verdict:
        self.asked.append(sample.text)
        if sample.text == "boom":
            raise RuntimeError("this completion is cursed")
        return Verdict(float(sample.text == sample["solution"]), reason="compared")


class InProcess(Judge):
    """Says in which process it ran."""

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        return [Verdict(1.0, evidence={"pid": os.getpid(), "text": sample.text}) for sample in samples]


class Remembering(Judge):
    """Says how many batches this object has judged, wherever it is."""

    batches = 0

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        self.batches += 1
        return [Verdict(1.0, evidence={"batch": self.batches}) for _ in samples]

    def __getstate__(self) -> Mapping[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "batches"}


def reward_of_length(completions: Sequence[Any], **_: Any) -> list[float]:
    return [float(len(completion)) for completion in completions]


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def allocate(size: int) -> int:
    return len(bytearray(size))


def crash(status: int) -> None:
    os._exit(status)


def complain(message: str) -> None:
    raise LookupError(message)


class StubbornError(Exception):
    """Cannot be pickled back: its constructor wants two arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def be_stubborn() -> None:
    raise StubbornError("a", "b")


def unpicklable() -> Any:
    return lambda: None


def recurse(depth: int) -> int:
    return recurse(depth + 1)


def burn(cpu: float, core: int | None = None) -> float:
    """Uses so much CPU time, on one core if asked."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    end = time.process_time() + cpu
    while time.process_time() < end:
        pass
    return cpu
