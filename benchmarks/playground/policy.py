"""A Llama-type policy small enough to be trained from nothing on a laptop, and a real `transformers` model.

Half a million parameters learn two-digit sums, JSON records and chains of sums in under a minute, so a
training method can be compared with its baseline without a model hub.
"""

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast


def tiny_policy(
    tokenizer: PreTrainedTokenizerFast,
    *,
    seed: int = 0,
    hidden: int = 128,
    layers: int = 3,
    heads: int = 4,
    mlp: int = 256,
    positions: int = 160,
) -> LlamaForCausalLM:
    """Return a policy with random weights that depend on `seed` alone; the defaults make 515 712 parameters.

    `positions` bounds prompt and completion together, in tokens. The caller's random state is left as it was.
    """
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        intermediate_size=mlp,
        max_position_embeddings=positions,
        initializer_range=0.05,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
