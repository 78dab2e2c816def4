"""A generation with its labels: judged where its rows are, then gathered, so that every process sees the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ....judges import Verdict
from ....judges.mixture import MixtureOfJudges
from ....rewards import Reward
from ...seam import Rollout
from .baseline import Baselines, labels
from .losses import sequence_logps
from .stratum import Stratum

FIXED = ("satisfied", "baseline_rewards", "baseline_satisfied", "logps", "ref_logps", "lengths", "strata")
SATISFIED, VIOLATED, ABSTAINED = 1.0, 0.0, -1.0  # what a judge said; NaN where it was not asked


@dataclass(frozen=True, eq=False)
class Labelled:
    """P prompts with G answers each, over all processes; `(P, G)` each, NaN = missing or not asked.

    Attributes:
        strata: `(P,)` number of the stratum.
        said: `(P, G, J)` SATISFIED, VIOLATED or ABSTAINED; the first ones of J are those of the stratum.
    """

    rewards: Tensor
    satisfied: Tensor
    baseline_rewards: Tensor
    baseline_satisfied: Tensor
    logps: Tensor
    ref_logps: Tensor
    lengths: Tensor
    strata: Tensor
    said: Tensor

    def metrics(self, stratum: Stratum, groups: Tensor) -> dict[str, Tensor]:
        """Violations and abstentions of a stratum, in all and by judge, and how far it is from the reference."""
        satisfied = self.satisfied[groups, : stratum.k]
        log_ratios = (self.logps - self.ref_logps)[groups, : stratum.k]
        found = {
            "violated": (satisfied[~satisfied.isnan()] == 0).float().mean(),
            "unknown": satisfied.isnan().float().mean(),
            "kl": log_ratios.mean(),
            "reward": self.rewards[groups, : stratum.k].nanmean(),
        }
        for place, judge in enumerate(judge_names(stratum.constraint)):
            asked = self.said[groups, : stratum.k, place]
            decided = asked[asked >= VIOLATED]
            found[f"{judge}/violated"] = (decided == VIOLATED).float().mean()
            found[f"{judge}/abstained"] = (asked[~asked.isnan()] == ABSTAINED).float().mean()
        return found


def labelled(rollout: Rollout, strata: Mapping[str, Stratum], tasks: list[str], baselines: Baselines) -> Labelled:
    """Judge this process's rows, look up their baseline answers, and gather.

    tasks: the stratum of each row of this process.
    """
    width = max(len(judge_names(stratum.constraint)) for stratum in strata.values())
    table = rollout.rewards.new_full((len(rollout.rows), len(FIXED) + width), torch.nan)  # (B, 7 + J)
    assert rollout.old_logps is not None
    assert rollout.ref_logps is not None
    table[:, FIXED.index("logps")] = sequence_logps(rollout.old_logps, rollout.mask)
    table[:, FIXED.index("ref_logps")] = sequence_logps(rollout.ref_logps, rollout.mask)
    table[:, FIXED.index("lengths")] = rollout.mask.sum(-1).to(table.dtype)
    for number, (name, stratum) in enumerate(strata.items()):
        own = [row for row, task in enumerate(tasks) if task == name]
        if own:
            table[own, FIXED.index("strata")] = float(number)
            _label_baselines(table, rollout, stratum, name, own, baselines)
            _label_answers(table, rollout, stratum, own)
    return _gathered(rollout, table)


def _label_answers(table: Tensor, rollout: Rollout, stratum: Stratum, own: list[int]) -> None:
    """Judge the first K answers of each prompt; the others are not asked about."""
    drawn = rollout.num_generations
    counted = [row for row in own if (rollout.first_row + row) % drawn < (stratum.k or drawn)]
    if not counted:
        return
    prompts, completions, rows = _batch(rollout, counted)
    rows = [{**row, "completion_ids": _ids(rollout, place)} for row, place in zip(rows, counted, strict=True)]
    said, verdicts = labels(stratum, prompts, completions, rows)
    table[counted, FIXED.index("satisfied")] = table.new_tensor(said)
    names = judge_names(stratum.constraint)
    if names:
        by_judge = table.new_tensor([said_by_each(verdict, names) for verdict in verdicts])
        places = torch.tensor(counted, device=table.device)
        table[places, len(FIXED) : len(FIXED) + len(names)] = by_judge


def _label_baselines(
    table: Tensor, rollout: Rollout, stratum: Stratum, name: str, own: list[int], baselines: Baselines
) -> None:
    prompts = [rollout.prompts[row] for row in own]
    rows = [rollout.rows[row] for row in own]
    table[own, FIXED.index("baseline_rewards")] = table.new_tensor(baselines.rewards(stratum, name, prompts, rows))
    if stratum.optimizer == "crraft":
        table[own, FIXED.index("baseline_satisfied")] = table.new_tensor(baselines.labels(stratum, name, prompts, rows))


def _batch(rollout: Rollout, rows: list[int]) -> tuple[list[Any], list[Any], list[Mapping[str, Any]]]:
    return (
        [rollout.prompts[row] for row in rows],
        [rollout.completions[row] for row in rows],
        [rollout.rows[row] for row in rows],
    )


def _ids(rollout: Rollout, row: int) -> list[int]:
    """The token ids of an answer, which judges of length may read."""
    return rollout.completion_ids[row][rollout.mask[row] > 0].tolist()


def _gathered(rollout: Rollout, table: Tensor) -> Labelled:
    groups = rollout.gather(table).unflatten(0, (-1, rollout.num_generations))  # (P, G, 7 + J)
    columns = {name: groups[..., place] for place, name in enumerate(FIXED)}
    columns["strata"] = columns["strata"][:, 0]
    rewards = rollout.rewards[:, 0].unflatten(0, (-1, rollout.num_generations))
    return Labelled(rewards=rewards, said=groups[..., len(FIXED) :], **columns)


def judge_names(constraint: Any) -> tuple[str, ...]:
    """The judges of a constraint, by the names their verdicts go under; none without a constraint."""
    if constraint is None:
        return ()
    if isinstance(constraint, MixtureOfJudges):
        return tuple(constraint.names)
    if isinstance(constraint, Reward) and constraint.parts:
        return tuple(dict.fromkeys(constraint.part_names))
    return (constraint.name,)


def said_by_each(verdict: Verdict, names: tuple[str, ...]) -> list[float]:
    """What each judge said; the constraint's own word where it has no parts."""
    if not verdict.parts:
        return [_said(verdict)] * len(names)
    parts = dict(zip(verdict.labels, verdict.parts, strict=True))
    return [_said(parts.get(name)) for name in names]


def _said(verdict: Verdict | None) -> float:
    if verdict is None:
        return torch.nan
    return ABSTAINED if verdict.passed is None else SATISFIED if verdict.passed else VIOLATED
