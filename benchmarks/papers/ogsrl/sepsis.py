"""ICU-Sepsis: 713 kinds of patients clustered from MIMIC-III, 25 doses, and exact answers about any policy.

A dose that no clinician is on record with in a state ("inadmissible") kills: that is the package's strategy
"terminate". Its default makes such a dose act like the average of the admissible ones, which is harmless.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ....judges.guardian import MinMax
from ....trainers.papers.ogsrl.records import Records

HORIZON = 20
DEATH, SURVIVAL = 713, 714
SEVERE = 10  # a SOFA score above it costs
FEATURES = 13


class Sepsis:
    """The true system. `P`: `(S · A, S)` transitions. `clinicians`: `(S, A)`, on admissible doses only."""

    def __init__(self) -> None:
        import icu_sepsis.envs as sepsis  # warns about an old package that it imports

        env = sepsis.ICUSepsisEnv(inadmissible_action_strategy="terminate")
        self.states, self.actions = env.num_states, env.num_actions
        admissible = np.zeros((self.states, self.actions), bool)
        for state, doses in enumerate(env._admissible_actions):
            admissible[state, list(doses)] = True
        P = env._tx_mat.astype(np.float32)
        P[~admissible] = np.eye(self.states, dtype=np.float32)[DEATH]
        self.P = P.reshape(-1, self.states)
        self.first = env._d_0
        self.clinicians = restricted(env._expert_policy, admissible)
        # The package has SOFA 0 for death: a cost that counts SOFA alone would make dying look safe.
        self.cost = (env._sofa_scores > SEVERE).astype(float)
        self.cost[DEATH:] = 0.0
        self.cost[DEATH] = 1.0
        self.features = components(env.state_cluster_centers)
        levels = np.arange(self.actions)
        side = round(self.actions**0.5)
        self.doses = np.stack([levels // side, levels % side], axis=1) / (side - 1) * 2 - 1

    def in_truth(self, policy: NDArray, outside: NDArray) -> dict[str, float]:
        """Of a policy `(S, A)`, exactly: survival within the horizon, an episode's cost, its steps outside `(S, A)`."""
        living, totals = self.first.copy(), {"survival": 0.0, "cost": 0.0, "outside": 0.0}
        for _ in range(HORIZON):
            joint = living[:, None] * policy
            living = (joint.reshape(-1).astype(np.float32) @ self.P).astype(float)
            totals["survival"] += living[SURVIVAL]
            totals["cost"] += living @ self.cost
            totals["outside"] += (joint * outside).sum()
            living[DEATH:] = 0.0
        return {name: float(value) for name, value in totals.items()}

    def recorded(self, trajectories: int, seed: int) -> tuple[Records, NDArray]:
        """What clinicians did and what came of it; and the first states."""
        rng = np.random.default_rng(seed)
        starts = state = rng.choice(self.states, trajectories, p=self.first)
        steps = []
        for _ in range(HORIZON):
            action = drawn(self.clinicians[state], rng)
            new = drawn(self.P[state * self.actions + action], rng)
            over = new >= DEATH
            steps.append(Records(state, action, new, (new == SURVIVAL).astype(float), self.cost[new], over))
            state = new[~over]
        parts = zip(*(vars(step).values() for step in steps), strict=True)
        return Records(*map(np.concatenate, parts)), starts


@cache
def sepsis() -> Sepsis:
    """Loaded once in a process."""
    return Sepsis()


def restricted(policy: NDArray, admissible: NDArray) -> NDArray:
    """On admissible doses; evenly on all of them in a state where it would use none."""
    kept = np.where(admissible, policy, 0.0)
    kept = np.where(kept.sum(1, keepdims=True) > 0, kept, admissible.astype(float))
    total = kept.sum(1, keepdims=True)
    even = np.full_like(kept, 1 / kept.shape[1])  # of states in which nothing is done any more
    return np.where(total > 0, kept / np.where(total > 0, total, 1.0), even)


def components(centres: NDArray) -> NDArray:
    """`(S, FEATURES)` principal components of the standardised centres of the states, in [-1, 1]."""
    spread = centres.std(0)
    standard = (centres - centres.mean(0)) / np.where(spread > 0, spread, 1.0)
    _, _, directions = np.linalg.svd(standard, full_matrices=False)
    along = standard @ directions[:FEATURES].T
    return MinMax.fit(along)(along)


def drawn(probabilities: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
    """`(m,)` one of each row of `(m, n)`."""
    edges = probabilities.astype(float).cumsum(1)
    return (rng.random((len(edges), 1)) * edges[:, -1:] >= edges).sum(1)
