"""What composing costs: a reward expression against the same judges called by hand.

    python -m jurybox.benchmarks.rewards

Three judges that do next to nothing judge a GRPO-like batch of 256 distinct completions. The same scores are added
by hand, as one would without a composition: no abstention, no evidence tree, no metrics. The difference, per
completion, is the price of the expression; the ratio against a training step is in `jurybox.benchmarks.seam`.
A worst case over three judges with graded scores is timed against their sum.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import get_args

from ..judges import judge
from ..rewards import robust
from ..rewards.worst_case import Divergence
from . import timing

COMPLETIONS = 256
PEOPLE = ["ann", "bob", "eve", "joe"]


@judge
def greets(completion: str) -> bool:
    """Whether the completion begins as it should."""
    return completion.startswith("hello")


@judge
def names(completion: str, person: str) -> bool:
    """Whether it names the person."""
    return person in completion


@judge
def rambles(completion: str) -> bool:
    """Whether it is long."""
    return len(completion) > 200


def measure(repeats: int) -> dict[str, float]:
    """Microseconds a completion: by hand, composed, and composed with the metrics a trainer logs."""
    person = [PEOPLE[i % len(PEOPLE)] for i in range(COMPLETIONS)]
    completions = [f"hello {name}, this is answer {i}. " + "x" * i for i, name in enumerate(person)]
    prompts = ["say hello"] * COMPLETIONS
    reward = greets + 0.2 * names - 0.1 * rambles

    def by_hand() -> list[float]:
        columns = [part(prompts, completions, person=person) for part in (greets, names, rambles)]
        return [a + 0.2 * b - 0.1 * c for a, b, c in zip(*columns, strict=True)]

    def composed() -> list[float | None]:
        return reward(prompts, completions, person=person)

    def logged() -> list[float | None]:
        metrics: dict[str, float] = {}
        return reward(prompts, completions, person=person, log_metric=metrics.__setitem__)

    if by_hand() != composed():
        raise AssertionError("the composition disagrees with the sum by hand")
    rows = [[timing.seconds(work) for work in (by_hand, composed, logged)] for _ in range(repeats + 1)][1:]
    hand, plain, full = (statistics.median(column) / COMPLETIONS * 1e6 for column in zip(*rows, strict=True))
    return {"by_hand_us": hand, "composed_us": plain, "logged_us": full, "overhead_us": full - hand}


@judge
def fills(completion: str) -> float:
    """The share of the room that is used."""
    return len(completion) / 400


@judge
def varies(completion: str) -> float:
    """Something between 0 and 1 that is different for nearly every completion."""
    return len(completion) % 37 / 37


def measure_worst_case(divergence: Divergence, repeats: int) -> timing.Ratio:
    """How many times as long the worst case of three judges takes as their sum, judges included; the ball binds."""
    completions = ["hello " + "x" * i for i in range(COMPLETIONS)]
    mean = greets + fills + varies
    worst = robust(greets, fills, varies, divergence=divergence, radius=0.2)
    return timing.compare(lambda: mean(None, completions), lambda: worst(None, completions), repeats)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print it."""
    options = timing.arguments(__doc__, argv, repeats=51)
    result = measure(options.repeats)
    print(f"three judges, {COMPLETIONS} completions, median of {options.repeats}: microseconds a completion")
    print(f"  judges called by hand and added   {result['by_hand_us']:6.1f}")
    print(f"  composed reward                   {result['composed_us']:6.1f}")
    print(f"  composed reward with its metrics  {result['logged_us']:6.1f}")
    print(f"  what composing costs              {result['overhead_us']:6.1f}")
    ratios: dict[Divergence, timing.Ratio] = {
        divergence: measure_worst_case(divergence, options.repeats) for divergence in get_args(Divergence)
    }
    print("a worst case of three judges against their sum, times as long")
    for divergence, ratio in ratios.items():
        print(f"  {divergence:<5} {ratio}")
    worst = {divergence: ratio.to_dict() for divergence, ratio in ratios.items()}
    timing.save(options.json, {**result, "worst_case": worst})


if __name__ == "__main__":
    main()
