"""Judges whose verdicts are read from a column, and reward expressions made of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from jurybox.judges import judge
from jurybox.rewards import Cascade, Linear, Reward, Route

PARTS = "abcde"
STEPS = 64  # scores are multiples of 1/64, so that 1 - x is exact


@judge
def a(completion, said):
    return said["a"]


@judge
def b(completion, said):
    return said["b"]


@judge
def c(completion, said):
    return said["c"]


@judge(threshold=0.5)
def d(completion, said):
    return said["d"]


@judge
async def e(completion, said):
    return said["e"]


JUDGES = [a, b, c, d, e]
NAMES: dict[str, Any] = {"a": a, "b": b, "c": c, "d": d, "e": e}
NAMES |= {"Route": Route, "Cascade": Cascade, "Linear": Linear}

numbers = st.integers(0, STEPS).map(lambda n: n / STEPS)
scores = st.none() | numbers
rows = st.fixed_dictionaries(dict.fromkeys(PARTS, scores))
weights = st.integers(-8, 8).map(lambda n: n / 4) | st.floats(-10, 10, allow_subnormal=False)
leaves = st.sampled_from(JUDGES).map(lambda judge: judge.as_reward())


def _logic(inner: st.SearchStrategy[Reward]) -> st.SearchStrategy[Reward]:
    return (
        st.builds(lambda x, y: x & y, inner, inner)
        | st.builds(lambda x, y: x | y, inner, inner)
        | st.builds(lambda x: ~x, inner)
        | st.builds(lambda x, name: x.named(name), inner, st.sampled_from(["n", "m"]))
    )


conditions = st.recursive(leaves, _logic, max_leaves=6)


def _numbers(inner: st.SearchStrategy[Reward]) -> st.SearchStrategy[Reward]:
    bounds = st.tuples(weights, weights).map(sorted)
    return (
        st.builds(lambda x, y: x + y, inner, inner)
        | st.builds(lambda x, y: x - y, inner, inner)
        | st.builds(lambda x, y: x * y, inner, inner)
        | st.builds(lambda x, w: w * x, inner, weights)
        | st.builds(lambda x, w: x + w, inner, weights)
        | st.builds(lambda x, w: w - x, inner, weights)
        | st.builds(lambda x, low_high: x.clip(*low_high), inner, bounds)
        | st.builds(lambda x, low, high: x.scale(low, high), inner, weights, weights)
        | st.builds(lambda x, gate, w: x.gate(gate, otherwise=w), inner, conditions, weights)
        | st.builds(lambda x, y: Cascade(x, y), inner, inner)
        | st.builds(lambda x, y: Route("task", one=x, two=y), inner, inner)
        | st.builds(lambda x, y: Route("task", {"two": x, "c++": y}), inner, inner)
        | st.builds(lambda x, name: x.named(name), inner, st.sampled_from(["n", "m"]))
    )


expressions = st.recursive(conditions, _numbers, max_leaves=8)
scheduled = st.builds(lambda x: x.schedule(Linear(0.0, 1.0, steps=10)), expressions)
tasks = st.sampled_from(["one", "two", "c++", "none of them"])
