"""Rows to verdicts, a batch at a time."""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from time import perf_counter

from ..judges import Judge, Verdict
from ..rewards import Explanation, Reward
from ..rewards.explanation import tree
from ..rewards.rows import evaluate_rows
from .mistakes import Mistake, told
from .rows import Row, Rows

BATCH_BYTES = 64 << 20
START_SECONDS, SENDING_SECONDS = 1.0, 0.002  # what starting a worker process costs, and sending it a row, amply
TRIED = 16  # rows judged before it is decided
LARGEST_GROUP = 4096  # rows of one prompt that are kept together for a judge that compares them


def batches(rows: Iterable[Row], size: int, prompt: str, grouped: bool) -> Iterator[list[Row]]:
    """Batches of about `size` rows and bounded bytes; with `grouped`, neighbours with one prompt stay together."""
    batch: list[Row] = []
    start = 0
    for row in rows:
        full = len(batch) >= size or row.end - start > BATCH_BYTES
        if batch and full and not (grouped and len(batch) < LARGEST_GROUP and _same_prompt(batch[-1], row, prompt)):
            yield batch
            batch, start = [], batch[-1].end
        batch.append(row)
    if batch:
        yield batch


def _same_prompt(one: Row, other: Row, prompt: str) -> bool:
    return prompt in one.columns and one.columns[prompt] == other.columns.get(prompt)


def is_grouped(reward: Reward) -> bool:
    """Whether some judge compares the completions of one prompt."""
    return any(getattr(getattr(node, "judge", None), "kind", "") == "group" for node in reward.walk())


def judge_rows(source: Rows, rows: Sequence[Row]) -> list[tuple[Row, Verdict | None]]:
    """The rows with their verdicts, in order; None for one that cannot be judged, which then says its error.

    A row that the reward refuses (tests in no known form, a rule that there is not) costs itself only.

    Raises:
        Mistake: the reward itself broke (a wrong number of results, a judge that cannot be sent to a worker).
    """
    units = _units(source, [row for row in rows if not row.error])
    judged = {row.number: (row, verdict) for row, verdict in _judged(source, units)}
    return [judged.get(row.number, (row, None)) for row in rows]


def _units(source: Rows, rows: Sequence[Row]) -> list[list[Row]]:
    """What has to be judged together: neighbours of one prompt where a judge compares them, else single rows."""
    grouped = is_grouped(source.reward)
    units: list[list[Row]] = []
    for row in rows:
        if grouped and units and _same_prompt(units[-1][-1], row, source.prompt):
            units[-1].append(row)
        else:
            units.append([row])
    return units


def _judged(source: Rows, units: Sequence[list[Row]]) -> list[tuple[Row, Verdict | None]]:
    """All at once; where that is refused, by halves, until the unit that is to blame is alone."""
    rows = [row for unit in units for row in unit]
    if not rows:
        return []
    try:
        return list(zip(rows, _evaluate(source, rows), strict=True))
    except (TypeError, ValueError) as error:
        if len(units) == 1:
            return [(replace(row, error=refusal(error)), None) for row in rows]
    except Exception as error:  # a judge isolates its rows, so this is about the reward as a whole
        raise Mistake(f"judging rows {rows[0].number} to {rows[-1].number} raised {told(error)}") from error
    middle = len(units) // 2
    return [*_judged(source, units[:middle]), *_judged(source, units[middle:])]


def refusal(error: Exception) -> str:
    """Why a reward refuses a row, without the row's number within its batch."""
    return re.sub(r"^row \d+: ", "", str(error)) or type(error).__name__


def explain(source: Rows, row: Row) -> Explanation:
    """The tree of verdicts on one row."""
    verdict = _evaluate(source, [row])[0]
    return Explanation(tree(verdict, source.reward.name, repr(source.reward)), verdict)


def _evaluate(source: Rows, rows: Sequence[Row]) -> list[Verdict]:
    columns = [row.columns for row in rows]
    return evaluate_rows(source.reward, columns, source.completion, source.prompt)


class Workers:
    """Judges batches, in `count` processes once that pays: started when the judge has shown to be slow enough.

    To start a process and to send rows there and back costs time too, so a judge that takes less than that a row stays
    here, and so does one that uses all cores by itself; one that has an executor of its own keeps it.

    >>> with Workers(1) as workers:
    ...     workers.judge_rows  # doctest: +ELLIPSIS
    <bound method ...>
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None
        self._sent: list[Judge] = []
        self._seconds = 0.0  # spent here so far
        self._rows = 0

    def judge_rows(self, source: Rows, rows: Sequence[Row]) -> list[tuple[Row, Verdict | None]]:
        """As `judge_rows` above; raises what it raises."""
        judged: list[tuple[Row, Verdict | None]] = []
        while len(judged) < len(rows):
            rest = rows[len(judged) :]
            some = rest[:TRIED] if self._is_trying and not is_grouped(source.reward) else rest
            start = perf_counter()
            judged += judge_rows(source, some)
            self._seconds, self._rows = self._seconds + perf_counter() - start, self._rows + len(some)
            if self._is_trying and self._seconds > max(START_SECONDS, self._rows * SENDING_SECONDS):
                self._start(source.reward)
        return judged

    @property
    def started(self) -> bool:
        """Whether there are worker processes."""
        return self._pool is not None

    @property
    def _is_trying(self) -> bool:
        return self.count > 1 and not self.started

    def _start(self, reward: Reward) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(self.count, mp_context=spawn, initializer=_share_cores, initargs=(self.count,))
        self._sent = [judge for judge in _row_judges(reward) if judge.executor is None and not judge.uses_all_cores]
        for judge in self._sent:
            judge.executor = self._pool

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for judge in self._sent:
            judge.executor = None
        if self._pool is not None:
            self._pool.shutdown()


def _row_judges(reward: Reward) -> list[Judge]:
    judges = (getattr(node, "judge", None) for node in reward.walk())
    return [judge for judge in judges if judge is not None and getattr(judge, "kind", "row") == "row"]


def _share_cores(count: int) -> None:
    """Each worker counts on its share of the cores for killable processes of its own."""
    os.environ["LOCAL_WORLD_SIZE"] = str(count * int(os.environ.get("LOCAL_WORLD_SIZE") or 1))
