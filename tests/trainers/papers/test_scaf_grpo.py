"""Scaf-GRPO: the ladder, who is helped and who is not, and that nothing else changes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from datasets import Dataset
from online_papers import PAPERS
from paper_runs import build as build_paper
from paper_runs import weights
from seam_tiny import LETTERS, tiny_tokenizer
from transformers import AutoModelForCausalLM

from jurybox.benchmarks.papers.scaf_grpo.tabular import train
from jurybox.judges import ExactJudge
from jurybox.rewards import Function
from jurybox.trainers import Chain, ObjectiveConfig, ObjectiveTrainer, ScafGRPOConfig, with_hints
from jurybox.trainers.papers.scaf_grpo import (
    ScafGRPO,
    cliffs,
    group_update,
    hint_schedule,
    select,
    without_easy_problems,
)
from jurybox.trainers.papers.scaf_grpo.climbing import climb, hinted_prompt, question_of
from jurybox.trainers.papers.scaf_grpo.hints import answer_stands_in, check_hints
from jurybox.trainers.papers.scaf_grpo.verifier import Verifier

PAPER = PAPERS["scaf-grpo"]
EOS = 1

# ---- the ladder -------------------------------------------------------------------------------------------


def test_what_is_not_there_has_no_rung() -> None:
    hints = {"knowledge": ["a", None, " ", "b", "c"], "planning": [], "solution": None}
    rungs = hint_schedule("q", hints, levels_per_tier=2)
    assert [(rung.order, rung.level, rung.chunks) for rung in rungs] == [(1, 1, ("a",)), (2, 2, ("a", "b"))]
    assert hint_schedule("q", {}) == []
    both = hint_schedule("{q}", {"solution": ["s"], "knowledge": ["{k}"]}, ["solution", "knowledge"])
    assert [(rung.order, rung.tier) for rung in both] == [(1, "solution"), (2, "knowledge")]
    assert both[1].user_message == "Question: {q}\nKnowledge Hints: {k}"
    with pytest.raises(ValueError, match="'knowledge': expected a list of texts"):
        hint_schedule("q", {"knowledge": "a long text"})
    with pytest.raises(ValueError, match="levels_per_tier=0"):
        hint_schedule("q", {}, levels_per_tier=0)


def test_the_least_help_wins_and_a_tie_goes_to_the_first() -> None:
    assert select([3, 2, 2], [1.0, 0.5, 1.0]) == (1, 2)
    assert select([1, 2], [None, math.nan]) == (None, None)


def test_a_cliff_is_a_group_where_somebody_was_judged_and_nobody_right() -> None:
    rewards = [None, 0.0, -1.0, 0.2, None, math.nan, 0.0, 0.0]
    assert cliffs(rewards, "aaabccdd") == {"a": 0, "d": 6}
    chosen = {cliffs([0.0] * 8, "aaaabbbb", "random", seed)["b"] for seed in range(40)}
    assert chosen == {4, 5, 6, 7}
    assert cliffs([0.0] * 8, "aaaabbbb", "random", 3) == cliffs([0.0] * 8, "aaaabbbb", "random", 3)
    with pytest.raises(ValueError, match="replace must be one of"):
        cliffs([0.0], "a", "last")  # type: ignore[arg-type]


def test_a_repaired_group_has_plain_grpos_advantages() -> None:
    update = group_update([None, 0.0, 0.0, 1.0, 0.0, None, 0.0, None], "aaabbccd", dict.fromkeys("abcd", 1.0), 2, 1)
    assert update.replaced_row == {"a": 0, "c": 5}
    assert update.final_rewards == [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, None]
    a, b = [2 / math.sqrt(3), -1 / math.sqrt(3)], [math.sqrt(0.5), -math.sqrt(0.5)]
    expected = torch.tensor([*a, a[1], *b, *b, 0.0], dtype=torch.float64)
    torch.testing.assert_close(update.advantages, expected, atol=1e-5, rtol=0)
    assert update.advantages_without_scaffold[:3].tolist() == [0.0] * 3
    exempt = group_update([0.0, 0.0], "aa", {"a": 1.0}, 1, 1)
    assert (exempt.replaced_row, exempt.final_rewards) == ({}, [0.0, 0.0])


# ---- hints and problems -----------------------------------------------------------------------------------


def test_the_released_columns_are_read() -> None:
    row = {"knowledge_components_parts": ["a", "b"], "planning_skeleton_parts": '["c", null]', "n": 1}
    dataset = Dataset.from_list([{**row, "solution_breakdown_parts": None}, {**row, "solution_breakdown_parts": ["d"]}])
    first, second = with_hints(dataset)
    assert first == {"hints_knowledge": ["a", "b"], "hints_planning": ["c"], "hints_solution": [], "n": 1}
    assert second["hints_solution"] == ["d"]
    with pytest.raises(ValueError, match="no column 'plan'"):
        with_hints(dataset.select_columns(["n"]), {"planning": "plan"})
    with pytest.raises(ValueError, match="n of row 0"):
        with_hints(Dataset.from_list([{"n": "first, then"}]), {"planning": "n"})


@pytest.mark.parametrize(
    ("answer", "hint", "stands"),
    [
        ("42", "6 * 7 = 42.", True),
        ("4", "the 42nd, 0.4, 4.5, x4", False),
        (4, "so 4", True),
        (r"long, \boxed{\frac{1}{2}}", r"half is \frac{1}{2}", True),
        ("worked #### 18", "18 eggs", True),
        (None, "None", False),
        ("", "anything", False),
    ],
)
def test_whether_the_answer_stands_in_a_hint(answer: Any, hint: str, stands: bool) -> None:
    assert answer_stands_in(answer, hint) is stands


def test_hints_are_looked_through_before_training() -> None:
    told = Dataset.from_list(
        [{"hints_planning": ["add"], "solution": "5"}, {"hints_planning": ["2, so 5"], "solution": "5"}]
    )
    with pytest.warns(UserWarning, match=r"in 1 of 2 rows .first: row 1, hints_planning."):
        check_hints(told)
    with pytest.warns(UserWarning, match="no prompt is ever helped"):
        check_hints(told.select_columns(["solution"]))
    check_hints(told.select([0]))
    check_hints(told.to_iterable_dataset())


def test_problems_that_are_always_solved_are_left_out_and_half_of_the_middle() -> None:
    rows = Dataset.from_list([{"prompt": str(n % 3), "solution": "1"} for n in range(300)])
    answers = {"0": ["1"] * 4, "1": ["1", "0", "1", "0"], "2": ["0"] * 4}
    kept = without_easy_problems(rows, ExactJudge(), lambda prompts, k, seeds: [answers[p] for p in prompts], k=4)
    counts = {solved: kept["solve_rate"][:].count(solved) for solved in (0.0, 0.5, 1.0)}
    assert counts[0.0] == 100
    assert 35 <= counts[0.5] <= 65
    assert counts[1.0] == 0


# ---- climbing ---------------------------------------------------------------------------------------------


class Answers:
    """A policy that writes one token, or none where the prompt's first id is in `silent`."""

    def __init__(self, silent: Sequence[int] = ()) -> None:
        self.silent = silent
        self.calls: list[int] = []

    def anyone(self, busy: bool) -> bool:
        return busy

    def extend(self, chains: Sequence[Chain]) -> None:
        self.calls.append(len(chains))
        for chain in chains:
            chain.add([EOS] if chain.prompt_ids[0] in self.silent else [chain.prompt_ids[0], EOS])


def ladder(length: int) -> list[Any]:
    hints = {"knowledge": ["k"] * min(length, 4), "planning": ["p"] * max(length - 4, 0)}
    return [(rung, [rung.order + 10]) for rung in hint_schedule("q", hints)]


def climbed(right: Sequence[int], search: Any, silent: Sequence[int] = (), length: int = 6) -> tuple[Any, Any]:
    policy: Any = Answers(silent)
    chain = Chain("q", {}, 0, 0, [1], 8, tiny_tokenizer(), {EOS})

    def verify(chains: Sequence[Chain]) -> list[float | None]:
        return [float(one.prompt_ids[0] - 10 in right) for one in chains]

    return climb({0: ladder(length)}, [chain], policy, verify, search)[0], policy.calls


@pytest.mark.parametrize("rung", [1, 3, 5])
def test_as_many_answers_are_drawn_one_by_one_as_the_rung_says(rung: int) -> None:
    one, calls = climbed([rung, 6], "sequential")
    assert (one.drawn, one.rung.order, calls) == (rung, rung, [1] * rung)
    assert one.winner.prompt_ids == [rung + 10]
    together, calls = climbed([rung, 6], "parallel")
    assert (together.drawn, together.rung.order, calls) == (6, rung, [6])


@pytest.mark.parametrize("search", ["sequential", "parallel"])
def test_silence_is_no_success_and_a_ladder_may_end(search: str) -> None:
    one, _ = climbed([2, 4], search, silent=[12])
    assert one.rung.order == 4
    nobody, _ = climbed([], search)
    assert (nobody.winner, nobody.rung, nobody.drawn) == (None, None, 6)
    nothing, calls = climbed([], search, length=0)
    assert (nothing.drawn, calls) == (0, [])


def test_a_hint_stands_in_the_last_question() -> None:
    spoken = [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]
    assert question_of(spoken) == question_of("q") == "q"
    assert hinted_prompt(spoken, "q!") == [spoken[0], {"role": "user", "content": "q!"}]
    for prompt in ([spoken[0]], [{"role": "user", "content": [{"type": "image"}]}]):
        with pytest.raises(ValueError, match="in text"):
            question_of(prompt)


def test_the_verifier_must_be_known() -> None:
    async def later(**_: Any) -> list[float]:
        return [1.0]

    with pytest.raises(ValueError, match="there are 2 reward functions: say with verifier="):
        Verifier(None, [len, len])
    with pytest.raises(TypeError, match="asynchronous"):
        Verifier(None, [later])
    with pytest.raises(TypeError, match="not str"):
        Verifier(None, ["some/reward-model"])
    chain = Chain("q", {"solution": "4"}, 0, 0, [1], 8, tiny_tokenizer(), {EOS})
    assert Verifier(ExactJudge())([chain]) == [0.0]
    assert Verifier(Function(lambda **_: [None]))([chain]) == [None]
    with pytest.raises(ValueError, match="2 numbers for 1 completions"):
        Verifier(lambda **_: [0.0, 0.0])([chain])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hint_format": "{hints}"}, "hint_format"),
        ({"hint_format": "{question} {hint}"}, "hint_format"),
        ({"exempt_ratio": 1.5}, "exempt_ratio"),
        ({"max_rungs": 0}, "max_rungs"),
        ({"search": "both"}, "search must be 'sequential' or 'parallel'"),
        ({"tiers": []}, "tiers is empty"),
    ],
)
def test_settings_without_meaning_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ScafGRPOConfig("out", use_cpu=True, bf16=False, report_to="none", **settings)


# ---- in the trainer ---------------------------------------------------------------------------------------


class Recording(ScafGRPO):
    """Keeps what came of each generation, and the ratios of the first update."""

    def advantages(self, rollout: Any) -> Any:
        self.rollouts = [*getattr(self, "rollouts", []), rollout]
        return super().advantages(rollout)


def recorded(model_dir: str, out: Any, reward: Any, **settings: Any) -> Any:
    defaults = {"num_iterations": 2, "max_steps": 2, "top_k": 1, "generation_kwargs": None}
    paper = dataclasses.replace(PAPER, reward=lambda: reward)
    trainer = build_paper(paper, model_dir, str(out), **{**defaults, **settings})
    trainer.policy_objective.__class__ = Recording
    trainer.train()
    return trainer


def never(completions: Sequence[str], **_: Any) -> list[float]:
    return [0.0] * len(completions)


class Third:
    """Right is what comes with the third call of the verifier: the second rung, of a ladder climbed one by one."""

    __name__ = "third"

    def __init__(self) -> None:
        self.calls = 0
        self.right: list[list[int]] = []

    def __call__(self, completions: Sequence[str], completion_ids: Sequence[list[int]], **_: Any) -> list[float]:
        self.calls += 1
        if self.calls == 3:
            self.right = [list(ids) for ids in completion_ids]
        return [float(list(ids) in self.right) for ids in completion_ids]


@pytest.mark.slow
def test_a_helped_row_keeps_its_hinted_prompt_and_the_others_theirs(model_dir: str, tmp_path: Any) -> None:
    trainer = recorded(model_dir, tmp_path, Third(), eval_strategy="steps", eval_steps=2, max_steps=2)
    trained, evaluated = (
        next(one for one in trainer.policy_objective.rollouts if one.training is training) for training in (True, False)
    )
    rungs = [row["scaf_rung"] for row in trained.rows]
    assert max(rungs) > 0
    tokenizer = tiny_tokenizer()
    for place, (row, rung) in enumerate(zip(trained.rows, rungs, strict=True)):
        hints = hint_schedule(row["prompt"], {t: row.get(f"hints_{t}") for t in ("knowledge", "solution")},
                              hint_format="{question}{hints}")  # fmt: skip
        expected = hints[rung - 1].user_message if rung else row["prompt"]
        ids = trained.prompt_ids[place][trained.prompt_mask[place] > 0].tolist()
        assert ids == tokenizer(expected)["input_ids"]
        assert trained.rewards[place, 0] == 1 or not rung
        assert trained.prompts[place] == row["prompt"], "reward functions see the prompt of the data set"
    assert not any("scaf_rung" in row for row in evaluated.rows)
    log = trainer.state.log_history[0]
    assert log["scaf/rung"] == max(rungs) == 2
    assert log["scaf/plain_solve_rate"] == 0
    assert 0 < log["scaf/hinted_solve_rate"] <= 1
    # The old log-probabilities are those under each row's own prompt: at the first update every ratio is 1.
    before = AutoModelForCausalLM.from_pretrained(model_dir)
    for place in (rungs.index(2), rungs.index(0)):
        ids = torch.cat([trained.prompt_ids[place][trained.prompt_mask[place] > 0], trained.completion_ids[place]])
        own = before(input_ids=ids[None]).logits[0].log_softmax(-1)[:-1].gather(1, ids[1:, None])[:, 0]
        length = int(trained.mask[place].sum())
        start = len(ids) - len(trained.completion_ids[place]) - 1
        torch.testing.assert_close(trained.old_logps[place][:length], own[start : start + length], atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reward", "settings"),
    [
        (never, {"exempt_ratio": 1.0}),
        (never, {"tiers": ["planning"]}),
        (lambda completions, **_: [float(place % 4 == 0) for place in range(len(completions))], {}),
        (lambda completions, **_: [None] * len(completions), {}),
    ],
    ids=["exempt", "no hints", "all groups have a success", "nobody can judge"],
)
def test_without_a_cliff_or_hints_it_is_grpo_bit_by_bit(
    reward: Any, settings: dict[str, Any], model_dir: str, tmp_path: Any
) -> None:
    if "tiers" in settings:
        with pytest.warns(UserWarning, match="no prompt is ever helped"):
            ours = recorded(model_dir, tmp_path / "ours", reward, top_k=0, **settings)
    else:
        ours = recorded(model_dir, tmp_path / "ours", reward, top_k=0, **settings)
    same = {name: getattr(ours.args, name) for name in ("epsilon", "delta", "loss_type", "weight_decay")}
    plain = dataclasses.replace(
        PAPER, trainer=ObjectiveTrainer, config=ObjectiveConfig, settings={}, reward=lambda: reward
    )
    theirs = build_paper(plain, model_dir, str(tmp_path / "theirs"), num_iterations=2, max_steps=2, top_k=0,
                         generation_kwargs=None, **same)  # fmt: skip
    theirs.train()
    assert torch.equal(weights(ours), weights(theirs))
    assert [row.get("loss") for row in ours.state.log_history] == [row.get("loss") for row in theirs.state.log_history]


@pytest.mark.slow
def test_a_rung_that_is_too_long_is_skipped(model_dir: str, tmp_path: Any) -> None:
    plain = max(len(tiny_tokenizer()(f"say {c}")["input_ids"]) for c in LETTERS)
    trainer = recorded(model_dir, tmp_path, never, max_steps=1, num_iterations=1, max_hinted_prompt_length=plain)
    assert trainer.state.log_history[0]["scaf/extra_generations"] == 0


# ---- a policy of numbers ----------------------------------------------------------------------------------


def test_hard_questions_are_solved_without_hints_in_the_end() -> None:
    *_, helped = train(0, helped=True, steps=240)
    *_, alone = train(0, helped=False, steps=240)
    assert min(helped["easy"], helped["hard"], alone["easy"]) >= 0.9
    assert alone["hard"] < 0.01
