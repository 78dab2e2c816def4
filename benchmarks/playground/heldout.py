"""What a policy is worth on prompts it was not trained on, part by part of a reward."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ...judges import Verdict
from ...rewards import Reward, RewardVerdict
from .sampling import sample_completions
from .tasks import Row


@dataclass(frozen=True)
class Measurement:
    """Means over the held-out prompts after `step` training steps.

    `parts` holds each part's mean score over the completions it did not abstain on, `abstained` the share it did
    abstain on (a mean of the rest says little when that is large), `reward` the composed reward's mean and
    `characters` the mean length; `completions` are the texts themselves, in the order of the rows.
    """

    step: int
    reward: float
    parts: dict[str, float]
    abstained: dict[str, float]
    characters: float
    completions: list[str] = field(repr=False)


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows with the reward that judges them; the same seed each time makes measurements comparable."""

    rows: Sequence[Row]
    reward: Reward
    new_tokens: int
    seed: int = 0
    batch: int = 128

    def measure(self, policy: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, step: int = 0) -> Measurement:
        """Sample one completion a row at temperature 1 and judge it."""
        prompts = [row["prompt"] for row in self.rows]
        completions = sample_completions(
            policy, tokenizer, prompts, new_tokens=self.new_tokens, seed=self.seed, batch=self.batch
        )
        columns: dict[str, Any] = {name: [row[name] for row in self.rows] for name in self.rows[0] if name != "prompt"}
        verdicts = self.reward.verdicts(completions, prompts, **columns)
        said = verdicts_of_parts(verdicts)
        return Measurement(
            step=step,
            reward=_mean(verdicts),
            parts={name: _mean(part) for name, part in said.items()},
            abstained={name: fmean(verdict.abstains for verdict in part) for name, part in said.items()},
            characters=fmean(map(len, completions)),
            completions=completions,
        )


def verdicts_of_parts(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Return what each direct part of a composed reward said, on the rows it was asked about."""
    parts: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if isinstance(verdict, RewardVerdict):
            for name, part in zip(verdict.labels, verdict.parts, strict=True):
                if part is not None:
                    parts.setdefault(name, []).append(part)
    return parts


def _mean(verdicts: Sequence[Verdict]) -> float:
    scores = [verdict.score for verdict in verdicts if verdict.score is not None]
    return fmean(scores) if scores else float("nan")
