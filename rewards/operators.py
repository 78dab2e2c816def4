"""Python's operators on rewards. What each one builds is in `algebra.py`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..judges.composable import Composable

if TYPE_CHECKING:
    from .reward import Reward
    from .transform import Clip, Scale, Schedule


class Operators(Composable):
    """Makes a node an operand. The nodes need this class and the algebra needs the nodes, so it is looked up late."""

    @staticmethod
    def _algebra() -> ModuleType:
        return importlib.import_module(".algebra", __package__)

    def as_reward(self) -> Any:
        """Itself."""
        return self

    def __add__(self, other: Any) -> Reward:
        return self._algebra().add(self, other)  # type: ignore[no-any-return]

    __radd__ = __add__

    def __sub__(self, other: Any) -> Reward:
        return self._algebra().subtract(self, other)  # type: ignore[no-any-return]

    def __rsub__(self, other: Any) -> Reward:
        return -self + other  # type: ignore[no-any-return]

    def __mul__(self, other: Any) -> Reward:
        return self._algebra().multiply(self, other)  # type: ignore[no-any-return]

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Reward:
        return self._algebra().divide(self, other)  # type: ignore[no-any-return]

    def __neg__(self) -> Reward:
        return self * -1.0

    def __and__(self, other: Any) -> Reward:
        return self._algebra().both(self, other)  # type: ignore[no-any-return]

    def __or__(self, other: Any) -> Reward:
        return self._algebra().either(self, other)  # type: ignore[no-any-return]

    def __invert__(self) -> Reward:
        return self._algebra().Not(self)  # type: ignore[no-any-return]

    def gate(self, *judges: Any, otherwise: float = 0.0) -> Reward:
        """This where every judge passes, else the number `otherwise`; see `Gate`."""
        return self._algebra().gate(self, judges, otherwise)  # type: ignore[no-any-return]

    def clip(self, low: float, high: float) -> Clip:
        """This, kept within [low, high]."""
        return self._algebra().Clip(self, low, high)  # type: ignore[no-any-return]

    def scale(self, low: float, high: float | None = None) -> Scale:
        """This with 0 mapped to `low` and 1 to `high`; like `range`, one argument means from 0."""
        low, high = (0.0, low) if high is None else (low, high)
        return self._algebra().Scale(self, low, high)  # type: ignore[no-any-return]

    def schedule(self, weight: Callable[[int], float]) -> Schedule:
        """This times a weight that follows the optimizer step; see `Schedule`, `Linear` and `Cosine`."""
        return self._algebra().Schedule(self, weight)  # type: ignore[no-any-return]

    def standardize(self, name: str) -> Reward:
        """This brought to mean 0 and standard deviation 1 by its own history; see `Standardized`."""
        return self._algebra().standardize(self, name)  # type: ignore[no-any-return]
