"""What a policy is worth: what the proxy thinks of it, and what is true, on prompts it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..sampling import sample_completions
from ..tasks import Row
from .judges import constraint
from .reward_model import Proxy
from .world import NEW_TOKENS


@dataclass(frozen=True)
class StratumCheck:
    """Means over the held-out prompts of a stratum: proxy reward, share of right answers, share with a violation."""

    proxy: float
    accuracy: float
    violations: float
    completions: list[str] = field(repr=False)


@dataclass(frozen=True)
class Checkup:
    """A policy after `step` training steps, by stratum."""

    step: int
    strata: dict[str, StratumCheck]

    def mean(self, what: str) -> float:
        """A number over the strata: "proxy", "accuracy" or "violations"."""
        return fmean(getattr(check, what) for check in self.strata.values())

    @classmethod
    def of(
        cls,
        policy: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        proxy: Proxy,
        held_out: Mapping[str, Sequence[Row]],
        *,
        step: int = 0,
    ) -> "Checkup":
        """Sample one completion a prompt at temperature 1; the same seed each time."""
        strata = {}
        for task, rows in held_out.items():
            prompts = [str(row["prompt"]) for row in rows]
            completions = sample_completions(policy, tokenizer, prompts, new_tokens=NEW_TOKENS, batch=256)
            strata[task] = checked(task, rows, completions, proxy)
        return cls(step, strata)


def checked(task: str, rows: Sequence[Row], completions: list[str], proxy: Proxy) -> StratumCheck:
    """What proxy and judges say of completions."""
    prompts = [str(row["prompt"]) for row in rows]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0] if name != "prompt"}
    verdicts = constraint(task).verdicts(completions, prompts, **columns)
    wrong = f"right_{'sum' if task == 'arithmetic' else 'record'}"
    return StratumCheck(
        proxy=fmean(proxy([prompt + text for prompt, text in zip(prompts, completions, strict=True)])),
        accuracy=fmean(wrong not in verdict.evidence.get("violated", {}) for verdict in verdicts),
        violations=fmean(verdict.passed is not True for verdict in verdicts),
        completions=completions,
    )
