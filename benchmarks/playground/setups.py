"""Everything a run needs, put together: the playground's own, or a real checkpoint and real data by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from .cache import cached_warm_start, load_warm_start
from .checkpoint import instructed, load_checkpoint
from .data import hold_out, load_rows
from .tasks import Chains, Row, draw_rows
from .training import Plan
from .warmstart import WarmStart

TRAINING_ROWS, HELD_OUT_ROWS = 1500, 256
REAL_HELD_OUT_ROWS = 64  # a real checkpoint takes its time over each
LONGEST_CHAIN = 48  # characters of a tagged, boxed answer that thinks once about the longest problem
CHAINS = "chains of two to four single-digit sums"
REAL_PLAN = Plan(prompts=2, new_tokens=512, learning_rate=2e-6)


@dataclass(frozen=True)
class Setup:
    """A policy with its tokenizer, rows to train on, rows held out, and a plan.

    `characters` is the length from which a completion counts as too long; `policy_name` and `data_name` say
    in words what they are.
    """

    policy: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    rows: list[Row]
    held_out: list[Row]
    plan: Plan
    characters: int
    policy_name: str
    data_name: str


def playground_setup(
    *, seed: int = 0, steps: int = 70, recipe: WarmStart | None = None, on_step: Callable[[int], None] | None = None
) -> Setup:
    """Return the warm-started policy and the chains it was started on; `on_step` hears the warm start's steps."""
    task, recipe = Chains(), recipe or WarmStart(seed=seed)
    plan = Plan(steps=steps, new_tokens=task.new_tokens, seed=seed)
    policy, tokenizer = load_warm_start(cached_warm_start(recipe, on_step=on_step))
    return Setup(
        policy=policy,
        tokenizer=tokenizer,
        rows=draw_rows(task, TRAINING_ROWS, seed=seed),
        held_out=draw_rows(task, HELD_OUT_ROWS, seed=seed, split="held-out"),
        plan=plan,
        characters=LONGEST_CHAIN,
        policy_name=f"playground policy of {policy.num_parameters():,} parameters",
        data_name=CHAINS,
    )


def real_setup(
    model: str, dataset: str | None, *, split: str = "train", device: str = "cpu", plan: Plan = REAL_PLAN
) -> Setup:
    """Return a checkpoint by name or path with a data set by name or path, or with chains when there is none."""
    policy, tokenizer = load_checkpoint(model, device=device)
    if dataset is None:
        rows = draw_rows(Chains(), TRAINING_ROWS, seed=plan.seed)
        held_out = draw_rows(Chains(), REAL_HELD_OUT_ROWS, seed=plan.seed, split="held-out")
    else:
        rows, held_out = hold_out(load_rows(dataset, split=split), most=REAL_HELD_OUT_ROWS)
    return Setup(
        policy=policy,
        tokenizer=tokenizer,
        rows=instructed(rows, tokenizer),
        held_out=instructed(held_out, tokenizer),
        plan=replace(plan, device=device),
        characters=3 * plan.new_tokens,  # three quarters of the room, at four characters a token
        policy_name=model,
        data_name=dataset or CHAINS,
    )
