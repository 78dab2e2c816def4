"""Completions of a policy, drawn the same way before and after training."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import BatchEncoding, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase


@torch.no_grad()
def sample_completions(
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Any],
    *,
    new_tokens: int,
    seed: int = 0,
    temperature: float = 1.0,
    batch: int = 128,
) -> list[str]:
    """Return one completion for each prompt, special tokens removed; `temperature=0` is greedy.

    A prompt is text or a list of chat messages. The same seed gives the same completions of the same weights;
    neither the caller's random state nor the policy's mode is changed.
    """
    sampled = {"do_sample": True, "temperature": temperature, "top_k": 0}
    config = GenerationConfig(
        max_new_tokens=new_tokens,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **(sampled if temperature else {"do_sample": False}),
    )
    generate: Any = policy.generate
    was_training = policy.training
    policy.eval()
    texts: list[str] = []
    with torch.random.fork_rng(devices=[policy.device] if policy.device.type == "cuda" else []):
        torch.manual_seed(seed)
        for start in range(0, len(prompts), batch):
            inputs = _encoded(tokenizer, prompts[start : start + batch]).to(policy.device)
            output = generate(**inputs, generation_config=config)
            texts += tokenizer.batch_decode(output[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)
    policy.train(was_training)
    return texts


def _encoded(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Any]) -> BatchEncoding:
    chat = not isinstance(prompts[0], str)
    texts = (
        [tokenizer.apply_chat_template(p, tokenize=False, add_generation_prompt=True) for p in prompts]
        if chat
        else list(prompts)
    )
    # A chat template writes the special tokens itself.
    encoded: BatchEncoding = tokenizer(
        texts,
        return_tensors="pt",
        padding=True,
        padding_side="left",
        add_special_tokens=not chat,
        return_token_type_ids=False,
    )
    return encoded
