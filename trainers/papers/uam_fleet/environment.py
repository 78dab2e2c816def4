"""The simulator as a gymnasium environment with masks."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from ....judges.fleet import FleetDay, FleetWorld, Scenario
from .observation import Observer

REWARD_UNIT = 20.0  # dollars
DAYS = 2**31  # training days are drawn from 0 to here: a day with a number below 0 is never trained on


class FleetEnv(gymnasium.Env):
    """An episode is a day, a step the decision of one aircraft, the reward its profit in units of $20.

    env = FleetEnv(FleetWorld.mini())
    observation, info = env.reset(options={"day": -1})      # without `day` one is drawn

    The observation's "mask", also `action_masks()`, says which vertiports are allowed.

    Args:
        masked: False tells nobody what is allowed, and lets an aircraft that is sent where it may not fly stay: for
            an ablation. Otherwise such an action is a ValueError.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - gymnasium's own form

    def __init__(self, world: FleetWorld | None = None, *, masked: bool = True) -> None:
        self.world = world or FleetWorld.mini()
        self.masked = masked
        self.observer = Observer(self.world, masked=masked)
        self.observation_space = self.observer.space
        self.action_space = spaces.Discrete(self.world.vertiports)
        self.day: FleetDay | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Begin a day: `options["day"]`, or one that is drawn."""
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(DAYS))
        self.day = FleetDay(Scenario(self.world, int((options or {}).get("day", drawn))))
        self._seen = self.observer(self.day)
        return self._seen, {}

    def step(self, action: int) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """Take a decision; the observation after the last one is that before it, for nothing is left to see.

        Raises:
            ValueError: the action is not allowed, or the day is over.
        """
        if self.day is None:
            raise ValueError("call reset before step")
        destination = int(action)
        if not self.masked and not self.day.mask()[destination]:
            destination = self.day.aircraft.place
        profit = self.day.decide(destination)
        if not self.day.over:
            self._seen = self.observer(self.day)
        return self._seen, profit / REWARD_UNIT, self.day.over, False, {}

    def action_masks(self) -> np.ndarray:
        """`(N,)` booleans, under the name that sb3-contrib asks for."""
        return self._seen["mask"].astype(bool)
