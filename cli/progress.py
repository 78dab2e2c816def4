"""A progress bar over a file, on the terminal only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(total: int | None) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with (position of `total`, rows done); it draws on stderr when that is a terminal.

    `total` is None where nobody knows it: a pipe, a compressed file.

    The length of the work is the size of the file: counting its rows first would read it twice.
    """
    if not sys.stderr.isatty():
        yield lambda position, rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]} rows"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, rows=0)
        yield lambda position, rows: bar.update(task, completed=position, rows=rows)
