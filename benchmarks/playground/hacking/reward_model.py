"""A small reward model, trained in seconds on the preferences of an imperfect rater.

It cannot add, so it learns what it can see: more working, more courtesy. Nothing of that is planted.
"""

from collections.abc import Callable, Sequence

import torch
from transformers import LlamaConfig, LlamaForSequenceClassification, PreTrainedTokenizerFast

from ....rewards.reward_model import RewardModel
from ..tokenizer import character_tokenizer
from .preferences import Pair, draw_pairs

PAIRS, HELD_OUT, BATCH, EPOCHS = 2688, 300, 64, 2


class Proxy:
    """The reward model as a function of texts (prompt and completion in one); higher is preferred.

    Attributes:
        accuracy: share of held-out pairs that it orders as the rater did.
    """

    __name__ = "proxy"

    def __init__(self, model: LlamaForSequenceClassification, tokenizer: PreTrainedTokenizerFast) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.accuracy = float("nan")

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> list[float]:
        parts = [texts[start : start + 256] for start in range(0, len(texts), 256)]
        return [score for part in parts for score in self.scores(part).tolist()]

    def scores(self, texts: Sequence[str]) -> torch.Tensor:
        """`(b,)` scores, read at the last character of each text."""
        batch = self.tokenizer(list(texts), padding=True, padding_side="right", return_tensors="pt")
        outputs = self.model(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
        return outputs.logits.squeeze(-1)

    def as_reward(self) -> RewardModel:
        """The reward model as a part of rewards, called "proxy" in logs."""
        return RewardModel(self).named("proxy")


def learned_proxy(*, seed: int = 0, pairs: int = PAIRS, on_step: Callable[[int], None] | None = None) -> Proxy:
    """Train a reward model on the rater's preferences by Bradley and Terry: −log σ(r(chosen) − r(rejected))."""
    tokenizer = character_tokenizer()
    proxy = Proxy(_model(tokenizer, seed), tokenizer)
    data = draw_pairs(pairs + HELD_OUT, seed=seed)
    held_out, training = data[:HELD_OUT], data[HELD_OUT:]
    optimizer = torch.optim.AdamW(proxy.model.parameters(), lr=1e-3, fused=True)
    order = torch.Generator().manual_seed(seed)
    proxy.model.train()
    done = 0
    for _ in range(EPOCHS):
        for batch in torch.randperm(pairs, generator=order).split(BATCH):
            margins = _margins(proxy, [training[place] for place in batch.tolist()])
            loss = -torch.nn.functional.logsigmoid(margins).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done += 1
            if on_step is not None:
                on_step(done)
    proxy.model.eval().requires_grad_(False)
    proxy.accuracy = (_margins(proxy, held_out) > 0).float().mean().item()
    return proxy


def training_steps(pairs: int = PAIRS) -> int:
    """How many steps `learned_proxy` takes."""
    return EPOCHS * -(-pairs // BATCH)


def _margins(proxy: Proxy, pairs: Sequence[Pair]) -> torch.Tensor:
    texts = [pair.prompt + text for pair in pairs for text in (pair.chosen, pair.rejected)]
    scores = proxy.scores(texts)
    return scores[::2] - scores[1::2]


def _model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForSequenceClassification:
    """88 128 random parameters that depend on the seed alone."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        intermediate_size=128,
        max_position_embeddings=160,
        num_labels=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForSequenceClassification(config)
