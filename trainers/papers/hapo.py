"""HAPO: GRPO on a reward that asks every problem's answer to be shorter than ever before.

    r_i = right_i + w · r_len(n_i, h) + r_rep        h: the shortest right answer to the problem so far
    A_i = (r_i − mean r) / (std r + 1e-4)            over the G answers of one problem
    h   ← min(h, n_i of right answers)               after the batch
    loss: GRPO's clipped surrogate with β · KL       TRL's own

The reward and what it remembers are in `rewards/hapo/reward.py`; nothing in the objective is new. This is the recipe:
the paper's settings, and a trainer that makes the reward of a judge of correctness.

"HAPO: Training Language Models to Reason Concisely via History-Aware Policy Optimization", arXiv 2505.11225.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...judges import ExactJudge, Judge
from ...rewards import HAPO, LengthHistory, Reward
from ...rewards.hapo.length_history import Mode
from ...rewards.hapo.length_reward import Kind
from ...rewards.hapo.reward import Unit
from ..composing import composed
from ..seam import ObjectiveConfig, ObjectiveTrainer

REWARD_SETTINGS = ("w", "c", "kind", "tolerance", "mode", "r_rep", "ngram_size", "id_column", "unit")


@dataclass
class HAPOConfig(ObjectiveConfig):
    """The paper's hyperparameters, and TRL's with the values of its training script.

    Raises:
        ValueError: a hyperparameter outside its range.
    """

    w: float = field(default=1.0, metadata={"help": "w: weight of the length reward; 0 is GRPO on correctness."})
    c: float = field(default=-0.7, metadata={"help": "c: least length reward of a right answer, in [-1, 0]."})
    kind: Kind = field(default="cosine", metadata={"help": "Form of r_len: 'cosine', or the ablation 'linear'."})
    tolerance: float = field(default=0.1, metadata={"help": "t of 'linear': lengths up to (1+t)·h cost nothing."})
    mode: Mode = field(default="min", metadata={"help": "h: 'min' of right answers' lengths, or their 'mean'."})
    r_rep: float = field(default=0.0, metadata={"help": "r_rep of nothing but repetition, 0 (off) or negative."})
    ngram_size: int = field(default=3, metadata={"help": "Tokens of the n-grams whose repetition counts."})
    id_column: str = field(default="problem_id", metadata={"help": "Column with each problem's stable id."})
    unit: Unit = field(default="tokens", metadata={"help": "What n counts: 'tokens', 'words' or 'characters'."})

    num_generations: int = field(default=2, metadata={"help": "G: answers to a problem."})
    per_device_train_batch_size: int = field(default=1, metadata={"help": "Answers in a micro-batch."})
    gradient_accumulation_steps: int = field(default=4, metadata={"help": "Micro-batches of an update."})
    num_train_epochs: float = field(default=5, metadata={"help": "Passes over the problems; the first has no history."})
    learning_rate: float = field(default=1e-6, metadata={"help": "Peak learning rate."})
    temperature: float = field(default=0.7, metadata={"help": "Sampling temperature."})
    max_completion_length: int | None = field(default=32768, metadata={"help": "Tokens drawn at most."})
    beta: float = field(default=0.04, metadata={"help": "β: weight of the KL penalty."})
    use_bias_correction_kl: bool = field(default=False, metadata={"help": "Whether the KL term is weighted by ρ."})
    epsilon: float = field(default=0.2, metadata={"help": "ε: how far the ratio may go."})
    loss_type: str = field(default="bnpo", metadata={"help": "Mean over the tokens of a micro-batch."})
    scale_rewards: str = field(default="group", metadata={"help": "Divide by the group's standard deviation."})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reward(ExactJudge())  # whatever the judge, a bad value raises here

    def reward(self, correct: Reward | Judge) -> HAPO:
        """The reward of these settings around a judge of correctness, named "hapo" so that it is logged."""
        reward = HAPO(
            correct,
            w=self.w,
            c=self.c,
            kind=self.kind,
            mode=self.mode,
            tolerance=self.tolerance,
            repetition_penalty=self.r_rep,
            ngram_size=self.ngram_size,
            id_column=self.id_column,
            unit=self.unit,
        )
        return reward.named("hapo")


class HAPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` that makes HAPO's reward of a judge of correctness.

        trainer = HAPOTrainer(model, MathJudge(), args=HAPOConfig("out"), train_dataset=dataset)

    The data set has a column `problem_id`. `reward_funcs` is what it was with `GRPOTrainer`: a judge, a composed
    reward or any reward function (1 is right). Of a list the first says what is right and the others stay as they are.
    A reward that has a `HAPO` in it already is left alone.

    Attributes:
        history: what is remembered; of several histories, the first reward's. Saved with every checkpoint.

    Raises:
        TypeError: correctness is to come from a reward model, which cannot say whether an answer is right.
        ValueError: the reward is composed already, so that settings of the config would be ignored.
    """

    config_class: ClassVar[type[HAPOConfig]] = HAPOConfig

    def __init__(
        self, model: Any, reward_funcs: Any = None, args: HAPOConfig | None = None, *more: Any, **named: Any
    ) -> None:
        config: Any = self._config(model, args)
        super().__init__(model, composed(reward_funcs, HAPO, config, REWARD_SETTINGS), config, *more, **named)
        found = [state for reward in self.reward_funcs for state in getattr(reward, "states", {}).values()]
        histories = [state for state in found if isinstance(state, LengthHistory)]
        tokenizer: Any = getattr(self.processing_class, "tokenizer", self.processing_class)
        for history in histories:
            history.special_ids |= {*self.eos_token_ids, tokenizer.pad_token_id} - {None}
        self.history: LengthHistory = histories[0]
