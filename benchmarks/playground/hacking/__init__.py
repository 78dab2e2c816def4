"""Reward hacking and its cure: two strata, a learned reward model that can be hacked, and judges that see it.

recipe = warm_start(seed=0)                          # a policy that is right half of the time
proxy = learned_proxy(seed=0)                        # a reward model that likes length and courtesy
world = World.made(seed=0)                           # prompts with their baseline answers, held-out prompts
train_method("crpg", world, steps=100, …)            # or "grpo", "codpo", "crraft", …
"""

from .checkup import Checkup, StratumCheck
from .judges import constraint, constraints, right
from .methods import METHODS, Method, MethodRun, train_method
from .preferences import Pair, draw_pairs
from .reward_model import Proxy, learned_proxy
from .world import STRATA, World, warm_start

__all__ = [
    "METHODS",
    "STRATA",
    "Checkup",
    "Method",
    "MethodRun",
    "Pair",
    "Proxy",
    "StratumCheck",
    "World",
    "constraint",
    "constraints",
    "draw_pairs",
    "learned_proxy",
    "right",
    "train_method",
    "warm_start",
]
