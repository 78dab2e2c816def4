"""Stored completions as other projects write them: a TRL run's tables, verifiers' and NeMo-Gym's rollouts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .mistakes import Mistake


def files_of(path: Path) -> list[Path]:
    """A file itself; of a folder, the tables of completions in it, in the order of their steps.

    A TRL run keeps them in `completions/completions_00010.parquet` when `log_completions=True`.

    Raises:
        Mistake: a folder without any.
    """
    if not path.is_dir():
        return [path]
    for folder in (path / "completions", path):
        found = [file for kind in ("*.parquet", "*.jsonl", "*.jsonl.gz") for file in folder.glob(kind)]
        if found:
            return sorted(found, key=lambda file: [int(part) for part in re.findall(r"\d+", file.name)] or [0])
    raise Mistake(f"{path} holds no completions (*.parquet, *.jsonl); TRL writes them with log_completions=True")


def as_row(columns: dict[str, Any]) -> dict[str, Any]:
    """The row with a prompt and a completion, where a rollout keeps them in the form of OpenAI's Responses."""
    asked, answered = columns.get("responses_create_params"), columns.get("response")
    if "completion" in columns or not isinstance(asked, Mapping) or not isinstance(answered, Mapping):
        return columns
    given, output = asked.get("input"), answered.get("output")
    if not isinstance(output, list):
        return columns
    prompt = [message for item in given for message in _messages(item)] if isinstance(given, list) else given
    return {**columns, "prompt": prompt, "completion": [message for item in output for message in _messages(item)]}


def _messages(item: Any) -> list[dict[str, Any]]:
    """One item of a response as a chat message; reasoning and what is unknown are none."""
    if not isinstance(item, Mapping):
        return []
    kind = item.get("type", "message")
    if kind == "function_call":
        call = {"id": item.get("call_id"), "type": "function",
                "function": {"name": item.get("name"), "arguments": item.get("arguments")}}  # fmt: skip
        return [{"role": "assistant", "content": "", "tool_calls": [call]}]
    if kind == "function_call_output":
        return [{"role": "tool", "tool_call_id": item.get("call_id"), "content": str(item.get("output", ""))}]
    if kind != "message" or "role" not in item:
        return []
    content = item.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return [{"role": item["role"], "content": content}]
