"""Observations and parameters of distributions that are tensors, or dicts and tuples of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

Tree = Any  # Tensor | dict[str, Tree] | tuple[Tree, ...]; arrays instead of tensors where the environment speaks


def tree_map(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """The function on every leaf, with the leaves of the others in the same place.

    >>> tree_map(len, {"a": torch.zeros(3), "b": (torch.zeros(2),)})
    {'a': 3, 'b': (2,)}
    """
    if isinstance(tree, dict):
        return {name: tree_map(function, leaf, *(other[name] for other in others)) for name, leaf in tree.items()}
    if isinstance(tree, tuple):
        return tuple(tree_map(function, *leaves) for leaves in zip(tree, *others, strict=True))
    return function(tree, *others)


def as_tensors(observation: Tree, device: torch.device) -> Tree:
    """Arrays as tensors that a network takes: floats in torch's default type, integers as long (bytes stay bytes)."""

    def one(array: Any) -> Tensor:
        tensor = torch.as_tensor(np.asarray(array))
        if tensor.is_floating_point():
            return tensor.to(device, torch.get_default_dtype(), copy=True)
        kept = tensor.dtype in (torch.bool, torch.uint8)
        return tensor.to(device, tensor.dtype if kept else torch.long, copy=True)

    return tree_map(one, observation)


def stack(trees: Sequence[Tree]) -> Tree:
    """One tree whose leaves have a first axis more."""
    return tree_map(lambda *leaves: torch.stack(leaves), *trees)


def concatenate(trees: Sequence[Tree]) -> Tree:
    """One tree whose leaves have the rows of all."""
    return tree_map(lambda *leaves: torch.cat(leaves), *trees)


def rows(tree: Tree, index: Any) -> Tree:
    """The same tree of some rows of every leaf."""
    return tree_map(lambda leaf: leaf[index], tree)


def merge_axes(tree: Tree) -> Tree:
    """`(T, E, …)` to `(T · E, …)`."""
    return tree_map(lambda leaf: leaf.flatten(0, 1), tree)
