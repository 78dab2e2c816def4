"""Models that a completion talks to: one that repeats it, one that it breaks, and small real ones."""

from __future__ import annotations

import functools
import re
import zlib
from dataclasses import dataclass
from typing import Any

from ...judges.llm import LocalModel, RequestFailed
from ...judges.llm.fault import EMPTY
from ...judges.llm.reply import Messages
from ...judges.pairwise import ComparisonForm, VerdictModel
from ...rewards import RewardModel

ANCHOR = "An anchor."
_QUOTED = re.compile(r"<<<(\w+) ([0-9a-f]+)>>>\n(.*?)\n<<<end of \1 \2>>>", re.DOTALL)
_POSITIONS = 1024  # tokens that the small models read


@dataclass(frozen=True)
class Parrot:
    """Replies with the completion it is to judge, whatever stands there; of an empty one or an anchor as it should."""

    answer: str

    def __call__(self, messages: Messages) -> str:
        """The reply."""
        return _hostile(messages) or self.answer


@dataclass(frozen=True)
class Jammed:
    """Breaks in one way or another on every other completion: it raises, is refused, is late or says nothing."""

    answer: str

    def __call__(self, messages: Messages) -> str:
        """The reply.

        Raises:
            RequestFailed, TimeoutError, RecursionError, UnicodeError: as the completion has it.
        """
        text = _hostile(messages)
        match zlib.crc32(text.encode("utf-8", "replace")) % 10 if text else 9:
            case 0:
                raise RequestFailed("HTTP 400: filtered", 400)
            case 1:
                raise TimeoutError
            case 2:
                raise RecursionError
            case 3:
                raise UnicodeError
            case 4:
                return ""
        return self.answer


def _hostile(messages: Messages) -> str:
    texts = [text for name, _, text in _QUOTED.findall(messages[-1]["content"]) if name in ("completion", "other")]
    return next((text for text in texts if text not in (EMPTY, ANCHOR)), "")


@functools.cache
def _tiny(kind: str) -> tuple[Any, Any]:
    """A small model with random weights, and its tokenizer of characters."""
    import torch
    import transformers

    from ..playground.tokenizer import character_tokenizer

    tokenizer = character_tokenizer()
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=_POSITIONS,
        num_labels=1,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return getattr(transformers, kind)(config).eval(), tokenizer


def reward_model() -> RewardModel:
    """A reward model of the kind that TRL trains."""
    return RewardModel(*_tiny("LlamaForSequenceClassification"))


def local_model() -> LocalModel:
    """A model that decides by the probabilities of labels."""
    return LocalModel(*_tiny("LlamaForCausalLM"))


def verdict_model() -> VerdictModel:
    """A model that compares two answers."""
    return VerdictModel(*_tiny("LlamaForCausalLM"), form=ComparisonForm(yes="Y", no="N"))
