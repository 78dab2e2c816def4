"""BGPO's config, objective and trainer."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...grpo import grpo_advantages
from ...seam import Batch, Chain, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout
from ...seam.objective import Advantages, Metrics, Part
from .bound import LARGEST_GAIN, bound_terms, clipped_terms, require_clip
from .canvas import Canvas
from .elbo import stratified_masks
from .network import mask_token, masked_elbo, require_bidirectional, switch_off_dropout


@dataclass
class BGPOConfig(ObjectiveConfig):
    """The hyperparameters of the paper, and TRL's with the values of its recipe.

    A step of the paper is 16 prompts of 8 responses.

    Raises:
        ValueError: a hyperparameter outside its range, or a setting of TRL's that would be ignored.
    """

    fixed: ClassVar[Mapping[str, Any]] = {
        "loss_type": "grpo",
        "importance_sampling_level": "token",
        "epsilon": 0.2,
        "epsilon_high": None,
        "delta": None,
        "multi_objective_aggregation": "sum_then_normalize",
        "disable_dropout": True,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": None,
        "repetition_penalty": 1.0,
        "generation_kwargs": None,
        "cache_implementation": None,
    }

    num_maskings: int = field(
        default=16, metadata={"help": "n_t: maskings of a response; memory does not depend on it."}
    )
    clip: list[float] | None = field(
        default=None,
        metadata={"help": "None: the paper's bound. [ε_low, ε_high, c]: the clip of its released code, [0.2, 0.2, 3]."},
    )
    block_length: int = field(
        default=32, metadata={"help": "Tokens of a block of the canvas, which are filled together."}
    )
    diffusion_steps: int | None = field(
        default=None, metadata={"help": "Forward passes to fill a canvas in training. Default: half its length."}
    )
    eval_diffusion_steps: int | None = field(
        default=None, metadata={"help": "The same in evaluation. Default: one a token."}
    )
    mask_token_id: int | None = field(
        default=None, metadata={"help": "The mask token, where neither the model's config nor the tokenizer names it."}
    )

    loss_type: str = field(default="grpo", metadata={"help": "A mean over responses."})
    beta: float = field(default=0.0, metadata={"help": "No KL."})
    temperature: float = field(default=0.6, metadata={"help": "Of sampling."})
    learning_rate: float = field(default=5e-7, metadata={"help": "Of AdamW."})
    weight_decay: float = field(default=0.01, metadata={"help": "Of AdamW."})
    max_completion_length: int | None = field(default=512, metadata={"help": "Tokens of a canvas: of every response."})
    disable_dropout: bool = field(default=True, metadata={"help": "Old and new ℓ must not differ by chance."})
    router_aux_loss_coef: float | None = field(default=0.0, metadata={"help": "No loss of a mixture's router."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_maskings < 1:
            raise ValueError(f"num_maskings={self.num_maskings}: give 1 or more")
        if self.clip is not None:
            if len(self.clip) != 3:
                raise ValueError(f"clip={self.clip}: give None, or [eps_low, eps_high, c]")
            require_clip(*self.clip)
        for training in (True, False):
            self.canvas(training)

    def canvas(self, training: bool) -> Canvas:
        """How responses are drawn."""
        length = self.max_completion_length
        if length is None:
            raise ValueError("max_completion_length=None: a canvas has a length")
        steps = self.diffusion_steps if training else self.eval_diffusion_steps
        block = min(self.block_length, length)
        default = max(length // 2, -(-length // block)) if training else length
        return Canvas(length, block, default if steps is None else steps, self.temperature)


class BGPO(Objective):
    """The bound, a masking at a time, of responses that are drawn on a canvas.

    Attributes:
        mask_id: the mask token; the trainer finds it.
    """

    causal = False
    generates_in_evaluation = True
    average = "rows"
    mask_id: int

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        """Fill a canvas for each; the answer is what stands before its first end token, and all of it is learnt."""
        config = self.config
        rows = config.per_device_train_batch_size if policy.training else config.per_device_eval_batch_size
        prompts = [chain.prompt_ids for chain in chains]
        filled = config.canvas(policy.training).fill(
            policy.model, prompts, self.mask_id, policy.tokenizer.pad_token_id, rows
        )
        for chain, ids in zip(chains, filled, strict=True):
            chain.add(ids)
            chain.answer = next((place + 1 for place, token in enumerate(ids) if token in chain.end_ids), len(ids))

    def advantages(self, rollout: Rollout) -> Advantages:
        """GRPO's; with each row's maskings `(B, n, T)`, weight, and old ℓ `(B, n)` where the policy will move."""
        advantages = grpo_advantages(rollout.scores, rollout.group_ids, self.config.scale_rewards)
        there = rollout.gather(rollout.mask.any(1).to(advantages))
        masks = self.maskings(rollout)
        columns = {"advantages": advantages, "masks": masks, "weight": there / there.mean().clamp(min=1e-9)}
        if rollout.training and self._moves:
            columns["old_elbo"] = self._old_elbo(rollout, masks)
        return columns

    def maskings(self, rollout: Rollout) -> Tensor:
        """`(B, n, T)` booleans: which tokens each masking hides, among those of the loss; none of an empty row.

        They depend on the seed, the step, the row and what it says alone: on no split over processes, and a resumed run
        draws the same.
        """
        tokens = rollout.mask.bool().cpu()
        masks = torch.zeros(len(tokens), self.config.num_maskings, tokens.size(1), dtype=torch.bool)
        for row, (ids, own) in enumerate(zip(rollout.completion_ids.cpu(), tokens, strict=True)):
            if own.any():
                said = zlib.crc32(ids[own].numpy().tobytes())
                seed = f"{self.config.seed}/{rollout.step}/{rollout.first_row + row}/{said}"
                generator = torch.Generator().manual_seed(random.Random(seed).getrandbits(63))
                masks[row, :, own] = stratified_masks(int(own.sum()), self.config.num_maskings, generator)
        return masks.to(rollout.mask.device)

    @property
    def _moves(self) -> bool:
        """Whether the policy moves between drawing and the last update; else old ℓ is new ℓ."""
        config = self.config
        return bool(config.gradient_accumulation_steps % (config.steps_per_generation * config.num_iterations))

    @torch.no_grad()
    def _old_elbo(self, rollout: Rollout, masks: Tensor) -> Tensor:
        """`(B, n)` ℓ under the policy that drew."""
        tensors = (
            rollout.prompt_ids, rollout.prompt_mask, rollout.completion_ids, rollout.completion_mask, masks,
        )  # fmt: skip
        size = self.config.per_device_train_batch_size
        blocks = []
        for prompts, prompt_mask, canvases, canvas_mask, hidden in zip(*(x.split(size) for x in tensors), strict=True):
            each = [
                masked_elbo(rollout.model, prompts, prompt_mask, canvases, canvas_mask, one, self.mask_id)
                for one in hidden.unbind(1)
            ]
            blocks.append(torch.stack(each, 1))
        return torch.cat(blocks)

    def loss(self, batch: Batch) -> list[Part]:
        """One part a masking: −(1/n)·mean_B g_j, responses without a token left out of B."""
        return [partial(self._masking, batch, number) for number in range(self.config.num_maskings)]

    def _masking(self, batch: Batch, number: int) -> tuple[Tensor, Metrics]:
        hidden, A = batch["masks"][:, number], batch.advantages.squeeze(1)
        new = masked_elbo(
            batch.model,
            batch.prompt_ids,
            batch.prompt_mask,
            batch.completion_ids,
            batch.completion_mask,
            hidden,
            self.mask_id,
        )
        old = batch["old_elbo"][:, number] if "old_elbo" in batch.columns else new.detach()
        gain = new - old
        losses = -bound_terms(gain, A) if self.config.clip is None else clipped_terms(gain, A, *self.config.clip)
        loss = (losses * batch["weight"]).mean() / self.config.num_maskings
        there = hidden.any(1)
        measured = {"elbo": new, "gain": gain, "gain_max": gain, "overflow": ((A < 0) & (gain > LARGEST_GAIN)).float()}
        return loss, {f"bgpo/{name}": value[there] for name, value in measured.items()}


class BGPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` for masked-diffusion language models, with BGPO's sampler and bound.

    Raises:
        ValueError: a model that is causal, or without a mask token.
    """

    objective_class = BGPO
    config_class = BGPOConfig
    policy_objective: BGPO

    def __init__(self, model: Any, *args: Any, **named: Any) -> None:
        super().__init__(model, *args, **named)
        switch_off_dropout(self.model)
        mask_id = mask_token(self.model, self._tokenizer, self.args.mask_token_id)
        require_bidirectional(self.model, mask_id, self._tokenizer.eos_token_id)
        self.policy_objective.mask_id = mask_id
