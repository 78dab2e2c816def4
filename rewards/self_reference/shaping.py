"""SRPO's reward, on vectors: 1 for a success, below the cap for a failure, more the nearer it is to the successes.

    d_i = min_k ‖h_i − c_k‖                                  c_k: centres of the successes of the same task
    n_i = (d_i − min d) / (max d − min d)                    over the failures of the task; ½ where all are equal
    r_i = cap · σ(steepness · (offset − n_i))                "minmax", as the released code has it
    r_i = cap · σ(−(d_i − mean d) / std d)                   "zscore", as the paper has it; σ(0) where all are equal
    r_i = 1 for a success,  0 without any success of the task

Trap: the paper prints σ of the z-score itself, which would pay those farthest away.

"SRPO: Self-Referential Policy Optimization for Vision-Language-Action Models", arXiv 2511.15605.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from .centres import Eps, Floats, check_clustering, success_centres

Normalizer = Literal["minmax", "zscore"]
CAPS: dict[str, float] = {"minmax": 0.6, "zscore": 0.8}  # the code's and the paper's
LARGEST = 1e100  # squares of larger numbers overflow: no distance can be measured


@dataclass(frozen=True, eq=False)
class SelfReferenced:
    """One value a rollout, None where there is none.

    rewards: None without a usable vector. distance_to_success: d of failures that have references.
    normalized_distance: their n, with "minmax".
    """

    rewards: list[float | None]
    distance_to_success: list[float | None]
    normalized_distance: list[float | None]


def self_reference_reward(
    embeddings: Sequence[Any],
    success: Sequence[bool],
    task_ids: Sequence[Hashable],
    *,
    normalizer: Normalizer = "minmax",
    cap: float | None = None,
    eps: Eps = 0.5,
    min_samples: int = 2,
    standardize: bool = True,
    steepness: float = 10.0,
    offset: float = 0.5,
    range_tol: float = 1e-6,
    std_tol: float = 1e-6,
    ddof: int = 0,
    zero_is_invalid: bool = True,
    l2_normalize: bool = False,
) -> SelfReferenced:
    """The rewards of a batch of rollouts.

    >>> batch = [[1.0, 0.0], [1.0, 1.0], [4.0, 0.5], [7.0, 0.5]]
    >>> self_reference_reward(batch, [True, True, False, False], [0] * 4).distance_to_success
    [None, None, 3.0, 6.0]

    embeddings: a vector of D numbers for each rollout; None or one that is not finite is no vector, has no reward and
    is no reference. task_ids: rollouts with the same share references. cap: what no failure reaches; by default 0.6
    with "minmax" and 0.8 with "zscore". eps, min_samples, standardize: see `success_centres`. range_tol, std_tol: the
    spread of distances below which all count as equal. zero_is_invalid: the released code's rule that a zero vector
    earns 0, success or not. l2_normalize: measure vectors of length 1.

    Raises:
        ValueError: lengths or sizes of vectors that differ, or an option out of its range.
    """
    cap = CAPS.get(normalizer, 0.5) if cap is None else cap
    check_shaping(normalizer, cap, eps, min_samples, ddof)
    if not len(embeddings) == len(success) == len(task_ids):
        raise ValueError(f"{len(embeddings)} embeddings, {len(success)} successes and {len(task_ids)} task_ids")
    vectors = usable(embeddings)
    nothing: list[float | None] = [None] * len(vectors)
    said = SelfReferenced([None if vector is None else 0.0 for vector in vectors], nothing, nothing.copy())
    tasks: dict[Hashable, list[int]] = {}
    for place, vector in enumerate(vectors):
        if vector is not None and (vector.any() or not zero_is_invalid):
            tasks.setdefault(task_ids[place], []).append(place)
    for places in tasks.values():
        right = [place for place in places if success[place]]
        wrong = [place for place in places if not success[place]]
        for place in right:
            said.rewards[place] = 1.0
        if not right or not wrong:
            continue
        references, others = (_rows(vectors, chosen, l2_normalize) for chosen in (right, wrong))
        centres = success_centres(references, eps, min_samples, standardize).centres
        distance = np.linalg.norm(others[:, None] - centres, axis=-1).min(axis=1)
        if normalizer == "minmax":
            normalized = _minmax(distance, range_tol)
            progress = steepness * (offset - normalized)
            _fill(said.normalized_distance, wrong, normalized)
        else:
            progress = -_zscore(distance, std_tol, ddof)
        _fill(said.distance_to_success, wrong, distance)
        _fill(said.rewards, wrong, cap * (1 + np.tanh(progress / 2)) / 2)  # the sigmoid, without an overflow
    return said


def check_shaping(normalizer: str, cap: float, eps: Eps, min_samples: int, ddof: int = 0) -> None:
    """Raise ValueError unless every option is in its range."""
    if normalizer not in get_args(Normalizer):
        raise ValueError(f"normalizer must be {' or '.join(map(repr, get_args(Normalizer)))}, not {normalizer!r}")
    if not 0 < cap < 1:
        raise ValueError(f"cap={cap}: give what no failure reaches, above 0 and below 1, which a success earns")
    if ddof not in (0, 1):
        raise ValueError(f"ddof={ddof}: give 1 (sample standard deviation) or 0 (population)")
    check_clustering(eps, min_samples)


def usable(embeddings: Sequence[Any]) -> list[Floats | None]:
    """Each as a vector of float64, None where it is none or has a number that cannot be measured.

    Raises:
        ValueError: their sizes differ, or one is not a vector.
    """
    vectors = [None if vector is None else np.asarray(vector, dtype=np.float64) for vector in embeddings]
    shapes = {vector.shape for vector in vectors if vector is not None}
    if len(shapes) > 1 or any(len(shape) != 1 or not shape[0] for shape in shapes):
        raise ValueError(f"embeddings must be vectors of one size, not {sorted(shapes)}")
    return [vector if vector is not None and (np.abs(vector) <= LARGEST).all() else None for vector in vectors]


def _rows(vectors: Sequence[Floats | None], places: Sequence[int], l2_normalize: bool) -> Floats:
    rows = np.stack([vector for place in places if (vector := vectors[place]) is not None])
    if not l2_normalize:
        return rows
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)


def _minmax(distance: Floats, tolerance: float) -> Floats:
    spread = distance.max() - distance.min()
    return np.full_like(distance, 0.5) if spread < tolerance else (distance - distance.min()) / spread


def _zscore(distance: Floats, tolerance: float, ddof: int) -> Floats:
    std = distance.std(ddof=ddof) if len(distance) > ddof else 0.0
    return np.zeros_like(distance) if std < tolerance else (distance - distance.mean()) / std


def _fill(column: list[float | None], places: Sequence[int], values: Floats) -> None:
    for place, value in zip(places, values.tolist(), strict=True):
        column[place] = value
