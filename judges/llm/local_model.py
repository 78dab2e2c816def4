"""A model in this process that decides by the probability of each label where its answer begins."""

from __future__ import annotations

import functools
import importlib
import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..pretrained import Pretrained
from ..written import Written
from .failure import QuestionTooLong
from .label import likeliest
from .reply import Labels, Messages, Reply

Tokens = tuple[int, ...]
Spelling = tuple[Tokens, Tokens]  # a prompt and the label behind it


class LocalModel(Written):
    """A transformers causal language model, for `LLMJudge(LocalModel("Qwen/Qwen3-0.6B"), "safety")`.

    It writes nothing: one forward pass gives the probability that its answer begins with each label, and the most
    probable label is the reply; of equally probable ones the better. So a constraint is violated if and only if
    p(negative) > p(positive).

    Traps: a reasoning model must be told not to think (`chat_options={"enable_thinking": False}`), for its answer
    begins with a thought. A label that other labels begin with ("safe", "safely") is at an advantage.

    Args:
        model: a `PreTrainedModel`, or the name or folder of one.
        tokenizer: its tokenizer, by default found by the model's name. Without a chat template the messages are
            joined by empty lines and "Answer:" is added.
        device, dtype: see `Pretrained`.
        batch_size: rows of a forward pass.
        chat_options: for `apply_chat_template`.
        options: for `from_pretrained`.
    """

    deterministic = True
    beside_model = False  # it wants the device of the model that is trained

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        device: Any = None,
        dtype: str | None = None,
        batch_size: int = 8,
        chat_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch has at least 1 row, not {batch_size}")
        self.batch_size = batch_size
        self.chat_options = dict(chat_options or {})
        self.pretrained = Pretrained(
            model, tokenizer, kind="AutoModelForCausalLM", device=device, dtype=dtype, **options
        )  # fmt: skip

    @property
    def identity(self) -> dict[str, Any]:
        """What a cache knows this model by."""
        sampling = {"dtype": self.pretrained.dtype, "chat_options": self.chat_options}
        return {"adapter": "local model", "model": self.pretrained.name, "sampling": sampling}

    def decide(self, conversations: Sequence[Messages], labels: Labels) -> list[Reply]:
        """For each conversation the likeliest label.

        Raises:
            QuestionTooLong: a conversation is longer than the model reads.
            ValueError: its probabilities are no numbers.
        """
        spelt = [self._spelt(self._text(messages), tuple(labels)) for messages in conversations]
        found = self._log_probabilities([spelling for spellings in spelt for spelling in spellings.values()])
        replies = []
        for spellings in spelt:
            probabilities = {label: math.exp(found[spelling]) for label, spelling in spellings.items()}
            prompt, _ = next(iter(spellings.values()))
            label = likeliest(probabilities, labels)
            replies.append(Reply(label, prompt_tokens=len(prompt), probabilities=probabilities))
        return replies

    def _text(self, messages: Messages) -> str:
        tokenizer = self.pretrained.tokenizer
        if tokenizer.chat_template:
            options = {"tokenize": False, "add_generation_prompt": True, **self.chat_options}
            return str(tokenizer.apply_chat_template(list(messages), **options))
        return "\n\n".join([*(message["content"] for message in messages), "Answer:"])

    def _spelt(self, text: str, labels: Sequence[str]) -> dict[str, Spelling]:
        """The tokens of the prompt and of each label behind it; a tokenizer may spell a word otherwise at a start."""
        chat = bool(self.pretrained.tokenizer.chat_template)
        encode = functools.partial(self.pretrained.tokenizer.encode, add_special_tokens=not chat)
        prompt = tuple(encode(text))
        longest = getattr(self.pretrained.config, "max_position_embeddings", None) or math.inf
        spellings = {}
        for label in labels:
            begun = label if chat else f" {label}"
            whole = tuple(encode(text + begun))
            joined = len(whole) > len(prompt) and whole[: len(prompt)] == prompt
            tokens = whole[len(prompt) :] if joined else tuple(encode(begun, add_special_tokens=False))
            if len(prompt) + len(tokens) > longest:
                raise QuestionTooLong(f"{len(prompt) + len(tokens)} tokens to read, but the model reads {longest}")
            spellings[label] = (prompt, tokens)
        return spellings

    def _log_probabilities(self, spellings: Sequence[Spelling]) -> dict[Spelling, float]:
        """log p(label | prompt), the sum over the label's tokens. Labels of one token share one row of a batch."""
        reach = max(len(tokens) for _, tokens in spellings)
        rows = sorted({prompt + tokens[:-1] for prompt, tokens in spellings}, key=len)
        ends: dict[Tokens, Any] = {}  # row -> log-probabilities (reach, vocabulary) behind its last tokens
        for first in range(0, len(rows), self.batch_size):
            batch = rows[first : first + self.batch_size]
            ends.update(zip(batch, self._forward(batch, reach), strict=True))
        return {
            (prompt, tokens): sum(
                float(ends[prompt + tokens[:-1]][place - len(tokens), token]) for place, token in enumerate(tokens)
            )
            for prompt, tokens in spellings
        }

    def _forward(self, rows: Sequence[Tokens], reach: int) -> list[Any]:
        """Per row the log-probabilities (reach, vocabulary) at its last positions; short rows repeat their first."""
        torch = importlib.import_module("torch")
        model = self.pretrained.placed()
        width = len(rows[-1])
        # Padded on the right: a causal model's earlier positions do not see it, whatever its position embedding.
        ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
        places = [[max(len(row) - back, 0) for back in range(reach, 0, -1)] for row in rows]
        kept = sorted({place for row in places for place in row})
        saves_memory = "logits_to_keep" in inspect.signature(model.forward).parameters
        keep = {"logits_to_keep": torch.tensor(kept, device=model.device)} if saves_memory else {}
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask, **keep).logits
            if not saves_memory:
                logits = logits[:, kept]
            columns = [[kept.index(place) for place in row] for row in places]
            return [logits[row, column].float().log_softmax(-1).cpu() for row, column in enumerate(columns)]
