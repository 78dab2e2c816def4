"""Completions that nobody hopes for: random text, shuffled fragments of answers, bombs, odd messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

LATEX = r"""
\boxed{ \boxed{1/2} \boxed{} \frac{ \frac{1}{2} \dfrac12 \sqrt{ \sqrt[3]{8} \left( \right. \right) \text{ \mathrm{cm}
\begin{pmatrix} 1&2\\3&4 \end{pmatrix} \begin{cases} \cup \cap \infty \pi \pm \leq \neq \in \sum_{n=1}^{\infty} \int_0^1
\lim_{x\to0} \log_2 \sin^{-1} \binom{5}{2} ^{\circ} \% \$ $$ \[ \] \( \) { } }} {{ ^ ^^ _ & \\ \, \! ~ # ####
"""
OTHER = r"""
<think> </think> <answer> </answer> <think <|end|> </s> ```json ``` { "a": [ ] } null true NaN Infinity -0 1e999 .5 5.
0x1F 1_000 1,000,000 3/7 -3/7 0.333... x= y= = == ≠ ≤ → ∞ √2 ½ ٣ ４ 十 2^{10} 10! !!! i e (1,2) [1,2) (-\infty,3] {1,2}
A B. (C) **D** Answer: answer is therefore \u0000 \ud800 \x00 \" \\" ' " `
"""
ODD = [" ", "\n", "\t", "\r\n", "\0", "\ud800", "\udfff", "\u202e", "\u200b", "\ufeff", "e\u0301", "🏳️‍🌈", "ß", "İ"]
FRAGMENTS = [*LATEX.split(), *OTHER.split(), *ODD, "the answer is", "I think", "so that", "No answer."]

BOMBS: list[Callable[[int], str]] = [
    lambda n: "\\boxed{" + "{" * n,
    lambda n: "\\boxed{" * n + "1" + "}" * n,
    lambda n: "\\boxed{" + "\\frac{1}{" * n + "2" + "}" * n + "}",
    lambda n: "\\boxed{" + "(" * n + "1" + ")" * n + "}",
    lambda n: "\\boxed{" + "\\sqrt{" * n + "2" + "}" * n + "}",
    lambda n: "\\boxed{" + "-" * n + "1}",
    lambda n: "\\boxed{" + "9" * n + "}",
    lambda n: "\\boxed{1" + "+1" * n + "}",
    lambda n: "\\boxed{2" + "^2" * n + "}",
    lambda n: "\\boxed{" + ",".join(map(str, range(n))) + "}",
    lambda n: "\\boxed{x}" * n,
    lambda n: "[" * n + "]" * n,
    lambda n: '{"a":' * n + "1" + "}" * n,
    lambda n: '"' + "\\" * n,
    lambda n: "{" + '"a":1,' * n + "}",
    lambda n: "```json\n" * n,
    lambda n: "<think>" * n + "</think>" * n,
    lambda n: "a" * n + "!",
    lambda n: "\\begin{pmatrix}" + "1&" * n + "\\end{pmatrix}",
    lambda n: "word " * n,
    lambda n: "\n" * n,
    lambda n: "e\u0301" * n,
]
TOWERS = [
    "\\boxed{9^{9^{9}}}",
    "\\boxed{10000000!}",
    "\\boxed{((((10!)!)!)!)!}",
    "\\boxed{\\sum_{n=1}^{10^{12}} \\frac{1}{n}}",
    "\\boxed{(x+y+z+w)^{500}}",
    "\\boxed{\\binom{10^9}{10^8}}",
    "\\boxed{10^{-10^{10}}}",
    "\\boxed{\\int_0^1 \\sin(\\exp(x^{x^x})) dx}",
]
GOLDS: list[Any] = ["1/2", "$\\frac{3}{7}$", "x=2", "[1,2)", "A", "42", "", "no number", "\\boxed{7}"]
GOLDS += [None, 7, 0.5, ["a", "b"]]


def completions(count: int, seed: int = 0) -> list[Any]:
    """`count` completions, the same for the same seed."""
    rng = random.Random(seed)
    made = list(_rare(rng))
    while len(made) < count:
        text = _text(rng)
        made.append(_message(text, rng) if rng.random() < 0.1 else text)
    rng.shuffle(made)
    return made


def _rare(rng: random.Random) -> Iterator[Any]:
    yield from TOWERS
    for bomb in BOMBS:
        yield from (bomb(size) for size in (7, 99, 1200, 30_000))
    yield from ("x" * 2_000_000, "{" * 1_000_000, "\\boxed{" * 100_000, "\0" * 100_000, "<" * 500_000)


def _text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.2:
        return "".join(chr(rng.randrange(rng.choice((128, 0x3000, 0x110000)))) for _ in range(rng.randrange(60)))
    if kind < 0.25:
        return rng.choice(BOMBS)(rng.randrange(60))
    pieces = [rng.choice(FRAGMENTS) for _ in range(rng.randrange(14))]
    text = rng.choice(("", " ")).join(pieces)
    if kind < 0.6:
        return "\\boxed{" + text + "}"
    if kind < 0.7:
        return '```json\n{"a": ' + text + "}\n```"
    if kind < 0.8:
        return f"<think>{text}</think>\n<answer>{rng.choice(FRAGMENTS)}</answer>"
    return text


def _message(text: str, rng: random.Random) -> Any:
    block = {"type": "text", "text": text}
    forms = [
        [{"role": "assistant", "content": text}],
        [{"role": "assistant", "content": text, "reasoning_content": text}],
        [{"role": "assistant", "content": None, "tool_calls": [{"function": {"name": text, "arguments": text}}]}],
        [{"role": "assistant"}],
        [{"content": text}],
        [{"role": "tool", "content": text}, {"role": "assistant", "content": [block, {"type": "image"}, block]}],
        [{"role": "assistant", "content": [{"type": "text", "text": None}, {"type": "unheard of"}]}],
        {"role": "assistant", "content": block},
        [{"role": "assistant", "content": "", "reasoning": text}],
        [],
        None,
    ]
    return rng.choice(forms)
