"""A front that is done: policies with their values, on disk and in a picture, and which of them a preference gets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .hypervolume import hypervolume
from .metrics import assign_policy, expected_utility, sparsity
from .points import Points, as_points, as_reference

P = TypeVar("P")
Q = TypeVar("Q")

FILE = "front.json"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class FrontPolicy(Generic[P]):
    """A policy of the front.

    value: `(m,)`. origin: how it came about, plain data: the weights of stage 1, or whose child it is.
    """

    value: Points
    policy: P
    origin: Mapping[str, Any] = field(default_factory=dict)


class Front(Generic[P]):
    """Policies none of which dominates another, sorted by the first objective.

        front.assign([0.3, 0.7])                        # the policy that serves a preference best
        front.save("front", write)                      # front.json, and what `write(policy, path)` makes of each
        Front.load("front", read)                       # read(path) gives the policy back

    Args:
        policies: at least one.
        objectives: the m names.
        ref_point: `(m,)`, of the hypervolume.
    """

    def __init__(self, policies: Sequence[FrontPolicy[P]], objectives: Sequence[str], ref_point: ArrayLike) -> None:
        self.objectives, self.ref_point = tuple(objectives), as_reference(ref_point)
        if len(self.objectives) != len(self.ref_point):
            raise ValueError(f"{len(self.objectives)} objectives and a ref_point of {len(self.ref_point)} numbers")
        if not policies:
            raise ValueError("a front has at least one policy: every one was below ref_point")
        self.values = as_points(np.array([each.value for each in policies]), len(self.ref_point))
        self.policies = list(policies)

    def __len__(self) -> int:
        return len(self.policies)

    def assign(self, weights: ArrayLike) -> P:
        """The policy with the greatest weighted value; the first of equal ones.

        weights: `(m,)`, not negative, summing to 1.
        """
        return self.policies[int(assign_policy(self.values, weights)[0])].policy

    @property
    def metrics(self) -> dict[str, float]:
        """Hypervolume, expected utility, sparsity, and the number of policies."""
        return {
            "hypervolume": hypervolume(self.values, self.ref_point),
            "expected_utility": expected_utility(self.values),
            "sparsity": sparsity(self.values),
            "policies": float(len(self)),
        }

    def save(self, folder: str | Path, write: Callable[[P, Path], object]) -> None:
        """Write `front.json` and beside it each policy, under the path that `write` is given."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        listed = []
        for place, each in enumerate(self.policies):
            name = f"policy-{place:03d}"
            write(each.policy, folder / name)
            listed.append({"value": each.value.tolist(), "policy": name, "origin": dict(each.origin)})
        document = {
            "format": FORMAT,
            "objectives": self.objectives,
            "ref_point": self.ref_point.tolist(),
            "metrics": self.metrics,
            "policies": listed,
        }
        (folder / FILE).write_text(json.dumps(document, indent=1), encoding="utf-8")

    @staticmethod
    def load(folder: str | Path, read: Callable[[Path], Q]) -> Front[Q]:
        """The front of a folder that `save` wrote.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it has another format.
        """
        path = Path(folder) / FILE
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("format") != FORMAT:
            raise ValueError(f"{path} has format {document.get('format')}, expected {FORMAT}")
        policies = [
            FrontPolicy(np.array(each["value"]), read(path.parent / each["policy"]), each["origin"])
            for each in document["policies"]
        ]
        return Front(policies, document["objectives"], document["ref_point"])

    def draw(self, path: str | Path, beside: Mapping[str, ArrayLike] | None = None) -> None:
        """A picture: two objectives as a plane, more as a line for each policy across them.

        beside: label -> `(k, m)` other points, such as stage 1's.
        """
        from .picture import draw_front

        draw_front({**(beside or {}), "front": self.values}, self.objectives, Path(path))
