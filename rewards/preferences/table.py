"""Pairs as a `datasets.Dataset`, written row group by row group, so that they need not fit into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def dataset_of(chunks: Callable[[], Iterable[Rows]], path: Path | None) -> Any:
    """The rows of all chunks as a data set; on disk and memory-mapped when there is a path.

    chunks: called twice, once for the types of columns: a list may be empty, or a value missing, in one chunk only.
    """
    import pyarrow
    from datasets import Dataset

    if path is None:
        memory = pyarrow.BufferOutputStream()
        _write(memory, chunks)
        return Dataset.from_buffer(memory.getvalue())
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with pyarrow.OSFile(str(draft), "wb") as file:
        _write(file, chunks)
    draft.replace(path)
    return Dataset.from_file(str(path))


def _write(sink: Any, chunks: Callable[[], Iterable[Rows]]) -> None:
    import pyarrow

    schema = _schema(chunks())
    with pyarrow.ipc.new_stream(sink, schema) as writer:
        for rows in chunks():
            writer.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema))


def _schema(chunks: Iterable[Rows]) -> Any:
    """The columns and types of all rows; a column without any value is text."""
    import pyarrow

    text, number, whole = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
    schema = pyarrow.schema(
        {
            "prompt": pyarrow.null(),
            "chosen": pyarrow.null(),
            "rejected": pyarrow.null(),
            "chosen_score": number,
            "rejected_score": number,
            "chosen_verdict": text,
            "rejected_verdict": text,
            "row": whole,
            "candidates": whole,
        }
    )
    for rows in chunks:
        found = pyarrow.Table.from_pylist(list(rows)).schema if rows else pyarrow.schema([])
        schema = pyarrow.unify_schemas([schema, found], promote_options="permissive")
    return pyarrow.schema([(field.name, text if field.type == pyarrow.null() else field.type) for field in schema])
