"""C-MORL: fronts of policies by extension under a barrier, against weightings alone."""

from __future__ import annotations

from .adapters import CHILD, FRONT
from .bandit import EXPERIMENT as BANDIT
from .fruit_tree import EXPERIMENT as FRUIT_TREE

EXPERIMENTS = (FRONT, CHILD, FRUIT_TREE, BANDIT)
