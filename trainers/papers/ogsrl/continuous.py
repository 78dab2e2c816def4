"""Model and guardian where states and actions are numbers: the nearest record, and a density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....judges.guardian import Ellipsoid, Kernel, MinMax, Region
from .neighbour import NearestNeighbour
from .records import Flags, Records


class NeighbourModel:
    """What comes of a state and an action is what came of the nearest recorded ones, scaled to [-1, 1]."""

    def __init__(self, records: Records) -> None:
        keys = _together(records.state, records.action)
        self.records, self.scale = records, MinMax.fit(keys)
        self.nearest = NearestNeighbour(self.scale(keys), records.next_state)

    def look_up(self, state: NDArray, action: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
        """`(m,)` record numbers; nothing is drawn."""
        return self.nearest(self.scale(_together(state, action))).index


class DensitySupport:
    """The guardian of states with actions, or of states alone, fitted on records that are scaled to [-1, 1].

    Args:
        region: "kernel" or "ellipsoid". alpha: the share of the records that is left outside.
        sigma: width of the kernel.
        states_only: whether actions are left out, for diagnosis: is a policy led astray by states or by doses?
    """

    def __init__(
        self,
        records: Records,
        *,
        region: str = "kernel",
        alpha: float = 0.05,
        sigma: float = 0.535,
        states_only: bool = False,
    ) -> None:
        if region not in ("kernel", "ellipsoid"):
            raise ValueError(f"region must be kernel or ellipsoid, not {region!r}")
        self.states_only = states_only
        rows = self._rows(records.state, records.action)
        self.scale = MinMax.fit(rows)
        scaled = self.scale(rows)
        self.region: Region = (
            Kernel(scaled, sigma=sigma, alpha=alpha) if region == "kernel" else Ellipsoid(scaled, alpha=alpha)
        )

    def outside(self, state: NDArray, action: NDArray) -> Flags:
        """`(m,)`; a feature that is not finite is outside."""
        return self.region.outside(self.scale(self._rows(state, action)))

    def _rows(self, state: NDArray, action: NDArray) -> NDArray:
        return np.asarray(state, np.float64) if self.states_only else _together(state, action)


def _together(state: NDArray, action: NDArray) -> NDArray:
    return np.column_stack([np.asarray(state, np.float64), np.asarray(action, np.float64)])
