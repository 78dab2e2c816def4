"""A language model on a server, or any function of messages, as a judge of two answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..llm import LLMJudge, Template
from ..llm.costs import Costs
from ..llm.reply import Complete, Decider
from ..thinking import answer_start
from ..verdict import Status, Verdict
from .pair import Pair, Place
from .pairwise_judge import PairwiseJudge

TEMPLATE = Path(__file__).with_name("templates") / "comparison.txt"
EMPTY = "(this response is empty)"


class PairwiseLLM(PairwiseJudge):
    """Asks a language model which of two responses is better, once in each order.

    >>> from jurybox.judges.llm import Scripted
    >>> judge = PairwiseLLM(Scripted("Both say hello.\\n1"))       # whatever it sees: the first is better
    >>> judge.verdicts([Pair("Greet me.", "hello", "hi")])[0].reason
    'orders disagree'

    A verdict counts 1 or 0, a tie ½. A model that is asked for probabilities (`LocalModel`) gives those of its labels.
    Everything else is as with `LLMJudge`, which does the asking: quotation of the answers as data, votes, cache,
    retries, deadline. Where either order fails, the pair abstains with the reason of `LLMJudge`; but a response with
    which the model gives no reply that can be read, or which is too long for it, while without it all is well, has
    lost.

    Args:
        complete: as in `LLMJudge`.
        template: a `Template`, its text or a path, with the holes `{{completion}}` for what is shown first and
            `{{other}}` for what is shown second. Its labels say how much the first wins by each.
        thinking: whether answers are shown with their thinking; an unfinished one is shown as an empty answer.
        options: for `LLMJudge`.

    Raises:
        ValueError: a template without `{{other}}`.
    """

    name = "pairwise_llm"

    def __init__(
        self,
        complete: Complete | Decider,
        template: str | Path | Template = TEMPLATE,
        *,
        thinking: bool = False,
        name: str = "pairwise_llm",
        **options: Any,
    ) -> None:
        loaded = Template.load(template)
        if "other" not in loaded.holes:
            raise ValueError("a template that compares needs {{completion}} and {{other}}: the second has no place")
        self.thinking = thinking
        self.name = name
        self.judge = _OfTwo(complete, loaded, thinking=True, name=name, **options)
        self.columns = tuple(column for column in self.judge.columns if column != "other")

    @property
    def costs(self) -> Costs:
        """What it did so far, as in `LLMJudge`."""
        return self.judge.costs

    def _first_wins(self, pairs: Sequence[Pair]) -> list[Verdict]:
        texts = [pair.texts() for pair in pairs]
        columns = {name: [pair.columns[name] for pair in pairs] for name in self.columns}
        said = self.judge.verdicts(
            [self._shown(first) for _, first, _ in texts],
            [prompt for prompt, _, _ in texts],
            other=[self._shown(second) for *_, second in texts],
            **columns,
        )
        return [self._probable(verdict, pair) for verdict, pair in zip(said, pairs, strict=True)]

    def _shown(self, text: str) -> str:
        start = 0 if self.thinking else answer_start(text)
        return EMPTY if start is None else text[start:].strip() or EMPTY

    def _probable(self, verdict: Verdict, pair: Pair) -> Verdict:
        """With the probabilities of the labels in place of the likeliest one, where they are known; a reply that one of
        the two has spoilt is lost by it."""
        if spoilt_by := verdict.evidence.get("spoilt_by"):
            places: list[Place] = ["first" if name == "completion" else "second" for name in spoilt_by]
            p_win = pair.lost_by(*places)
            status: Status = "error" if p_win is None else "scored"
            return verdict.replace(score=p_win, status=status, evidence={**verdict.evidence, "spoilt_by": places})
        probabilities: Mapping[str, float] = verdict.evidence.get("probabilities", {})
        worth = {label: value for label in probabilities if (value := self.judge.labels[label]) is not None}
        total = sum(probabilities[label] for label in worth)
        if verdict.score is None or not total > 0:
            return verdict
        return verdict.replace(score=sum(probabilities[label] * value for label, value in worth.items()) / total)

    def require(self, given: Iterable[str]) -> None:
        self.judge.require([*given, "other"])

    def close(self) -> None:
        self.judge.close()


class _OfTwo(LLMJudge):
    @property
    def suspects(self) -> tuple[str, ...]:
        return ("completion", "other")
