"""DPO on the proxy's preferences between completions of the warm start: as many completions as the others draw."""

from collections.abc import Callable, Mapping
from itertools import islice

from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import DPOConfig, DPOTrainer

from ..fitting import StepListener, fit
from ..sampling import sample_completions
from .reward_model import Proxy
from .world import NEW_TOKENS, World

PAIRS_A_STEP, BETA, LEARNING_RATE = 32, 0.1, 1e-4


def train_dpo(
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    world: World,
    proxy: Proxy,
    *,
    seed: int,
    steps: int,
    listen: Callable[[int, Mapping[str, float]], None],
) -> list[dict[str, float]]:
    """Train the policy in place with TRL's DPO; returns every step's log."""
    pairs = preferred_pairs(policy, tokenizer, world, proxy, count=steps * PAIRS_A_STEP, seed=seed)
    settings = {
        "max_steps": steps,
        "seed": seed,
        "beta": BETA,
        "per_device_train_batch_size": PAIRS_A_STEP,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "constant_with_warmup",
        "warmup_steps": 5,
    }
    return fit(DPOTrainer, DPOConfig, policy, tokenizer, pairs, settings, callbacks=[StepListener(listen)])


def preferred_pairs(
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    world: World,
    proxy: Proxy,
    *,
    count: int,
    seed: int,
) -> list[dict[str, str]]:
    """Two completions for each of `count` prompts, the one that the proxy prefers first; equal ones are left out."""
    rounds = -(-count // len(world.rows))
    prompts = [str(row["prompt"]) for row in islice(world.rows * rounds, count)]
    drawn = sample_completions(policy, tokenizer, prompts * 2, new_tokens=NEW_TOKENS, seed=seed, batch=256)
    pairs = []
    for prompt, one, other in zip(prompts, drawn[:count], drawn[count:], strict=True):
        first, second = proxy([prompt + one, prompt + other])
        if one != other:
            better, worse = (one, other) if first >= second else (other, one)
            pairs.append({"prompt": prompt, "chosen": better, "rejected": worse})
    return pairs
