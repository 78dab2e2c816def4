"""Hostile completions: refused quickly, without freezing the caller, without delaying their neighbours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jurybox.judges import MathJudge

SIZE = 200_000
RAW = {
    "brackets": "(" * SIZE, "braces": "{" * SIZE, "backslashes": "\\" * SIZE, "dollars": "$" * SIZE,
    "think": "<think>" * (SIZE // 7), "ends": "</think>" * (SIZE // 8), "blanks": " " * SIZE, "lines": "\n" * SIZE,
    "answers": "the answer is " * (SIZE // 14), "gap": "the answer" + " " * SIZE + "is 6", "hashes": "#" * SIZE,
    "commas": "1," * SIZE, "nines": "9" * SIZE, "boxes": r"\boxed{" * (SIZE // 7), "text": r"\text{" * (SIZE // 6),
    "formulas": "$1$" * (SIZE // 3), "open": r"\[ 1 " * (SIZE // 5), "halves": "½" * SIZE, "squares": "²" * SIZE,
    "slashes": "1/" * SIZE, "equals": "= " * SIZE, "list": r"\boxed{1}, " * (SIZE // 11), "is": "is " * (SIZE // 3),
}  # fmt: skip
BOXED = {
    "tower": "9^{9^{9^{9}}}", "twos": "2^{" * 40 + "2" + "}" * 40, "xs": "x^{" * 40 + "x" + "}" * 40,
    "factorials": "((((9!)!)!)!)!", "floor": r"\lfloor 10^{10^{7}} \pi \rfloor", "python": "9**9**9**9",
    "exponent": "+".join(["x^{2^{60000}}"] * 200), "mixed": r"1\frac{" * 200 + "1" + "}{2}" * 200,
    "fractions": r"\frac{1}{1+" * 300 + "1" + "}" * 300, "long sum": r"\sum_{k=1}^{10^{9}} \sin(k)",
    "binomial": r"\binom{10^{9}}{10^8}", "matrix": r"\begin{pmatrix}x&1\\1&x\end{pmatrix}^{20}",
    "trigonometry": "+".join(rf"\sin({i}x)" for i in range(200)), "power": "(1+x)^{10^{15}}",
    "code": "__import__('os')",
    "special": r"\zeta(10^{50}) + \Gamma(10^{50})", "underflow": "1e-999999999999", "digits": "9" * 2900,
    "signs": ",".join([r"\pm 1 \pm 2 \pm 3"] * 100), "minus": "-" * 2000 + "6", "bars": "|" * 500,
    "chain": "=".join([r"\sin x"] * 200), "nested sets": r"\{" * 40 + "1" + r"\}" * 40,
}  # fmt: skip
HANGS = r"\boxed{\sum_{i=1}^{2000}\sum_{j=1}^{2000}\sum_{k=1}^{2000} \sin(ijk)}"


@contextmanager
def longest_freeze() -> Iterator[list[float]]:
    """CPU time that this process used, at worst, while no other of its threads got to run."""
    worst, stop = [0.0], threading.Event()

    def beat() -> None:
        while not stop.is_set():
            start = time.process_time()
            time.sleep(0.005)
            worst[0] = max(worst[0], time.process_time() - start)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield worst
    finally:
        stop.set()
        thread.join()


# Seconds of CPU time: what other processes do does not count. Usual is 0.05 and less; what held the interpreter would
# hold it for the whole deadline and longer.
FROZEN = 0.8


@pytest.mark.parametrize("gold", ["5", r"\frac{x}{3}+\sqrt{2}"])
def test_hostile_text_is_refused_quickly(gold: str) -> None:
    judge = MathJudge(timeout=0.5)
    completions = {**RAW, **{name: rf"So $\boxed{{{text}}}$." for name, text in BOXED.items()}}
    slow = {}
    with longest_freeze() as freeze:
        for name, completion in completions.items():
            start = time.process_time()
            verdict = judge.verdict(completion, solution=gold)
            seconds = time.process_time() - start
            assert verdict.passed is False, name
            if seconds > 1.0:
                slow[name] = seconds
    assert slow == {}
    assert freeze[0] < FROZEN


@pytest.mark.slow
def test_a_hung_answer_meets_its_deadline_and_delays_nobody() -> None:
    judge = MathJudge(timeout=1.0)
    judge.verdict(r"\boxed{\lim_{x\to 0} x}", solution="0")  # starts the pool
    good = r"\boxed{\lim_{n\to\infty} \frac{1}{n}}"
    start = time.perf_counter()
    with longest_freeze() as freeze:
        verdicts = judge.verdicts([HANGS, good, r"\boxed{5}", HANGS + " "], solution=["5", "0", "5", "6"])
    seconds = time.perf_counter() - start
    assert [verdict.status for verdict in verdicts] == ["timeout", "scored", "scored", "timeout"]
    assert [verdict.score for verdict in verdicts] == [0.0, 1.0, 1.0, 0.0]
    assert seconds < 20.0  # the sum would take hours
    assert freeze[0] < FROZEN


def test_nothing_is_evaluated_as_code() -> None:
    judge = MathJudge()
    for text in ("__import__('os').getpid()", "lambda: 5", "[5 for _ in range(10)]", "eval('5')", "5 if 1 else 6"):
        assert judge.verdict(rf"\boxed{{{text}}}", solution="5").passed is False
