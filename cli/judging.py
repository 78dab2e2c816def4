"""Rows to verdicts, a batch at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from ..judges import Judge, Verdict
from ..judges.sample import samples_of
from ..rewards import Explanation, Reward
from ..rewards.batch import Batch
from ..rewards.explanation import tree
from .mistakes import Mistake, told
from .rows import Row, Rows, needed

BATCH_BYTES = 64 << 20
LARGEST_GROUP = 4096  # rows of one prompt that are kept together for a judge that compares them
HANDED_OVER_APART = ("prompt", "completion")  # as TRL does: these are no columns


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


def judge_rows(source: Rows, rows: Sequence[Row]) -> list[Verdict | None]:
    """The verdicts on rows, in order; None for a row that cannot be judged.

    Raises:
        Mistake: the reward itself broke (a wrong number of results, a judge that cannot be sent to a worker).
    """
    fit = [row for row in rows if not row.error]
    try:
        verdicts = iter(_evaluate(source, fit) if fit else ())
    except Exception as error:  # a judge isolates its rows, so this is about the reward as a whole
        raise Mistake(f"judging rows {fit[0].number} to {fit[-1].number} raised {told(error)}") from error
    return [None if row.error else next(verdicts) for row in rows]


def explain(source: Rows, row: Row) -> Explanation:
    """The tree of verdicts on one row."""
    verdict = _evaluate(source, [row])[0]
    return Explanation(tree(source.reward, verdict), verdict)


def _evaluate(source: Rows, rows: Sequence[Row]) -> list[Verdict]:
    """Made of samples instead of keyword arguments, so that a column may have any name."""
    found = dict.fromkeys(name for row in rows for name in row.columns if name not in HANDED_OVER_APART)
    table = {name: [row.columns.get(name) for row in rows] for name in found | dict.fromkeys(needed(source.reward))}
    completions = [row.columns[source.completion] for row in rows]
    prompts = [row.columns.get(source.prompt) for row in rows]
    batch = Batch(samples_of(completions, prompts, table), tuple(table))
    return source.reward.evaluate(batch, range(len(rows)))


@contextlib.contextmanager
def workers(reward: Reward, count: int) -> Iterator[None]:
    """Within the block, judges of single rows work in `count` processes; one means this process.

    A judge that has an executor of its own keeps it.
    """
    if count == 1:
        yield
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=_share_cores, initargs=(count,)) as pool:
        sent = [judge for judge in _row_judges(reward) if judge.executor is None]
        for judge in sent:
            judge.executor = pool
        try:
            yield
        finally:
            for judge in sent:
                judge.executor = None


def _row_judges(reward: Reward) -> list[Judge]:
    judges = (getattr(node, "judge", None) for node in reward.walk())
    return [judge for judge in judges if judge is not None and getattr(judge, "kind", "row") == "row"]


def _share_cores(count: int) -> None:
    """Each worker counts on its share of the cores for killable processes of its own."""
    os.environ["LOCAL_WORLD_SIZE"] = str(count * int(os.environ.get("LOCAL_WORLD_SIZE") or 1))
