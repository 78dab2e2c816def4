"""Judges make preferences: sample candidates, judge them, pair them, and keep the verdicts."""

from __future__ import annotations

import json
import logging
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from .candidates import Candidates, Generate, Row, distinct, encodable, name_of
from .progress import bar, summary
from .rating import Preference, Rate, Sheet, rating
from .selection import pairs_of
from .settings import Select, Settings
from .shards import Chunk, Folder, Memory, digest
from .table import dataset_of

logger = logging.getLogger("jurybox")


def preferences(
    dataset: Iterable[Row],
    reward: Any,
    *,
    generate: Generate | str,
    k: int = 8,
    select: Select = "best_worst",
    beta: float = 0.5,
    keep: int | None = None,
    min_margin: float = 0.0,
    both_orders: bool = True,
    merge_duplicates: bool = True,
    prompt: str = "prompt",
    columns: Sequence[str] = (),
    seed: int = 0,
    chunk: int = 64,
    output: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Any:
    """A `datasets.Dataset` of chosen and rejected completions, in TRL's preference format, with the verdicts.

    >>> from jurybox.judges import MathJudge
    >>> rows = [{"prompt": "1 + 1?", "solution": "2"}]
    >>> pairs = preferences(rows, MathJudge(), generate=lambda prompts, k: [["3", "so 2"] for _ in prompts])
    >>> pairs[0]["chosen"], pairs[0]["rejected"]
    ('so 2', '3')

    Columns: prompt, chosen, rejected; chosen_score, rejected_score; chosen_verdict, rejected_verdict (JSON); row (the
    place in `dataset`); candidates (how many different ones there were).

    Args:
        dataset: rows with a prompt (text or messages): a data set, streaming or not, or any iterable of mappings.
        reward: a judge, a composed reward, a TRL reward function; or a judge of two answers (a `PairwiseJudge`, or
            anything with `compare(prompt, a, b)`, the probability that a beats b). What it abstains on is in no pair.
        generate: a function (prompts, k) -> k completions for each prompt, such as `ModelGenerator`, given `seeds` as
            well if it takes them; or the name of a column that has candidates already.
        k: candidates a prompt; of a column, all there are.
        select: "best_worst", one pair a prompt; "first_round", each candidate in one pair, met at random;
            "tournament", winners meet again; "rso", rejection sampling and then a first round; "rso_tournament".
        beta, keep: rejection sampling's temperature β and how many candidates it keeps (by default an eighth, at
            least 2).
        min_margin: scores that differ by no more are tied, and ties are no pair. Where two are compared, the scores
            are the win probabilities of both.
        both_orders: compare in both orders and average, which cancels a preference for a place.
        merge_duplicates: equal texts are one candidate.
        prompt: the column that has the prompt. columns: others to carry along.
        seed: of all that is random, row by row.
        chunk: rows that are generated, judged and written at once.
        output: a folder to write to as it goes. The same call again goes on after the last whole chunk, and gives
            what a run without interruption gives, if `generate` is repeatable.
        progress: a bar on stderr; by default on a terminal.

    Raises:
        ValueError: an option without meaning, a folder begun with other settings or other rows.
        TypeError: `reward` or `generate` is nothing that can be used, a candidate is neither text nor messages.
        KeyError: a row lacks a column.
    """
    if isinstance(dataset, Mapping) or not isinstance(dataset, Iterable):
        raise TypeError(f"give one data set of rows (a split, not a mapping of splits), not {type(dataset).__name__}")
    settings = Settings(
        k=k,
        select=select,
        beta=beta,
        keep=keep,
        min_margin=min_margin,
        both_orders=both_orders,
        merge_duplicates=merge_duplicates,
        prompt=prompt,
        columns=_names(columns),
        seed=seed,
        chunk=chunk,
    )
    if settings.rejects and callable(generate) and settings.kept_of(k) >= k:
        raise ValueError(f"keep={settings.kept_of(k)} of k={k} candidates rejects none: sample more, or keep fewer")
    source = Candidates(generate)
    store: Memory = Memory()
    if output is not None:
        made_by = {"reward": name_of(reward), "generate": repr(source)}
        store = Folder(Path(output), {**asdict(settings), **made_by})
    maker = _Maker(settings, source, rating(reward, both_orders))
    return _made(dataset, maker, store, progress)


def _made(dataset: Iterable[Row], maker: _Maker, store: Memory, shown: bool | None) -> Any:
    """Make what is missing, chunk by chunk, then the data set of all."""
    tally, count = Counter[str](), 0
    total = len(dataset) if isinstance(dataset, Sized) else None
    with bar(total, shown) as show:
        for count, rows in enumerate(_chunks(dataset, maker.settings.chunk), start=1):
            tally.update(_chunk(count - 1, rows, maker, store).tally)
            show(tally)
    made = dataset_of(lambda: (chunk.pairs for chunk in store.read(count)), store.finish(tally))
    made.info.description = summary(tally)
    logger.info("preferences: %s", summary(tally))
    return made


def _chunk(index: int, rows: Sequence[Row], maker: _Maker, store: Memory) -> Chunk:
    """A chunk from the store, or made and put there."""
    fingerprint = digest(rows)
    chunk = store.load(index)
    if chunk is None:
        chunk = maker.make(index * maker.settings.chunk, rows, fingerprint)
        store.save(index, chunk)
    elif chunk.digest != fingerprint:
        first = index * maker.settings.chunk
        raise ValueError(
            f"rows {first} to {first + len(rows) - 1} are not those that the folder was begun with: "
            "give the same data set, or another folder"
        )
    return chunk


def _chunks(dataset: Iterable[Row], size: int) -> Iterator[list[Row]]:
    rows = iter(dataset)
    while chunk := list(islice(rows, size)):
        yield chunk


@dataclass(frozen=True)
class _Maker:
    """Makes the pairs of some rows."""

    settings: Settings
    candidates: Candidates
    rate: Rate

    def make(self, first: int, rows: Sequence[Row], fingerprint: str) -> Chunk:
        """The chunk of the rows from number `first` on."""
        settings = self.settings
        prompts = [encodable(_column(row, settings.prompt, first + place)) for place, row in enumerate(rows)]
        rngs = [random.Random(f"{settings.seed}/{first + place}") for place in range(len(rows))]
        seeds = [rng.getrandbits(32) for rng in rngs]
        given = self.candidates.of(rows, prompts, settings.k, seeds)
        different = [distinct(several) if settings.merge_duplicates else several for several in given]
        tally = Counter({"prompts": len(rows), "candidates": sum(map(len, given)), "pairs": 0})
        tally["duplicates"] = sum(map(len, given)) - sum(map(len, different))
        sheets = [Sheet(*each) for each in zip(prompts, different, rows, strict=True)]
        pairs = []
        for place, found in enumerate(pairs_of(self.rate(sheets, rngs), settings, rngs, tally)):
            number, sheet = first + place, sheets[place]
            extra = {name: encodable(_column(sheet.columns, name, number)) for name in settings.columns}
            pairs += [_pair(sheet, preference, number) | extra for preference in found]
        return Chunk(fingerprint, tally, pairs)


def _pair(sheet: Sheet, preference: Preference, row: int) -> dict[str, Any]:
    """A row of the data set to be."""
    return {
        "prompt": sheet.prompt,
        "chosen": sheet.candidates[preference.winner],
        "rejected": sheet.candidates[preference.loser],
        "chosen_score": preference.chosen_score,
        "rejected_score": preference.rejected_score,
        "chosen_verdict": json.dumps(encodable(preference.chosen_verdict), ensure_ascii=False),
        "rejected_verdict": json.dumps(encodable(preference.rejected_verdict), ensure_ascii=False),
        "row": row,
        "candidates": len(sheet.candidates),
    }


def _names(columns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(columns, str):
        raise ValueError(f"columns={columns!r}: give a list of names")
    return tuple(columns)


def _column(row: Row, name: str, number: int) -> Any:
    if name not in row:
        raise KeyError(f"row {number} has no column {name!r}; it has: {', '.join(sorted(row))}")
    return row[name]
