"""One golden case, with its inputs in the forms that adapters need.

    {"name", "function", "inputs": {…}, "params": {…}, "expected": {…}, "source", "tolerance"}

Infinities and NaN are written as strings; `null` is None, and NaN where it becomes part of a tensor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

SPELLED = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class Case:
    """A case as an adapter sees it.

    `case["rewards"]` is an input as plain data, `case.tensor("rewards")` the same as a float64 tensor whose gradient
    is known afterwards, `case.params` are the parameters.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.name: str = data["name"]
        self.function: str = data["function"]
        self.inputs: dict[str, Any] = decoded(data["inputs"])
        self.params: dict[str, Any] = decoded(data.get("params", {}))
        self.expected: Any = decoded(data["expected"])
        self.tolerance = float(data.get("tolerance", 1e-9))
        self.leaves: dict[str, Tensor] = {}

    def __getitem__(self, name: str) -> Any:
        return self.inputs[name]

    def tensor(self, *path: str, gradient: str = "") -> Tensor:
        """An input, or with several names one inside another, as a float64 tensor.

        gradient: what expected keys `grad_…` call it, if that is not its own (last) name.
        """
        value: Any = self.inputs
        for name in path:
            value = value[name]
        leaf = torch.tensor(_without_none(value), dtype=torch.float64, requires_grad=self._asks_for_gradients)
        self.leaves[gradient or path[-1]] = leaf
        return leaf

    def ids(self, name: str) -> Tensor:
        """An input of group names of any kind as whole numbers: equal names, equal numbers."""
        numbers: dict[Any, int] = {}
        return torch.tensor([numbers.setdefault(value, len(numbers)) for value in self.inputs[name]])

    @property
    def _asks_for_gradients(self) -> bool:
        return isinstance(self.expected, Mapping) and any(key.startswith("grad_") for key in self.expected)


def decoded(value: Any) -> Any:
    """Data with the spelled infinities and NaN as numbers."""
    if isinstance(value, str):
        return SPELLED.get(value, value)
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict):
        return {key: decoded(item) for key, item in value.items()}
    return value


def _without_none(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return math.nan if value is None else value
