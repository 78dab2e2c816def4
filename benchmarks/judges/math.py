r"""The math judge against math-verify and TRL's `accuracy_reward`, on a batch as GRPO scores it.

    python -m jurybox.benchmarks.judges.math [--repeats N] [--json FILE]

Eight gold answers, sixteen completions each of about 1200 characters: 64 identical answers, 24 equal ones in another
spelling, 38 wrong ones, 2 without a box. Judges are timed in turn; quote the ratios. "Cold" is a new judge, "warm"
the same judge asked again, which is what an epoch's second visit to a prompt costs.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jurybox.benchmarks.timing import arguments, compare, save
from jurybox.judges import MathJudge

GROUP = 16
# gold, three other spellings, five wrong answers
PROBLEMS: tuple[tuple[str, tuple[str, str, str], tuple[str, ...]], ...] = (
    (r"\frac{3}{7}", ("3/7", r"\dfrac{6}{14}", r"\frac{3}{7} + 0"), ("0.43", r"\frac{4}{7}", "7/3", "3", "21")),
    ("42", ("42.0", r"6 \cdot 7", r"\frac{84}{2}"), ("41", "43", "4.2", r"\frac{42}{5}", "-42")),
    ("(2,-3)", (r"\left(2,\,-3\right)", r"(\frac{4}{2},-3)", "(2, -3.0)"), ("(-3,2)", "(2,3)", "(2,-4)", "-1", "2")),
    (r"\{1,4,9\}", (r"\{9,4,1\}", "1, 4, 9", r"\{1,2^2,3^2\}"), (r"\{1,4\}", r"\{1,4,8\}", "9", r"\{1,3,9\}", "(1,9)")),
    (r"2\sqrt{3}", (r"\sqrt{12}", r"\frac{6}{\sqrt{3}}", r"2 \sqrt 3"), (r"3\sqrt{2}", "3.46", r"\sqrt{6}", "6", "5")),
    ("x^2-5x+6", ("(x-2)(x-3)", "6-5x+x^2", "x(x-5)+6"), ("x^2+5x+6", "(x-2)(x+3)", "x^2-5x", "x^2-6x+5", "6")),
    (r"\frac{\pi}{4}", (r"\pi/4", r"\arctan 1", r"0.25\pi"), (r"\frac{\pi}{3}", "0.785", r"\pi", "1", "45")),
    ("[0,1)", (r"\left[0,1\right)", r"0 \le x < 1", r"x \in [0, 1)"), ("(0,1)", "[0,1]", "(0,1]", "[0,2)", "[1,0)")),
)  # fmt: skip
_SENTENCES = (
    "We first write down what is given and choose names for the unknown quantities.",
    "Substituting the second relation into the first removes one variable.",
    "Both sides can be simplified because the common factor is never zero.",
    "This step is reversible, so no solutions are lost or gained here.",
    "Let us check the intermediate result $a_{%d} = %d$ before going on.",
    "Comparing coefficients gives $%d u + %d v = 0$ for the remaining terms.",
    "Therefore the expression depends on $t = \\frac{%d}{%d}$ only.",
    "Now we collect everything and read off the result.",
)


class Batch(NamedTuple):
    """Completions with their gold answers, and whether each is right."""

    completions: list[str]
    golds: list[str]
    right: list[bool]


def batch(seed: int = 0) -> Batch:
    """The fixed batch of 128 rows."""
    dice = random.Random(seed)
    rows: list[tuple[str, str, bool]] = []
    for place, (gold, equal, wrong) in enumerate(PROBLEMS):
        answers = [(gold, True)] * 8 + [(text, True) for text in equal] + [(text, False) for text in wrong]
        rows += [(boxed(dice, text), gold, right) for text, right in answers]
        if place in (1, 4):  # the last wrong answer is not boxed in two groups
            rows[-1] = (prose(dice) + " I could not finish this.", gold, False)
    dice.shuffle(rows)
    completions, golds, right = zip(*rows, strict=True)
    return Batch(list(completions), list(golds), list(right))


def boxed(dice: random.Random, answer: str) -> str:
    """A worked solution that ends in a box."""
    return rf"{prose(dice)} So the final answer is $\boxed{{{answer}}}$."


def prose(dice: random.Random) -> str:
    """About 1100 characters of reasoning with formulas in it."""
    pieces: list[str] = []
    length = dice.randint(850, 1400)
    while sum(map(len, pieces)) < length:
        sentence = dice.choice(_SENTENCES)
        numbers = tuple(dice.randint(2, 99) for _ in range(sentence.count("%d")))
        pieces.append(sentence % numbers)
    return " ".join(pieces)


def math_verify_scores(data: Batch) -> list[bool]:
    """math-verify with the settings TRL gives it."""
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse, verify

    config = LatexExtractionConfig(
        normalization_config=NormalizationConfig(units=True), boxed_match_priority=0, try_extract_without_anchor=False
    )
    scores = []
    for completion, gold in zip(data.completions, data.golds, strict=True):
        answer = parse(completion, extraction_config=[config], extraction_mode="first_match")
        scores.append(verify(parse(f"${gold}$"), answer))
    return scores


def trl_scores(data: Batch) -> list[float | None]:
    """TRL's reward function, gold answers in the dollars it needs."""
    from trl.rewards import accuracy_reward

    messages = [[{"role": "assistant", "content": text}] for text in data.completions]
    return list(accuracy_reward(messages, [f"${gold}$" for gold in data.golds]))


def count_right(scores: Sequence[Any], data: Batch) -> int:
    """Rows scored as they should be."""
    return sum(score is not None and bool(score) == right for score, right in zip(scores, data.right, strict=True))


def measure(repeats: int) -> dict[str, Any]:
    """Rows right of each, and how many times as long the peers take."""
    data = batch()
    warm = MathJudge()

    def ours_cold() -> list[float | None]:
        return MathJudge()(completions=data.completions, solution=data.golds)

    def ours_warm() -> list[float | None]:
        return warm(completions=data.completions, solution=data.golds)

    peers: dict[str, Callable[[], Sequence[Any]]] = {"math-verify": lambda: math_verify_scores(data)}
    try:
        import trl.rewards  # noqa: F401

        peers["TRL accuracy_reward"] = lambda: trl_scores(data)
    except ImportError:
        print("TRL is not installed: its accuracy_reward is left out", file=sys.stderr)
    result: dict[str, Any] = {
        "rows": len(data.right),
        "mean_characters": round(sum(map(len, data.completions)) / len(data.right)),
        "right": {"MathJudge": count_right(ours_cold(), data)},
    }
    for name, peer in peers.items():
        result["right"][name] = count_right(peer(), data)
        result[name] = {
            "cold": compare(ours_cold, peer, repeats).to_dict(),
            "warm": compare(ours_warm, peer, repeats).to_dict(),
        }
    return result


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    options = arguments(__doc__, argv)
    result = measure(options.repeats)
    rows = result["rows"]
    print(f"{rows} completions of {result['mean_characters']} characters on average")
    for name, right in result["right"].items():
        print(f"{name:24}{right:>4}/{rows} right")
    for name in result["right"]:
        for kind, ratio in result.get(name, {}).items():
            ours, times = ratio["ours_s"] / rows * 1e6, ratio["ratio"]
            spread = f"{times['median']:.0f} x {name} ({times['min']:.0f} to {times['max']:.0f})"
            print(f"MathJudge {kind}: {ours:.1f} us a row, {spread}")
    save(options.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
