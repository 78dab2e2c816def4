"""Pairs on disk: a file for each chunk of rows, all of it or nothing, and a manifest of how they were made.

manifest.json        settings, reward, generator
shard-000000.json    the pairs of the first chunk, what was dropped, and a digest of its rows
pairs.arrow          all pairs, for `datasets`
summary.json         what was made and what was dropped
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class Chunk:
    """What some rows gave.

    Attributes:
        digest: of the rows.
        tally: what was counted.
        pairs: rows of the data set to be.
    """

    digest: str
    tally: Mapping[str, int]
    pairs: Sequence[Mapping[str, Any]]


class Memory:
    """Chunks that are kept nowhere else."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []

    def load(self, index: int) -> Chunk | None:
        """The chunk, when it is there already."""
        return None

    def save(self, index: int, chunk: Chunk) -> None:
        """Keep a chunk."""
        self._chunks.append(chunk)

    def read(self, count: int) -> Iterator[Chunk]:
        """The first so many chunks, in order."""
        return iter(self._chunks)

    def finish(self, tally: Counter[str]) -> Path | None:
        """Keep the summary; returns where to put the data set, if anywhere."""
        return None


class Folder(Memory):
    """Chunks in a folder, for a run that may be killed.

    Raises:
        ValueError: the folder was begun with other settings, which are named.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        wanted = json.loads(json.dumps({"version": VERSION, **manifest}))
        file = path / "manifest.json"
        if file.exists():
            _require_same(path, json.loads(file.read_text(encoding="utf-8")), wanted)
        elif any(path.glob("shard-*.json")):
            raise ValueError(f"{path} has shards and no manifest of how they were made: give another folder")
        else:
            write_whole(file, json.dumps(wanted, indent=1).encode())

    def _shard(self, index: int) -> Path:
        return self.path / f"shard-{index:06d}.json"

    def load(self, index: int) -> Chunk | None:
        try:
            return Chunk(**json.loads(self._shard(index).read_bytes()))
        except FileNotFoundError:
            return None

    def save(self, index: int, chunk: Chunk) -> None:
        data = {"digest": chunk.digest, "tally": dict(chunk.tally), "pairs": list(chunk.pairs)}
        write_whole(self._shard(index), json.dumps(data, ensure_ascii=False).encode())

    def read(self, count: int) -> Iterator[Chunk]:
        for index in range(count):
            chunk = self.load(index)
            if chunk is None:
                raise FileNotFoundError(f"{self._shard(index)} was taken away")
            yield chunk

    def finish(self, tally: Counter[str]) -> Path:
        write_whole(self.path / "summary.json", json.dumps(tally, indent=1).encode())
        return self.path / "pairs.arrow"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that whoever looks, also after a power cut, sees all of it or none."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """What tells these rows from others: their plain values (an image, say, has no part in it)."""
    state = hashlib.sha256()
    for row in rows:
        for name in sorted(row):
            try:
                state.update(json.dumps([name, row[name]], sort_keys=True).encode())
            except TypeError:
                state.update(json.dumps([name]).encode())
    return state.hexdigest()


def _require_same(path: Path, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name in sorted(there.keys() | wanted.keys()):
        if there.get(name) != wanted.get(name):
            raise ValueError(
                f"{path} was begun with {name}={there.get(name)!r}, not {wanted.get(name)!r}: a data set is made in "
                "one way; use the settings of the folder, or give another one"
            )
