"""C-MORL: fronts of policies by extension under a barrier, against weightings alone."""

from __future__ import annotations

from .bandit import EXPERIMENT as BANDIT

EXPERIMENTS = (BANDIT,)
