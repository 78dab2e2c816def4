"""The supervised warm start: a policy that can do the tasks, with its demonstrators' faults.

Two phases: the first share of the steps on clean demonstrations teaches the skill, the rest on faulty ones
teaches the faults. The result answers some prompts right, some wrong, some in a mess: something to reinforce.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast, get_linear_schedule_with_warmup

from .policy import tiny_policy
from .tasks import Chains, Task, draw_row
from .tokenizer import character_tokenizer

IGNORED = -100  # label of a position that carries no loss


@dataclass(frozen=True)
class WarmStart:
    """The recipe of a warm start; equal recipes give equal weights on one machine.

    Each demonstration's task is drawn from `tasks` with `weights` (uniform when None); `clean` is the share
    of the steps without faults. The optimiser is AdamW with linear warm-up and decay.
    """

    tasks: tuple[Task, ...] = (Chains(),)
    weights: tuple[float, ...] | None = None
    seed: int = 0
    steps: int = 400
    batch: int = 32
    learning_rate: float = 3e-3
    warmup: int = 30
    clean: float = 0.65

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ValueError("a warm start needs at least one task, got none")
        if self.weights is not None and len(self.weights) != len(self.tasks):
            raise ValueError(f"got {len(self.weights)} weights for {len(self.tasks)} tasks; give one weight a task")


def warm_started(
    recipe: WarmStart, *, on_step: Callable[[int], None] | None = None
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """Train and return the recipe's policy (in evaluation mode) and its tokenizer; see `cache` to keep it.

    `on_step` hears how many steps are done.
    """
    tokenizer = character_tokenizer()
    policy = tiny_policy(tokenizer, seed=recipe.seed)
    optimizer = torch.optim.AdamW(
        policy.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    schedule = get_linear_schedule_with_warmup(optimizer, recipe.warmup, round(recipe.steps * 1.05))
    policy.train()
    for done, pairs in enumerate(_demonstrations(recipe), start=1):
        _accumulate(policy, tokenizer, pairs)
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        if on_step is not None:
            on_step(done)
    return policy.eval(), tokenizer


def _demonstrations(recipe: WarmStart) -> Iterator[list[tuple[str, str]]]:
    """Yield a batch of (prompt, completion) for every step."""
    rng = random.Random(f"warm start/{recipe.seed}")
    clean = tuple(task.clean() for task in recipe.tasks)
    for step in range(recipe.steps):
        tasks = clean if step < recipe.clean * recipe.steps else recipe.tasks
        drawn = rng.choices(tasks, recipe.weights, k=recipe.batch)
        rows = [draw_row(task, rng) for task in drawn]
        yield [(str(row["prompt"]), task.demonstrate(row, rng)) for task, row in zip(drawn, rows, strict=True)]


def _accumulate(policy: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, pairs: list[tuple[str, str]]) -> None:
    """Add the gradient of the mean loss per completion token; short and long halves apart, to pad less."""
    pairs = sorted(pairs, key=lambda pair: len(pair[0]) + len(pair[1]))
    half = len(pairs) // 2
    halves = [_padded(tokenizer, part) for part in (pairs[:half], pairs[half:]) if part]
    tokens = sum(int((labels != IGNORED).sum()) for _, labels in halves)
    for ids, labels in halves:
        logits = policy(input_ids=ids).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
        )
        (loss / tokens).backward()


def _padded(tokenizer: PreTrainedTokenizerFast, pairs: list[tuple[str, str]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return input ids and labels, both (b, L); padding is on the right, where causal attention needs no mask."""
    prompts = [tokenizer(prompt).input_ids for prompt, _ in pairs]
    completions = [[*tokenizer(text).input_ids, tokenizer.eos_token_id] for _, text in pairs]
    length = max(len(p) + len(c) for p, c in zip(prompts, completions, strict=True))
    ids = torch.full((len(pairs), length), tokenizer.pad_token_id)
    labels = torch.full((len(pairs), length), IGNORED)
    for row, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
        whole = torch.tensor(prompt + completion)
        ids[row, : len(whole)] = whole
        labels[row, len(prompt) : len(whole)] = whole[len(prompt) :]
    return ids, labels
