"""What a trained policy thinks of an answer, token by token: a reward model that came with the training.

    β log π(y_t | x, y_<t) / π_ref(y_t | x, y_<t)

It says how much more likely training made a token. The policy may come from SFT as from DPO; the reference is what it
started from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from ....judges.pretrained import Pretrained
from .divergences import require_beta
from .values import TokenValues, token_q_v_reward

Average = Literal["sum", "mean"]
Row = tuple[list[int], list[int]]  # token ids of a prompt and of its completion


class ImplicitReward:
    """The implicit reward of completions: a TRL reward function, and a dense one with `tokens`.

        reward = ImplicitReward("out/sft", "base-model", beta=0.1)
        GRPOTrainer(model, reward, ...)
        reward.tokens(["2+2="], ["5"])                  # [tensor([-3.1, 0.2])]: which token is unlike a demonstration
        MathJudge() + 0.05 * Function(reward)           # as a part of any reward (Function is in jurybox.rewards)

    A completion is read as TRL's SFTTrainer reads it: text with the end-of-sequence token, messages through the chat
    template. A trainer's `completion_ids` are taken as they are. No score (None) for a completion without a token.

    Args:
        policy, reference: `transformers` models or names of them. Without a reference the policy is a PEFT model, and
            the reference is what it is without its adapter.
        tokenizer: of both, by default found by the policy's name.
        beta: β; it scales every reward.
        average: "sum" over a completion's tokens, β log π(y|x)/π_ref(y|x), which grows with length; or their "mean".
        batch_size: completions a forward pass; the logits of all their tokens are held at once.

    Raises:
        ValueError: β not positive, an unknown average, no reference for a model without an adapter.

    Trap: a policy that is given as an object and still training is asked as it is at that moment.
    """

    __name__ = "implicit_reward"

    beside_model = False  # its two models want the device of the one that is trained

    def __init__(
        self,
        policy: Any,
        reference: Any = None,
        tokenizer: Any = None,
        *,
        beta: float = 1.0,
        average: Average = "sum",
        batch_size: int = 4,
    ) -> None:
        require_beta(beta)
        if average not in get_args(Average):
            raise ValueError(f"average must be 'sum' or 'mean', not {average!r}")
        if reference is None and not hasattr(policy, "disable_adapter"):
            raise ValueError("give the model the policy started from as reference; only a PEFT model has it inside")
        self.beta, self.average, self.batch_size = beta, average, batch_size
        self.policy = _loaded(policy, tokenizer)
        self.tokenizer = self.policy.tokenizer
        self.reference = None if reference is None else _loaded(reference, self.tokenizer)

    def __call__(
        self, prompts: Sequence[Any], completions: Sequence[Any], completion_ids: Any = None, **_: Any
    ) -> list[float | None]:
        """TRL's protocol: β log π/π_ref of every completion."""
        found = self.tokens(prompts, completions, completion_ids)
        return [getattr(row, self.average)().item() if len(row) else None for row in found]

    def tokens(self, prompts: Sequence[Any], completions: Sequence[Any], completion_ids: Any = None) -> list[Tensor]:
        """The reward of every token, `(T,)` a completion."""
        return [row.implicit_reward_without_values for row in self.values(prompts, completions, completion_ids)]

    def values(
        self, prompts: Sequence[Any], completions: Sequence[Any], completion_ids: Any = None
    ) -> list[TokenValues]:
        """Rewards together with Q and V, one object a completion."""
        given = [None] * len(completions) if completion_ids is None else completion_ids
        rows = [self._row(*row) for row in zip(prompts, completions, given, strict=True)]
        batches = (rows[first : first + self.batch_size] for first in range(0, len(rows), self.batch_size))
        return [values for batch in batches for values in self._values(batch)]

    def _row(self, prompt: Any, completion: Any, completion_ids: Sequence[int] | None) -> Row:
        chat = not isinstance(prompt, str)
        asked = self._chat(prompt, add_generation_prompt=True) if chat else self._ids(prompt)
        if completion_ids is not None:
            return asked, list(completion_ids)
        if chat:
            whole = self._chat([*prompt, *completion])
        else:
            whole = [*self._ids(prompt + completion), self.tokenizer.eos_token_id]
        shared = next((t for t, pair in enumerate(zip(asked, whole, strict=False)) if pair[0] != pair[1]), len(asked))
        return whole[:shared], whole[shared:]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text)["input_ids"])

    def _chat(self, messages: Any, **options: Any) -> list[int]:
        return list(self.tokenizer.apply_chat_template(messages, return_dict=True, **options)["input_ids"])

    @torch.no_grad()
    def _values(self, rows: Sequence[Row]) -> list[TokenValues]:
        policy = self.policy.placed()
        mine = _logits(policy, rows)
        if self.reference is None:
            with policy.disable_adapter():
                theirs = _logits(policy, rows)
        else:
            theirs = _logits(self.reference.placed(), rows)
        return [self._of(row, mine[place], theirs[place]) for place, row in enumerate(rows)]

    def _of(self, row: Row, mine: Tensor, theirs: Tensor) -> TokenValues:
        prompt, completion = row
        ids = [*prompt, *completion]
        first = max(len(prompt), 1)  # nothing predicts the very first token
        predicts = slice(first - 1, max(len(ids) - 1, first - 1))
        taken = torch.tensor(ids[first:], dtype=torch.long, device=mine.device)
        return token_q_v_reward(mine[predicts].float(), theirs[predicts].to(mine.device).float(), taken, beta=self.beta)


def _loaded(model: Any, tokenizer: Any) -> Pretrained:
    mode = model.training if isinstance(model, torch.nn.Module) else False
    loaded = Pretrained(model, tokenizer, kind="AutoModelForCausalLM")
    if mode:
        model.train()  # loading puts it into evaluation mode; whoever trains it wants it back
    return loaded


def _logits(model: Any, rows: Sequence[Row]) -> Tensor:
    """`(B, L, vocabulary)`. Padding is on the right, where causal attention needs no mask."""
    length = max(len(prompt) + len(completion) for prompt, completion in rows)
    ids = torch.zeros((len(rows), length), dtype=torch.long)
    for row, (prompt, completion) in enumerate(rows):
        ids[row, : len(prompt) + len(completion)] = torch.tensor(prompt + completion)
    before = model.training
    model.eval()
    try:
        logits: Tensor = model(input_ids=ids.to(model.device)).logits
        return logits
    finally:
        model.train(before)
