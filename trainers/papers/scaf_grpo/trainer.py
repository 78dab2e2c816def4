"""Scaf-GRPO's config, objective and trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

from ...objectives import require_within
from ...seam import Chain, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout
from ...seam.objective import Advantages
from .climbing import Climb, Search, climb, hinted_prompt, question_of
from .hints import check_hints, hint_column
from .ladder import HINT_FORMAT, TIERS, Replace, Rung, cliffs, exempt_steps, hint_schedule, succeeded
from .verifier import Verifier


@dataclass
class ScafGRPOConfig(ObjectiveConfig):
    """The hyperparameters of the paper and its code, and TRL's with their values.

    Raises:
        ValueError: a hyperparameter outside its range, or a format of hints without its three places.
    """

    exempt_ratio: float = field(
        default=0.15, metadata={"help": "Share of the optimizer steps, from the first one, without any help."}
    )
    exempt_steps: int | None = field(
        default=None, metadata={"help": "T_exempt in optimizer steps, instead of the share."}
    )
    tiers: list[str] = field(
        default_factory=lambda: list(TIERS),
        metadata={"help": "Kinds of hints, the most abstract first; NAME is read from the column hints_NAME."},
    )
    levels_per_tier: int = field(default=4, metadata={"help": "Chunks of a tier that are used at most."})
    max_rungs: int | None = field(default=None, metadata={"help": "Answers drawn with hints for a prompt, at most."})
    search: Search = field(
        default="sequential",
        metadata={"help": "'sequential' stops at the first success; 'parallel' draws all rungs in one call."},
    )
    replace: Replace = field(
        default="first", metadata={"help": "Which failed answer makes room: the group's 'first', or a 'random' one."}
    )
    keep_plain_prompt: bool = field(
        default=False,
        metadata={
            "help": "Learn the hinted answer under the plain prompt: off-policy, the paper's ablation. Not good."
        },
    )
    hint_format: str = field(
        default=HINT_FORMAT,
        metadata={"help": "The question with hints: {question}, {label} and {hints} are filled in."},
    )
    question_column: str | None = field(
        default=None, metadata={"help": "Column of the question. Default: what the prompt's user says last."}
    )
    answer_column: str = field(
        default="solution", metadata={"help": "Column of the gold answer; a hint that holds it is warned of."}
    )
    max_hinted_prompt_length: int | None = field(
        default=4096, metadata={"help": "Rungs with longer prompts, in tokens, are skipped. None: no limit."}
    )

    num_generations: int = field(default=8, metadata={"help": "N: answers to a problem."})
    epsilon: float = field(default=0.2, metadata={"help": "ε of the clip, on both sides."})
    delta: float | None = field(default=3.0, metadata={"help": "Dual clip: a loss of at most δ·|A| where A < 0."})
    loss_type: str = field(default="dapo", metadata={"help": "A mean over all tokens."})
    beta: float = field(default=0.0, metadata={"help": "No KL."})
    temperature: float = field(default=1.0, metadata={"help": "Of sampling, with hints and without."})
    learning_rate: float = field(default=1e-6, metadata={"help": "Constant."})
    lr_scheduler_type: str = field(default="constant", metadata={"help": "How the learning rate goes."})
    weight_decay: float = field(default=0.0, metadata={"help": "Of AdamW."})
    max_completion_length: int | None = field(default=2048, metadata={"help": "Longest answer, in tokens."})
    updates_per_generation: int | None = field(default=4, metadata={"help": "Updates on a generation."})

    def __post_init__(self) -> None:
        super().__post_init__()
        require_within(0.0, 1.0, exempt_ratio=self.exempt_ratio)
        for name, least in (("exempt_steps", 0), ("max_rungs", 1), ("levels_per_tier", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name}={value}: give {least} or more")
        for name, kind in (("search", Search), ("replace", Replace)):
            if getattr(self, name) not in get_args(kind):
                raise ValueError(
                    f"{name} must be {' or '.join(map(repr, get_args(kind)))}, not {getattr(self, name)!r}"
                )
        if not self.tiers:
            raise ValueError("tiers is empty: name at least one kind of hint")
        try:
            filled = self.hint_format.format(question="\0q", label="\0l", hints="\0h")
        except (LookupError, ValueError):
            filled = ""
        if "\0q" not in filled or "\0h" not in filled:
            raise ValueError(
                f"hint_format={self.hint_format!r}: write {{question}} and {{hints}} where they go, and {{label}} "
                "if you like; other braces are doubled"
            )


@dataclass(frozen=True)
class Help:
    """What the hints of one generation did, over all processes: `rungs` are the winners' orders, `tiers` theirs."""

    plain: list[float | None]
    cliffs: int
    drawn: int
    rungs: list[int]
    tiers: list[str]


class ScafGRPO(Objective):
    """GRPO; where a whole group fails, the answer that needed the least help takes the place of a failed one.

    It is conditioned on its hinted prompt when its likelihood is computed, so that it stays on-policy. Loss and
    advantages are TRL's own.

    verifier: the judge, reward or function that tells right from wrong.
    """

    def __init__(self, config: Any, verifier: Verifier) -> None:
        super().__init__(config)
        self.verify = verifier
        self.help: Help | None = None

    def exempt(self, max_steps: int) -> int:
        """T_exempt, in optimizer steps."""
        fixed: int | None = self.config.exempt_steps
        return exempt_steps(max_steps, self.config.exempt_ratio) if fixed is None else fixed

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        policy.extend(chains)
        own = self.verify(chains)
        plain = policy.gather(own)
        failed: dict[Any, int] = {}
        if policy.step + 1 > self.exempt(policy.max_steps):
            groups = [place // policy.num_generations for place in range(len(plain))]
            failed = cliffs(plain, groups, self.config.replace, f"{self.config.seed}/{policy.step}")
        # The process that holds the row which may be replaced climbs for its group.
        first = chains[0].group * policy.num_generations + chains[0].slot
        mine = [row - first for row in failed.values() if first <= row < first + len(chains)]
        climbs = climb({place: self.ladder(chains[place], policy) for place in mine}, chains, policy, self.verify,
                       self.config.search)  # fmt: skip
        for place, one in climbs.items():
            if one.winner is not None and one.rung is not None:
                if self.config.keep_plain_prompt:
                    one.winner.prompt_ids = chains[place].prompt_ids
                one.winner.columns["scaf_rung"] = one.rung.order
                chains[place] = one.winner
        for chain in chains:
            chain.columns.setdefault("scaf_rung", 0)
        self.help = help_of(plain, len(failed), policy.gather([_told(one) for one in climbs.values()]))

    def ladder(self, chain: Chain, policy: Policy) -> list[tuple[Rung, list[int]]]:
        """The rungs of a row's hints with their prompt ids; those with too long prompts are left out."""
        config, row = self.config, chain.row
        question = question_of(chain.prompt) if config.question_column is None else str(row[config.question_column])
        hints = {tier: row.get(hint_column(tier)) for tier in config.tiers}
        rungs = hint_schedule(question, hints, config.tiers, config.levels_per_tier, config.hint_format)
        ids = policy.tokenize([hinted_prompt(chain.prompt, rung.user_message) for rung in rungs])
        longest = config.max_hinted_prompt_length
        fitting = [(rung, own) for rung, own in zip(rungs, ids, strict=True) if longest is None or len(own) <= longest]
        return fitting[: config.max_rungs]

    def advantages(self, rollout: Rollout) -> Advantages:
        """TRL's own, of the rewards of the group as it is now; the log tells apart who was helped."""
        if rollout.training and self.help is not None:
            for name, value in measures(self.help, rollout.num_generations, self.config.tiers).items():
                rollout.log(f"scaf/{name}", value)
        return rollout.trl_advantages


def help_of(plain: list[float | None], failed: int, told: Sequence[tuple[int, int | None, str | None]]) -> Help:
    """From what all processes gathered."""
    winners = [(rung, tier) for _, rung, tier in told if rung is not None and tier is not None]
    return Help(plain, failed, sum(drawn for drawn, _, _ in told), [r for r, _ in winners], [t for _, t in winners])


def measures(help: Help, num_generations: int, tiers: Sequence[str]) -> dict[str, float]:
    """What is logged: success without hints, with them, and on which rung; the latter only where there was one."""
    solved = [succeeded(score) for score in help.plain]
    measured = {
        "plain_solve_rate": sum(solved) / max(len(solved), 1),
        "cliff_rate": help.cliffs * num_generations / max(len(solved), 1),
        "extra_generations": float(help.drawn),
    }
    if help.cliffs:
        measured["hinted_solve_rate"] = len(help.rungs) / help.cliffs
        measured |= {f"solved_by_{tier}": help.tiers.count(tier) / help.cliffs for tier in tiers}
    if help.rungs:
        measured["rung"] = sum(help.rungs) / len(help.rungs)
    return measured


def _told(one: Climb) -> tuple[int, int | None, str | None]:
    return (one.drawn, None, None) if one.rung is None else (one.drawn, one.rung.order, one.rung.tier)


class ScafGRPOTrainer(ObjectiveTrainer):
    """`GRPOTrainer` with hints for prompts that the policy cannot solve alone.

        trainer = ScafGRPOTrainer(model, MathJudge(), args=ScafGRPOConfig("out"), train_dataset=with_hints(dataset))

    The data set has the columns `hints_knowledge`, `hints_planning` and `hints_solution`, lists of chunks from abstract
    to concrete; `with_hints` makes them of a published data set. Evaluation never sees a hint.

    Args:
        verifier: the judge, reward or reward function whose number above 0 is a success. Default: the one reward
            function. Needed where there are several, or where the reward has bonuses for anything but being right.

    Raises:
        ValueError: no one reward function and no verifier, or hints that are no lists of texts.
        TypeError: a verifier that cannot be asked.
    """

    objective_class: ClassVar[type[ScafGRPO]] = ScafGRPO
    config_class: ClassVar[type[ScafGRPOConfig]] = ScafGRPOConfig

    def __init__(
        self,
        model: Any,
        reward_funcs: Any = None,
        args: ScafGRPOConfig | None = None,
        *more: Any,
        verifier: Any = None,
        objective: ScafGRPO | None = None,
        **named: Any,
    ) -> None:
        config: Any = self._config(model, args)
        functions = reward_funcs if isinstance(reward_funcs, list) else [reward_funcs]
        objective = objective or self.objective_class(config, Verifier(verifier, functions))
        super().__init__(model, reward_funcs, config, *more, objective=objective, **named)
        check_hints(self.train_dataset, config.tiers, config.answer_column)
