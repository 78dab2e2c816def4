"""Candidates sampled from a transformers model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...judges.pretrained import Pretrained


class ModelGenerator(Pretrained):
    """Samples k completions for each prompt: `preferences(rows, reward, generate=ModelGenerator("path/of/sft"), k=64)`.

    The numbers drawn depend on a row's seed and on the rows it shares a batch with, so the same call gives the same
    candidates on the same machine. The caller's random state is left alone.

    Args:
        model, tokenizer, device, dtype: see `Pretrained`. A prompt of messages needs a chat template.
        temperature, top_k: RSO's.
        max_new_tokens: the longest completion.
        batch: completions that are sampled at once.
        generation: more for `model.generate`.

    Raises:
        ImportError: torch or transformers is not installed.
        ValueError: a temperature that is not positive, a length or batch below 1.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        temperature: float = 0.7,
        top_k: int = 40,
        max_new_tokens: int = 256,
        batch: int = 64,
        device: Any = None,
        dtype: str | None = None,
        **generation: Any,
    ) -> None:
        if not temperature > 0:
            raise ValueError(f"temperature={temperature}: give a positive one, or all candidates would be the same")
        if max_new_tokens < 1 or batch < 1:
            raise ValueError(f"max_new_tokens={max_new_tokens}, batch={batch}: give 1 or more")
        super().__init__(model, tokenizer, kind="AutoModelForCausalLM", device=device, dtype=dtype)
        self.batch = batch
        self.sampling = {
            "do_sample": True,
            "temperature": temperature,
            "top_k": top_k,
            "max_new_tokens": max_new_tokens,
            **generation,
        }

    def __call__(self, prompts: Sequence[Any], k: int, seeds: Sequence[int]) -> list[list[str]]:
        """k completions for each prompt, as text."""
        import torch

        model = self.placed()
        candidates: list[list[str]] = []
        was_training = model.training
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[model.device] if model.device.type == "cuda" else []):
            for start, part in self._batches(prompts, k):
                torch.manual_seed(seeds[start])
                texts = self._sample(model, part, k)
                candidates += [texts[row * k : (row + 1) * k] for row in range(len(part))]
        model.train(was_training)
        return candidates

    def _batches(self, prompts: Sequence[Any], k: int) -> Iterator[tuple[int, Sequence[Any]]]:
        rows = max(1, self.batch // k)
        for start in range(0, len(prompts), rows):
            yield start, prompts[start : start + rows]

    def _sample(self, model: Any, prompts: Sequence[Any], k: int) -> list[str]:
        chat = not isinstance(prompts[0], str)
        texts = [
            self.tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True) if chat else prompt
            for prompt in prompts
        ]
        encoded = self.tokenizer(
            texts,
            return_tensors="pt",
            padding=True,
            padding_side="left",
            add_special_tokens=not chat,  # a chat template writes them itself
            return_token_type_ids=False,
        ).to(model.device)
        padding = self.tokenizer.pad_token_id
        if padding is None:
            padding = self.tokenizer.eos_token_id
        output = model.generate(**encoded, num_return_sequences=k, pad_token_id=padding, **self.sampling)
        decoded: list[str] = self.tokenizer.batch_decode(
            output[:, encoded.input_ids.shape[1] :], skip_special_tokens=True
        )
        return decoded
