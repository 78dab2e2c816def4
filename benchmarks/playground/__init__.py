"""A policy, tasks and warm starts small enough for two processor cores, so that every claim can be tried.

    recipe = WarmStart(tasks=(Chains(),), seed=0)
    policy, tokenizer = load_warm_start(cached_warm_start(recipe))
    rows = draw_rows(Chains(), 1500, seed=0)
    train(policy, tokenizer, reward, rows, Plan(steps=70), objective=GRPO)

The policy is a real `transformers` model trained by the same trainers as any other; `load_checkpoint` and
`load_rows` put a real one and real data in its place. Plots are in `plot`, which needs matplotlib.
"""

from .cache import cache_directory, cached_warm_start, is_cached, load_warm_start
from .checkpoint import instructed, load_checkpoint
from .data import hold_out, load_rows
from .exact import probability_right
from .heldout import HeldOut, Measurement
from .policy import tiny_policy
from .record import RunRecord
from .sampling import sample_completions
from .setups import Setup, playground_setup, real_setup
from .tasks import Arithmetic, Chains, Pairs, Records, Row, Task, draw_rows
from .tokenizer import character_tokenizer, check_alphabet
from .training import Plan, train
from .warmstart import WarmStart, warm_started

__all__ = [
    "Arithmetic",
    "Chains",
    "HeldOut",
    "Measurement",
    "Pairs",
    "Plan",
    "Records",
    "Row",
    "RunRecord",
    "Setup",
    "Task",
    "WarmStart",
    "cache_directory",
    "cached_warm_start",
    "character_tokenizer",
    "check_alphabet",
    "draw_rows",
    "hold_out",
    "instructed",
    "is_cached",
    "load_checkpoint",
    "load_rows",
    "load_warm_start",
    "playground_setup",
    "probability_right",
    "real_setup",
    "sample_completions",
    "tiny_policy",
    "train",
    "warm_started",
]
