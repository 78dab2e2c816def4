"""Does the completion keep to the form that was asked for?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Self

from .judge import Judge
from .patterns import affordable, degree
from .sample import Sample
from .verdict import Verdict
from .workers.pool import DeadlineExceeded, NoWorker, WorkerDied, shared_pool

_NAME = re.compile(r"[A-Za-z_][\w.-]*")


class FormatJudge(Judge):
    """Scores 1 when the completion has the form, else 0.

    >>> FormatJudge().verdict("<think>2+3</think> 5").passed
    True
    >>> FormatJudge.tags("think", "answer").verdict("<think>2+3</think> 5")
    Verdict(0.0, 'tag missing', tag='<answer>')
    >>> FormatJudge(pattern=r"Answer: \\d+").verdict("Answer: 42, I think").reason
    'no match'

    `FormatJudge()` asks for one ``<think>…</think>`` at the beginning and an answer behind it; `FormatJudge.tags`
    for exactly these tags in this order, each once, with nothing but white space outside; `pattern` for a regular
    expression that matches the *whole* completion (write ``[\\s\\S]*`` or pass `re.DOTALL` to go over lines).

    A pattern that could take long on the completion at hand (its syntax tree tells, see `patterns.degree`) runs in
    a worker process that is killed at the deadline. Such patterns are not refused when the judge is built, because
    ``.*<think>.*</think>.*`` is one, and harmless on most texts.

    Reasons: "form kept", "tag missing", "tag out of place", "text outside", "no answer", "no match", "timeout"
    (score 0: the completion made the pattern take too long).

    Args:
        pattern: a regular expression, instead of tags.
        tags: the tags that make up the completion; None for the default form.
        opened: whether the prompt's template has already opened the first tag.
        flags: of `re`, for `pattern`.
        timeout: seconds for a pattern that may take long.
    """

    reads = "text"

    def __init__(
        self,
        pattern: str | None = None,
        *,
        tags: Sequence[str] | None = None,
        opened: bool = False,
        flags: int = 0,
        timeout: float = 1.0,
    ) -> None:
        if pattern is not None and (tags is not None or opened):
            raise ValueError("give either a pattern or tags, not both")
        if isinstance(tags, str) or (tags is not None and not tags):
            raise ValueError(f"tags are a list of names, such as ['think', 'answer'], not {tags!r}")
        for tag in tags or ():
            if not _NAME.fullmatch(tag) or list(tags or ()).count(tag) > 1:
                raise ValueError(f"a tag is a name like 'think' and stands once, not {tag!r}")
        if not timeout > 0.0:
            raise ValueError(f"timeout is a positive number of seconds, not {timeout!r}")
        self.pattern = pattern
        self.timeout = timeout
        self.flags = int(flags)
        self.closed_form = tags is not None  # nothing may stand outside the tags
        names = ["think"] if tags is None else list(tags)
        self.marks = [mark for name in names for mark in (f"<{name}>", f"</{name}>")][int(opened) :]
        self._any_mark = re.compile("|".join(f"</?{re.escape(name)}>" for name in names))
        if pattern is not None:
            try:
                re.compile(pattern, self.flags)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
            self.power = degree(pattern, self.flags, search=False)

    @classmethod
    def tags(cls, *names: str, opened: bool = False) -> Self:
        """A judge that asks for exactly these tags, in this order, each once, and nothing outside them."""
        return cls(tags=names, opened=opened)

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        if self.pattern is None:
            return [self._isolated(sample) for sample in samples]
        begun = [self._begun(sample.text) for sample in samples]
        return [self._finished(self._verdict(matched), 0.0) for matched in begun]

    def _begun(self, text: str) -> bool | Future[bool]:
        assert self.pattern is not None
        if affordable(self.power, len(text)):
            return matches(self.pattern, self.flags, text)
        pool = shared_pool(preload=(__package__,))
        return pool.submit(matches, self.pattern, self.flags, text, timeout=self.timeout)

    def _verdict(self, matched: bool | Future[bool]) -> Verdict:
        try:
            kept = matched.result() if isinstance(matched, Future) else matched
        except NoWorker as error:
            return self.failed(error)
        except (DeadlineExceeded, WorkerDied, MemoryError) as error:
            return Verdict(0.0, "timeout", "timeout", {"pattern": self.pattern, "error": str(error)})
        return Verdict(1.0, reason="form kept") if kept else Verdict(0.0, reason="no match")

    def _judge(self, sample: Sample) -> Verdict:
        text, end = sample.text, 0
        found = list(self._any_mark.finditer(text))
        for mark, here in zip(self.marks, found, strict=False):
            if here.group() != mark:
                return self._misplaced(mark, here, found)
            if self._outside(mark, text, end, here.start()):
                return Verdict(0.0, reason="text outside", evidence={"offset": end, "before": mark})
            end = here.end()
        if len(found) != len(self.marks):
            missing = len(found) < len(self.marks)
            tag = self.marks[len(found)] if missing else found[len(self.marks)].group()
            return Verdict(0.0, reason="tag missing" if missing else "tag out of place", evidence={"tag": tag})
        rest = bool(text[end:].strip())
        if self.closed_form and rest:
            return Verdict(0.0, reason="text outside", evidence={"offset": end})
        if not self.closed_form and not rest:
            return Verdict(0.0, reason="no answer")
        return Verdict(1.0, reason="form kept")

    def _misplaced(self, mark: str, here: re.Match[str], found: list[re.Match[str]]) -> Verdict:
        if all(other.group() != mark for other in found):
            return Verdict(0.0, reason="tag missing", evidence={"tag": mark})
        return Verdict(0.0, reason="tag out of place", evidence={"tag": here.group(), "offset": here.start()})

    @staticmethod
    def _outside(mark: str, text: str, start: int, end: int) -> bool:
        """Whether something stands before an opening tag; inside a pair anything may."""
        return not mark.startswith("</") and bool(text[start:end].strip())


def matches(pattern: str, flags: int, text: str) -> bool:
    """Whether the pattern matches the whole text."""
    return re.fullmatch(pattern, text, flags) is not None
