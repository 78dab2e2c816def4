"""The judge: extraction, memory, decision, worker, verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from numbers import Real
from time import perf_counter
from typing import Any

from ..judge import Judge
from ..memo import Memo
from ..options import one_of
from ..preflight import skipped
from ..sample import Sample
from ..verdict import Verdict
from ..workers.pool import DeadlineExceeded, NoWorker, shared_pool
from . import symbolic
from .compare.decide import Outcome, Reading, decide, read, read_gold
from .compare.restated import is_restated, is_unevaluated
from .compare.scalars import Settings
from .read.extract import NOTHING, WHERE, Extract, extract

_LONGEST_PROMPT = 20_000  # characters, from the end, in which a restated answer is looked for
_LOG = logging.getLogger(__name__)
_MEMORY = 64 << 20  # bytes of remembered answers, about
_MISSING = ("no answer", "unfinished thinking", "empty box", "no box")


class MathJudge(Judge):
    r"""Whether a completion's final answer equals the gold answer, as mathematics.

    >>> MathJudge().verdict(r"So the answer is \boxed{0.5}.", solution=r"\frac{1}{2}")
    Verdict(1.0, 'exact number', answer='0.5', where='box', gold='\\frac12', form='0.5')

    The gold answer may be bare LaTeX, wrapped (`$…$`, `\boxed{…}`, `#### 18`), or a worked solution.

    Conventions: the last box after the thinking part counts, and boxes side by side are one list; a list is wrong
    for a single-valued gold; identical text is equal without evaluation; rationals and terminating decimals compare
    exactly; units are converted, also in sums (1 hour 30 minutes), and a bare letter is a unit beside a gold answer
    with one; a currency is a unit; a time of day without am or pm may be either, up to twelve; numbers may be English
    words; a decimal stands for an irrational or repeating value with nine agreeing digits; a false equation such
    as 4 = 5 is no answer.

    Reasons: "text", "same form", "exact number", "exact numbers", "decimal digits", "decimal comma", "tolerance",
    "random points", "sympy", "choice", "time of day", "infinity", "entry by entry", "same items", "same intervals"
    decide; "several answers", "different items", "different kinds", "different lengths", "different brackets",
    "different shapes", "different moduli", "different intervals", "different relations", "different variables",
    "different units", "unit missing", "false equation", "open-ended list", "a relation for a set", "too many items",
    "undefined", "too large to compare", "too long", "too deep", "not parsed" refuse; "no answer", "no box", "empty
    box", "unfinished thinking" found nothing; "restated" and "unevaluated" refuse arithmetic that was not carried
    out; "timeout", "worker failed" and "judge broke" score 0; "unusable gold" abstains.

    Args:
        answer: the data set column with the gold answer.
        where: what counts as an answer: "anywhere" (box, ####, "the answer is", last formula, last number),
            "explicit" (not the last two), or "box".
        boxes: boxes side by side are one "list", or only the "last" one counts.
        units: "optional" (may be left out, must not differ), "required" where the gold has them, or "ignore".
        decimals: accept a decimal that is right to so many places.
        tolerance: accept a relative error up to this.
        relations: "both" takes an inequality for an interval and the reverse; "gold" only an interval for a gold
            inequality.
        strict: False matches variables by their alphabetical order, and compares tuples as sets.
        form: "any" refuses unevaluated arithmetic (37 + 48) only where the gold answer is a number and the prompt,
            if there is one, contains it; "evaluated" refuses all of it. Fractions, radicals, powers, pi and
            numbers in scientific notation are evaluated.
        timeout: seconds of CPU time sympy may spend on one answer that nothing cheaper decides.
    """

    reads = ("text", "prompt")  # an answer that only restates the prompt is none

    def __init__(
        self,
        answer: str = "solution",
        *,
        where: str = "anywhere",
        boxes: str = "list",
        units: str = "optional",
        decimals: int | None = None,
        tolerance: float | None = None,
        relations: str = "both",
        strict: bool = True,
        form: str = "any",
        timeout: float = 0.75,
    ) -> None:
        if not isinstance(answer, str) or not answer:
            raise ValueError(f"answer names a data set column, it cannot be {answer!r}")
        one_of("where", where, WHERE)
        one_of("boxes", boxes, ("list", "last"))
        one_of("units", units, ("optional", "required", "ignore"))
        one_of("form", form, ("any", "evaluated"))
        one_of("relations", relations, ("both", "gold"))
        if decimals is not None and (type(decimals) is not int or not 0 <= decimals <= 50):
            raise ValueError(f"decimals must be a whole number from 0 to 50 or None, not {decimals!r}")
        if tolerance is not None and not 0 <= tolerance < 1:
            raise ValueError(f"tolerance is a relative error in [0, 1), not {tolerance!r}")
        if not 0 < timeout < float("inf"):
            raise ValueError(f"timeout must be a positive number of seconds, not {timeout!r}")
        self.columns = (answer,)
        self.answer = answer
        self.timeout = timeout
        self.form = form
        self.settings = Settings(units, decimals, tolerance, relations, strict)
        self._extract: Callable[[str], Extract] = partial(extract, where=where, boxes=boxes)
        self._golds: Memo[Reading | None] = Memo(8192, max_bytes=_MEMORY, weigh=_weight_of_gold)
        self._outcomes: Memo[Outcome] = Memo(max_bytes=_MEMORY, weigh=_weight_of_outcome)

    def _judge(self, sample: Sample) -> Verdict:
        return self._judge_batch([sample])[0]

    def _unusable(self, sample: Sample) -> str:
        return skipped(self._judge(sample))

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        verdicts: list[Verdict | None] = []
        waiting: dict[tuple[str, str], Future[tuple[bool, float]]] = {}
        late: list[tuple[int, tuple[str, str], Extract, Outcome]] = []
        for sample in samples:
            start = perf_counter()
            try:
                gold = self._gold(_written(sample[self.answer]))
                text = sample.text
            except Exception as error:  # not of the completion's making: the row is nobody's fault, and not judged
                verdicts.append(self.failed(error))
                continue
            found, key, outcome = self._look(gold, text)
            if outcome is not None and outcome.equal is not False:
                outcome = self._refuse_restated(gold, found, outcome, sample)
            if outcome is not None and outcome.equal is None and key not in waiting:
                try:
                    waiting[key] = self._submit(*key)
                except Exception as error:  # a tree too deep to be sent
                    outcome = _broken(outcome.gold_form, error)
            if outcome is not None and outcome.equal is None:
                late.append((len(verdicts), key, found, outcome))
                verdicts.append(None)
            else:
                verdicts.append(_verdict(found, outcome, perf_counter() - start))
        for place, key, found, outcome in late:
            verdicts[place] = self._decided_by_worker(key, waiting[key], found, outcome)
        return [verdict for verdict in verdicts if verdict is not None]

    def _look(self, gold: tuple[str, Reading | None], text: str) -> tuple[Extract, tuple[str, str], Outcome | None]:
        """What was found and what is known about it; no outcome when the gold is unusable.

        Whatever a completion breaks here is its own failure: it scores 0 and never makes the judge abstain.
        """
        written, reading = gold
        found = NOTHING
        try:
            found = self._extract(text)
            key = (written, found.text)
            outcome = self._outcomes.get(key)
            if outcome is None:
                if reading is None:
                    return found, key, None
                outcome = decide(reading, read(found.text, (reading.form, reading.whole)), self.settings)
                if outcome.equal is not None:
                    self._outcomes[key] = outcome
        except Exception as error:
            return found, (written, found.text), _broken(reading.form if reading else "", error)
        return found, key, outcome

    def _refuse_restated(
        self, gold: tuple[str, Reading | None], found: Extract, outcome: Outcome, sample: Sample
    ) -> Outcome:
        """The outcome, unless the answer leaves to do what was asked for."""
        _, reading = gold
        if reading is None or (self.form == "any" and not sample.prompt):
            return outcome
        try:
            answer = read(found.text)
            if answer.form == reading.form or answer.expr is None:
                return outcome
            if self.form == "evaluated" and is_unevaluated(answer.expr):
                return outcome._replace(equal=False, rule="unevaluated")
            if is_restated(reading, answer, sample.prompt_text[-_LONGEST_PROMPT:]):
                return outcome._replace(equal=False, rule="restated")
        except Exception as error:
            return _broken(outcome.gold_form, error)
        return outcome

    def _gold(self, gold: str) -> tuple[str, Reading | None]:
        """The gold answer as written and as read; no reading when there is nothing to compare with."""
        reading = self._golds.get(gold)
        if reading is None:
            reading = read_gold(gold)
            self._golds[gold] = reading
        return gold, reading if reading.form else None

    def _submit(self, gold: str, answer: str) -> Future[tuple[bool, float]]:
        _, reading = self._gold(gold)
        assert reading is not None
        answered, pool = read(answer), shared_pool(symbolic.PRELOAD)
        return pool.submit(
            symbolic.timed,
            reading.cleaned,
            answered.cleaned,
            (reading.expr, answered.expr),
            self.settings.decimals,
            timeout=self.timeout,
        )

    def _decided_by_worker(
        self, key: tuple[str, str], future: Future[tuple[bool, float]], found: Extract, outcome: Outcome
    ) -> Verdict:
        status, seconds = "scored", self.timeout
        try:
            equal, seconds = future.result()
            outcome = outcome._replace(equal=equal, rule="sympy")
            self._outcomes[key] = outcome
        except DeadlineExceeded:
            outcome, status = outcome._replace(equal=False, rule="timeout"), "timeout"
            self._outcomes[key] = outcome  # asked again in this run, it gets the same answer at once
        except NoWorker as error:
            return self.failed(error)
        except Exception:  # the worker's parser refused it, ran out of memory, or crashed on it
            outcome = outcome._replace(equal=False, rule="worker failed")
        return _verdict(found, outcome, seconds, status)


def _verdict(found: Extract, outcome: Outcome | None, seconds: float, status: Any = "scored") -> Verdict:
    if outcome is None:
        return Verdict(None, "skipped", "unusable gold", seconds=seconds)
    evidence = {"answer": found.text, "where": found.where, "gold": outcome.gold_form, "form": outcome.form}
    if outcome.rule == "timeout":
        status = "timeout"
    if not found.text and found.where in _MISSING:
        return Verdict(0.0, status, found.where, {"gold": outcome.gold_form}, seconds)
    return Verdict(1.0 if outcome.equal else 0.0, status, outcome.rule, evidence, seconds)


def _weight_of_gold(gold: Any, reading: Reading | None) -> int:
    """About the bytes of a gold answer as read: a node of its tree for every other character."""
    return 100 * len(gold) + 500


def _weight_of_outcome(key: Any, outcome: Outcome) -> int:
    return 500 + 4 * sum(map(len, (*key, outcome.gold_form, outcome.form)))


def _broken(gold_form: str, error: Exception) -> Outcome:
    """The outcome for an answer on which the judge itself broke; it is told, and it is no way to abstain."""
    _LOG.warning("MathJudge broke on an answer and scored it 0: %s: %.200s", type(error).__name__, error)
    return Outcome(False, "judge broke", gold_form, type(error).__name__)


def _written(gold: Any) -> str:
    """The gold answer of a row as text; empty for a missing one (None, NaN) and for what is no text or number."""
    return str(gold) if isinstance(gold, (str, Real)) and gold == gold else ""
