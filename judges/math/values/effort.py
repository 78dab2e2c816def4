"""A budget of work for one comparison, counted in steps of about ten microseconds, the same on every machine.

Nested sums and integrals multiply; what a short answer can ask for has no bound. When the budget is spent the cheap
rules give up and the question goes to the worker, which has a deadline.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .expr import Undecidable

STEPS = 16_000  # about 0.1 s of the calling process


class _Budget(threading.local):
    left: float = float("inf")


_budget = _Budget()


@contextmanager
def limited(steps: int = STEPS) -> Iterator[None]:
    """Everything in this block together may spend so many steps."""
    before, _budget.left = _budget.left, float(steps)
    try:
        yield
    finally:
        _budget.left = before


def spend(steps: float) -> None:
    """Count work before it is done.

    Raises:
        Undecidable: the budget is spent.
    """
    _budget.left -= max(steps, 0.0)  # nothing earns any back
    if _budget.left < 0:
        raise Undecidable("more work than the calling process may do")
