"""What BGPO asks of a masked-diffusion network: it looks both ways, has a mask token, and scores what is hidden.

Any network with `model(input_ids, attention_mask).logits` will do: `LlamaForCausalLM` of a config with
`is_causal=False`, BERT's and ModernBERT's masked-LM heads, LLaDA with its own code. Position i predicts token i: logits
are not shifted. Rows are padded on the right, so that absolute positions are those of a row without padding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .elbo import mc_elbo


def masked_elbo(
    model: Any,
    prompt_ids: Tensor,
    prompt_mask: Tensor,
    canvas_ids: Tensor,
    canvas_mask: Tensor,
    hidden: Tensor,
    mask_id: int,
) -> Tensor:
    """`(b,)` ℓ of one masking of each row: one forward pass. 0 for a row with nothing hidden.

    prompt_ids, prompt_mask: `(b, P)`; canvas_ids, canvas_mask: `(b, T)`, with padding anywhere.
    hidden: `(b, T)` booleans, True where a token of the canvas is masked.

    Raises:
        ValueError: a log-probability that is not finite.
    """
    mask = torch.cat([prompt_mask, canvas_mask], 1)
    order = (mask == 0).long().argsort(dim=1, stable=True)[:, : int(mask.sum(1).max())]  # padding last, and then off
    mask = mask.gather(1, order)
    ids = torch.cat([prompt_ids, canvas_ids], 1).gather(1, order)
    hidden = torch.cat([torch.zeros_like(prompt_mask, dtype=torch.bool), hidden], 1).gather(1, order)
    logits = model(input_ids=ids.masked_fill(hidden, mask_id), attention_mask=mask).logits[hidden].float()
    logps = logits.gather(1, ids[hidden].unsqueeze(1)).squeeze(1) - logits.logsumexp(1)
    if not torch.isfinite(logps).all():
        raise ValueError("the model gives a log-probability that is not finite to a token of a response")
    token_logps = logps.new_zeros(ids.shape).masked_scatter(hidden, logps)
    scored = hidden.any(1)
    found = mc_elbo(token_logps[scored].unsqueeze(1), hidden[scored].unsqueeze(1)).elbo
    return found.new_zeros(len(ids)).index_put((scored,), found)


def mask_token(model: Any, tokenizer: Any, given: int | None = None) -> int:
    """The id of the mask token: the given one, the model's config's, or the tokenizer's.

    Raises:
        ValueError: nobody names one, or it is outside the model's vocabulary.
    """
    found = given
    for source in (model.config, tokenizer):
        found = getattr(source, "mask_token_id", None) if found is None else found
    if found is None:
        raise ValueError(
            "neither the model's config nor the tokenizer has a mask_token_id: set mask_token_id in the config, to the "
            "token that the model was trained to fill in"
        )
    if not 0 <= found < (size := model.get_input_embeddings().num_embeddings):
        raise ValueError(f"mask_token_id={found} is not among the model's {size} tokens")
    return int(found)


@torch.no_grad()
def require_bidirectional(model: Any, mask_id: int, other_id: int) -> None:
    """See by trying that the last token changes the logits at the first place.

    Raises:
        ValueError: it does not.
    """
    was_training = model.training
    model.eval()
    ids = torch.full((2, 4), mask_id, device=model.device)
    ids[1, -1] = other_id
    first, second = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0]
    model.train(was_training)
    if torch.equal(first, second):
        raise ValueError(
            f"{type(model).__name__} is causal: its first logits do not depend on the last token. Give a masked-"
            "diffusion model, such as LLaDA, a masked-LM head, or LlamaForCausalLM of a LlamaConfig(is_causal=False)"
        )


def switch_off_dropout(model: Any) -> None:
    """Also where attention draws by a number and not by a module; old and new ℓ must not differ by chance."""
    for owner in (model.config, *model.modules()):
        if isinstance(getattr(owner, "attention_dropout", None), float):
            owner.attention_dropout = 0.0
