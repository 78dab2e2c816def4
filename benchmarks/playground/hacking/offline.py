"""DPO on the proxy's preferences between completions of the warm start: as many completions as the others draw."""

import tempfile
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback
from trl import DPOConfig, DPOTrainer

from ..sampling import sample_completions
from .reward_model import Proxy
from .world import NEW_TOKENS, World

PAIRS_A_STEP, BETA, LEARNING_RATE = 32, 0.1, 1e-4


class _Listener(TrainerCallback):
    """Passes on what each step logged."""

    def __init__(self, listen: Callable[[int, Mapping[str, float]], None]) -> None:
        self.listen = listen

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.listen(state.global_step, logs)


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
    with tempfile.TemporaryDirectory() as output:
        config = DPOConfig(
            output_dir=output,
            max_steps=steps,
            beta=BETA,
            per_device_train_batch_size=PAIRS_A_STEP,
            learning_rate=LEARNING_RATE,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=5,
            seed=seed,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        data = Dataset.from_list(pairs)
        trainer = DPOTrainer(
            policy, args=config, train_dataset=data, processing_class=tokenizer, callbacks=[_Listener(listen)]
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return [entry for entry in trainer.state.log_history if "loss" in entry]


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
