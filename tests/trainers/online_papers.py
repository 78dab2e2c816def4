"""Every paper's trainer with what it takes to run it on the tiny model; `test_papers.py` puts each to the same tests.

A new paper is one entry. What is only true of a shape (advantages, rows left out, a loss, whole groups, generation, a
critic, a state) is asked once a shape. A paper's settings choose a loss that is a sum over rows with a denominator of
the whole batch, so that micro-batches and processes can be compared exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seam_tiny import tiny_mask_filler

from jurybox.rewards import AnchorWinReward
from jurybox.trainers import CRPGConfig, CRPGTrainer, DisCOConfig, DisCOTrainer, ObjectiveConfig, ObjectiveTrainer
from jurybox.trainers.environments import Reply
from jurybox.trainers.grpo import GRPO
from jurybox.trainers.papers.adaptthink import AdaptThinkConfig, AdaptThinkTrainer
from jurybox.trainers.papers.aepo import AEPOConfig, AEPOTrainer
from jurybox.trainers.papers.bgpo import BGPOConfig, BGPOTrainer
from jurybox.trainers.papers.c_morl import CMORLConfig, CMORLTrainer
from jurybox.trainers.papers.dr_rpo import DRRPOConfig, DRRPOTrainer
from jurybox.trainers.papers.hapo import HAPOConfig, HAPOTrainer
from jurybox.trainers.papers.hbpo import HBPOConfig, HBPOTrainer
from jurybox.trainers.papers.mdpo import MDPOConfig, MDPOTrainer
from jurybox.trainers.papers.ngrpo import NGRPOConfig, NGRPOTrainer
from jurybox.trainers.papers.pairwise_rl import PairwisePPOConfig, PairwisePPOTrainer
from jurybox.trainers.papers.poad import POADConfig, POADTrainer
from jurybox.trainers.papers.rl_struct import RLStructConfig, RLStructTrainer
from jurybox.trainers.papers.scaf_grpo import ScafGRPOConfig, ScafGRPOTrainer
from jurybox.trainers.papers.srpo import SRPOConfig, SRPOTrainer
from jurybox.trainers.papers.vulpo import VULPOConfig, VULPOTrainer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
UNSCORABLE = {"oto": None, "no": math.nan}


def has_letter(completions: Sequence[str], letter: Sequence[str], **_: Any) -> list[float]:
    """1 where the completion has the letter of its row, else 0."""
    return [float(c in text) for text, c in zip(completions, letter, strict=True)]


def has_letter_or_abstains(completions: Sequence[str], letter: Sequence[str], **_: Any) -> list[float | None]:
    """The same, but some completions get None or NaN, and a whole group gets None."""
    scores = has_letter(completions, letter)
    return [
        None if c == "t" else UNSCORABLE.get(text, score)
        for text, c, score in zip(completions, letter, scores, strict=True)
    ]


def is_short(completions: Sequence[str], **_: Any) -> list[float]:
    """1 for nothing, less for every letter."""
    return [1 / (1 + len(text)) for text in completions]


def has_more_of_the_letter(prompt: str, first: str, second: str) -> float:
    """How probably the first has more of the letter that the prompt asks for."""
    of_first, of_second = first.count(prompt[-1]), second.count(prompt[-1])
    return (1 + of_first) / (2 + of_first + of_second)


def has_more_or_abstains(prompt: str, first: str, second: str) -> float | None:
    """The same, but some pairs get None or NaN, and a whole group gets None."""
    if prompt[-1] == "t":
        return None
    return UNSCORABLE.get(first, has_more_of_the_letter(prompt, first, second))


class GRPOTrainer(ObjectiveTrainer):
    """The plain objective, to test the tests."""

    objective_class = GRPO


@dataclass(frozen=True)
class Talkative:
    """Tools that take every token for a call, or every letter."""

    stop: Sequence[str] = ("",)

    def step(self, said: str) -> Reply:
        return Reply("no", role="tool", as_message=False)


class Echo:
    """An environment that pays for the letter of its row, and is over after two actions."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.letter, self.turns = row["letter"], 0

    def step(self, said: str) -> Reply:
        self.turns += 1
        return Reply("no", reward=1.0 + said.count(self.letter), done=self.turns == 2)


@dataclass(frozen=True)
class Paper:
    """How to build a paper's trainer.

    reward, abstaining: make the reward functions; the second one's abstain on some rows and on one group.
    columns: added to the data set, one value for each of the letters e, o, t, n.
    model: makes the policy, where it is not the tiny causal one.
    like: a paper of the same shape (it replaces the same methods in the same way), which is asked about accumulation,
        adapters, resuming and several processes in its stead.
    """

    trainer: type[ObjectiveTrainer]
    config: type[ObjectiveConfig]
    settings: Mapping[str, Any] = field(default_factory=dict)
    reward: Callable[[], Any] = lambda: has_letter
    abstaining: Callable[[], Any] = lambda: has_letter_or_abstains
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    model: Callable[[], Any] | None = None
    like: str = ""


PAPERS = {
    "adaptthink": Paper(
        AdaptThinkTrainer,
        AdaptThinkConfig,
        {"think_end": "n", "opening": "t", "temperature": 1.0},
        columns={"ref_accuracy": [0.5, 0.25, 1.0, 0.0]},
    ),
    "aepo": Paper(
        AEPOTrainer,
        AEPOConfig,
        {
            "loss_type": "dapo",
            "entropy_scope": "generation",
            "alpha_entropy": 0.02,  # entropies of random weights differ by 1e-4: more would show their rounding
            "updates_per_generation": 1,
            "max_completion_length": 24,
        },
        options={"tools": Talkative(LETTERS)},
    ),
    "bgpo": Paper(
        BGPOTrainer,
        BGPOConfig,
        {
            "mask_token_id": 2,
            "num_maskings": 3,
            "temperature": 1.0,
            "generation_kwargs": None,
        },
        model=tiny_mask_filler,
    ),
    "c-morl": Paper(
        CMORLTrainer,
        CMORLConfig,
        {"loss_type": "dapo", "objective": 0, "parent_value": [0.4, 0.6]},
        reward=lambda: [has_letter, is_short],
        abstaining=lambda: [has_letter_or_abstains, is_short],
    ),
    "crpg": Paper(CRPGTrainer, CRPGConfig, columns={"baseline": ["te"] * 4}, options={"judges": []}),
    "disco": Paper(DisCOTrainer, DisCOConfig, {"updates_per_generation": 1, "temperature": 1.0}),
    "dr-rpo": Paper(DRRPOTrainer, DRRPOConfig, columns={"domain": ["a", "b", "b", "a"]}, like="ngrpo"),
    "grpo": Paper(GRPOTrainer, ObjectiveConfig, {"loss_type": "dapo"}),
    "hapo": Paper(
        HAPOTrainer, HAPOConfig, {"loss_type": "dapo", "temperature": 1.0}, columns={"problem_id": [0, 1, 2, 3]}
    ),
    "hbpo": Paper(
        HBPOTrainer,
        HBPOConfig,
        {"updates_per_generation": 1, "budgets": [2, 7], "announcement": "e{budget}"},
        like="scaf-grpo",
    ),
    "rl-struct": Paper(RLStructTrainer, RLStructConfig, like="grpo"),
    "scaf-grpo": Paper(
        ScafGRPOTrainer,
        ScafGRPOConfig,
        {"updates_per_generation": 1, "exempt_ratio": 0.0, "hint_format": "{question}{hints}"},
        columns={
            "hints_knowledge": [["e"], ["o", "no"], None, []],
            "hints_solution": [["on"], None, ["te", "t", "o"], []],
        },
    ),
    "srpo": Paper(SRPOTrainer, SRPOConfig, {"loss_type": "dapo"}, like="ngrpo"),
    "mdpo": Paper(MDPOTrainer, MDPOConfig, {"loss_type": "dapo", "num_iterations": 2}),
    "ngrpo": Paper(NGRPOTrainer, NGRPOConfig, {"updates_per_generation": 1, "entropy_coef": 0.0}),
    "pairwise-ppo": Paper(
        PairwisePPOTrainer,
        PairwisePPOConfig,
        {"num_iterations": 1, "temperature": 1.0},
        reward=lambda: AnchorWinReward(has_more_of_the_letter),
        abstaining=lambda: AnchorWinReward(has_more_or_abstains),
        columns={"anchor": ["te", "no", "tete", "e"]},
    ),
    "poad": Paper(
        POADTrainer,
        POADConfig,
        {
            "loss_type": "dapo",
            "num_iterations": 1,
            "updates_per_generation": 1,
            "entropy_coef": 0.0,
            "critic_learning_rate": None,
            "max_action_length": 3,
            "max_completion_length": 12,
        },
        options={"environment": Echo},
    ),
    "vulpo": Paper(
        VULPOTrainer,
        VULPOConfig,
        {"correct_threshold": 0.5, "temperature": 1.0, "top_p": 1.0, "top_k": 0, "max_grad_norm": 1.0},
        columns={"is_vulnerable": [True, False, True, False]},
    ),
}

SHAPES = {name: paper for name, paper in PAPERS.items() if not paper.like}
