"""Real checkpoints by path: what comes back, and what is said when there is none."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from jurybox.benchmarks.playground.checkpoint import INSTRUCTION, instructed, load_checkpoint
from jurybox.benchmarks.playground.policy import tiny_policy
from jurybox.benchmarks.playground.sampling import sample_completions
from jurybox.benchmarks.playground.tokenizer import character_tokenizer

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<bot>{% endif %}"
)


def saved(path: Path) -> str:
    tokenizer = character_tokenizer()
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(path)
    tiny_policy(tokenizer).save_pretrained(path)
    return str(path)


def test_a_directory_comes_back_ready_to_sample(tmp_path: Path) -> None:
    policy, tokenizer = load_checkpoint(saved(tmp_path))
    assert tokenizer.padding_side == "left"
    assert next(policy.parameters()).dtype == torch.float32
    prompts = [[{"role": "user", "content": text}] for text in ("1+1?", "what is it?")]
    assert len(sample_completions(policy, tokenizer, prompts, new_tokens=3)) == 2


def test_no_checkpoint_and_no_device_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="is no directory with a causal language model"):
        load_checkpoint(str(tmp_path / "empty"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="torch sees no CUDA device"):
        load_checkpoint(str(tmp_path), device="cuda")


def test_the_instruction_goes_where_the_tokenizer_wants_it() -> None:
    rows: list[dict[str, object]] = [{"prompt": "1+1?", "solution": "2"}]
    plain: Any = SimpleNamespace(chat_template=None)
    chat: Any = SimpleNamespace(chat_template=TEMPLATE)
    assert instructed(rows, plain) == [{"prompt": f"1+1?\n\n{INSTRUCTION}\n", "solution": "2"}]
    assert instructed(rows, chat)[0]["prompt"] == [{"role": "user", "content": f"1+1?\n\n{INSTRUCTION}"}]
    assert rows[0]["prompt"] == "1+1?"
