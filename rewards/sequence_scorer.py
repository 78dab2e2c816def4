"""What a reward model reads and what it makes of it: (prompt, completion) in, one unbounded number out."""

from __future__ import annotations

import importlib
import inspect
import math
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..judges.completion import completion_text, content_text, prompt_text
from ..judges.errors import Told
from ..judges.pretrained import Pretrained
from ..judges.workers.loop import gather_on_loop


class NoTemplate(Told, ValueError):  # noqa: N818 - it says what is missing
    """A tokenizer has no chat template, and the rows are messages."""


class Scorer(Protocol):
    """Two steps, so that equal rows are told apart from others before the expensive one."""

    def prepare(self, prompt: Any, completion: Any) -> Hashable:
        """What the model reads of a row."""
        ...

    def scores(self, prepared: Sequence[Any]) -> Sequence[Any]:
        """A number for each, or None."""
        ...

    def reads(self, prompt: Any) -> bool:
        """Whether a row without a score must owe that to its completion: with this prompt there is room for one."""
        ...


@dataclass(frozen=True)
class TextScorer:
    """A function `(texts) -> scores`, sync or async. Messages are joined by line breaks."""

    function: Callable[[list[str]], Any]

    def __repr__(self) -> str:
        return getattr(self.function, "__name__", None) or repr(self.function)

    def prepare(self, prompt: Any, completion: Any) -> Hashable:
        """Prompt and completion in one string."""
        if isinstance(completion, str) and (prompt is None or isinstance(prompt, str)):
            return (prompt or "") + completion
        return f"{prompt_text(prompt)}\n{completion_text(completion)}"

    def scores(self, prepared: Sequence[Any]) -> Sequence[Any]:
        """What the function says."""
        if inspect.iscoroutinefunction(self.function):
            return list(gather_on_loop([lambda: self.function(list(prepared))], 1)[0])
        return list(self.function(list(prepared)))

    def reads(self, prompt: Any) -> bool:
        """Nobody knows why a function gave no score."""
        return False


class SequenceScorer:
    """A sequence-classification model with one output, read at the last token.

    Plain text is what the model saw when TRL's RewardTrainer made it: prompt and completion side by side, the special
    tokens of the tokenizer, and its end-of-sequence token. Messages go through the chat template, which says itself
    how a turn ends; typed blocks of text are joined before. What the tokenizer would read as a control token in a
    completion or in a message is broken by a space: else an answer could add a user's praise to its conversation. A row
    longer than the model reads has no score: half an answer is another answer.

    Args:
        model, tokenizer, device, dtype, options: see `Pretrained`.
        batch_size: rows of a forward pass; 1 for a model without a padding token.
        max_length: tokens of a row at most; by default what the model reads.

    Raises:
        ValueError: the model has more than one output.
    """

    beside_model = False  # it wants the device of the model that is trained

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        batch_size: int = 16,
        max_length: int | None = None,
        device: Any = None,
        dtype: str | None = None,
        **options: Any,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch has at least 1 row, not {batch_size}")
        kind = "AutoModelForSequenceClassification"
        self.pretrained = Pretrained(
            model, tokenizer, kind=kind, device=device, dtype=dtype, **{"num_labels": 1, **options}
        )  # fmt: skip
        config = self.pretrained.config
        if config.num_labels != 1:
            raise ValueError(f"a reward model has one output, this {type(model).__name__} has {config.num_labels}")
        self._control = _control_tokens(self.pretrained.tokenizer)
        self.pad = config.get_text_config().pad_token_id
        self.batch_size = batch_size if self.pad is not None else 1
        self.max_length = max_length or _longest(config, self.pretrained.tokenizer)

    def __repr__(self) -> str:
        return repr(self.pretrained.name or type(self.pretrained.given).__name__)

    def prepare(self, prompt: Any, completion: Any) -> tuple[int, ...]:
        """The tokens of a row.

        Raises:
            NoTemplate: the row is made of messages and the tokenizer has no chat template.
        """
        tokenizer = self.pretrained.tokenizer
        if isinstance(completion, str) and (prompt is None or isinstance(prompt, str)):
            end = tokenizer.eos_token or ""
            ids = tokenizer.encode((prompt or "") + self._neutral(completion.removesuffix(end)))
            ends = tokenizer.eos_token_id
            return (*ids,) if ends is None or ids[-1:] == [ends] else (*ids, ends)
        if not tokenizer.chat_template:
            raise NoTemplate(
                "the prompts are messages, but the reward model's tokenizer has no chat template: set "
                "tokenizer.chat_template to the one the model was trained with"
            )
        messages = [*_messages(prompt, "user"), *_messages(completion, "assistant")]
        text = tokenizer.apply_chat_template([self._neutral(message) for message in messages], tokenize=False)
        return tuple(tokenizer.encode(text, add_special_tokens=False))

    def _neutral(self, value: Any) -> Any:
        """The same with no control token in any text but a role."""
        if isinstance(value, str):
            return self._control.sub(lambda token: f"{token[0][0]} {token[0][1:]}", value) if self._control else value
        if isinstance(value, Mapping):
            return {key: item if key == "role" else self._neutral(item) for key, item in value.items()}
        return [self._neutral(item) for item in value] if isinstance(value, (list, tuple)) else value

    def scores(self, prepared: Sequence[tuple[int, ...]]) -> list[float | None]:
        """The model's output for each row, rows of like length together; None for one that is too long or empty."""
        readable = sorted((row for row in prepared if 0 < len(row) <= self.max_length), key=len)
        found: dict[tuple[int, ...], float] = {}
        for first in range(0, len(readable), self.batch_size):
            batch = readable[first : first + self.batch_size]
            found.update(zip(batch, self._forward(batch), strict=True))
        return [found.get(row) for row in prepared]

    def reads(self, prompt: Any) -> bool:
        """Whether the prompt by itself is short enough."""
        return 0 < len(self.prepare(prompt, "")) <= self.max_length

    def _forward(self, rows: Sequence[tuple[int, ...]]) -> list[float]:
        torch = importlib.import_module("torch")
        model = self.pretrained.placed()
        width = len(rows[-1])
        ids = torch.tensor([[*row, *[self.pad] * (width - len(row))] for row in rows], device=model.device)  # (B, T)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask).logits  # (B, 1)
        return [float(score) for score in logits[:, 0].float().cpu()]


def _messages(value: Any, role: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    messages = [value] if isinstance(value, Mapping) else value
    return [{"role": role, **message, "content": content_text(message.get("content"))} for message in messages]


def _control_tokens(tokenizer: Any) -> re.Pattern[str] | None:
    """What the tokenizer reads as a token with a meaning, when it stands in a text."""
    added = getattr(tokenizer, "added_tokens_decoder", {}).values()
    tokens = {*tokenizer.all_special_tokens, *(token.content for token in added if token.special)}
    tokens |= {token.content for token in added if token.content.startswith(("<|", "<｜", "[INST", "[/INST"))}
    longest_first = sorted((token for token in tokens if len(token) > 1), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _longest(config: Any, tokenizer: Any) -> float:
    """Tokens the model reads; a tokenizer that knows no limit names an astronomical number."""
    positions = getattr(config.get_text_config(), "max_position_embeddings", None)
    return min(positions or math.inf, getattr(tokenizer, "model_max_length", None) or math.inf)
