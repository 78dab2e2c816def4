"""Generation by chains: every way of drawing completions, on any number of processes; and TRL's own left alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from chain_objectives import KINDS, OPENINGS, PRINTED, Forced, Tool, Unlearnt
from chain_runs import GROUP, ROWS
from datasets import Dataset
from seam_tiny import LETTERS, count_letter, tiny_tokenizer
from test_seam_training_parity import train
from trl import GRPOTrainer

from jurybox.judges import completion_text
from jurybox.trainers import GRPO, Chain, Objective, ObjectiveTrainer, Policy
from jurybox.trainers.seam import Segment
from tests.trainers.launching import launch

RUNS = Path(__file__).with_name("chain_runs.py")
EOS = 1

Build = Callable[..., Any]


def chain(prompt: Any = "say e", max_length: int = 24, **more: Any) -> Chain:
    fields = {"row": {}, "slot": 0, "group": 0, "prompt_ids": [7], "tokenizer": tiny_tokenizer(), "end_ids": {EOS}}
    return Chain(prompt=prompt, max_length=max_length, **{**fields, **more})


# ---- a chain ----------------------------------------------------------------------------------------------


def test_what_others_say_is_neither_trained_nor_the_answer() -> None:
    text = chain()
    text.add("on", trained=False)
    text.add("e", logprobs=[-0.5])
    text.add(PRINTED, role="tool")
    text.add("t")
    assert text.completion == "one\nt", "the model's own words"
    told = len(tiny_tokenizer()(PRINTED)["input_ids"])
    assert text.trained == [False, False, True, *[False] * told, True]
    assert [p for p in text.logprobs if not math.isnan(p)] == [-0.5]
    assert tiny_tokenizer().decode(text.own_ids) == "onet"


def test_in_a_conversation_judges_see_who_said_what() -> None:
    spoken = chain([{"role": "user", "content": "1+1?"}])
    assert spoken.completion == [{"role": "assistant", "content": ""}]
    spoken.add("on", trained=False)
    spoken.add("e")
    spoken.add("<tool>5", role="tool", content="5")
    assert completion_text(spoken.completion) == "one", "a tool has not answered for the model"
    spoken.add("t")
    assert spoken.completion == [
        {"role": "assistant", "content": "one"},
        {"role": "tool", "content": "5"},
        {"role": "assistant", "content": "t"},
    ]


def test_a_chain_is_never_longer_than_it_may_be() -> None:
    short = chain(max_length=3)
    short.add("eo", logprobs=[-1.0, -2.0])
    short.add(PRINTED, role="tool")
    short.add("e")
    assert len(short.ids) == len(short.trained) == len(short.logprobs) == 3
    assert (short.room(), chain().room(5), chain().room(99)) == (0, 5, 24)
    with pytest.raises(ValueError, match="2 tokens came with 1 log-probabilities"):
        short.add([5, 6], logprobs=[-1.0])


def test_only_the_model_ends_a_chain() -> None:
    ending = chain()
    assert not ending.ended
    ending.add([5, EOS])
    assert ending.ended
    ending.add([6, EOS], role="tool")
    assert not ending.ended, "the model may answer"
    ending.add([])
    assert not ending.ended


def test_a_branch_shares_the_past_and_a_fresh_chain_only_the_row() -> None:
    root = chain(row={"letter": "e"})
    root.add("e")
    root.columns["depth"] = 1
    branch, fresh = root.branch(), root.fresh([8, 9])
    branch.add("o")
    branch.columns["depth"] = 2
    assert (root.completion, branch.completion, fresh.completion) == ("e", "eo", "")
    fresh.follow(branch.past)
    fresh.add("t")
    assert (branch.completion, fresh.completion) == ("eo", "eot")
    fresh = root.fresh([8, 9])
    assert (root.columns, branch.columns, fresh.columns) == ({"depth": 1}, {"depth": 2}, {})
    assert (root.prompt_ids, fresh.prompt_ids, fresh.row) == ([7], [8, 9], {"letter": "e"})


# ---- the policy -------------------------------------------------------------------------------------------


@pytest.fixture
def trainer(build: Build) -> Any:
    return build(ObjectiveTrainer, max_completion_length=12, top_k=1, generation_kwargs=None, temperature=0.7)


def test_a_limit_counts_what_is_in_the_chain_already(trainer: Any) -> None:
    policy = Policy(trainer)
    first, second, third = policy.chains(["say e"] * 3)
    second.add("eoto")
    third.add([EOS])
    segments = policy.extend([first, second, third], limit=6)
    assert [len(segment.ids) for segment in segments] == [6, 2, 0]
    assert segments[2] == Segment()
    assert [len(segment.ids) for segment in policy.extend([first, second], tokens=2)] == [2, 2]
    assert [len(segment.ids) for segment in policy.extend([first, second], limit=99)] == [4, 4]
    assert trainer.generation_config.max_new_tokens == 12, "as it was"


def test_a_stop_text_ends_a_segment_behind_the_token_that_completes_it(trainer: Any) -> None:
    policy = Policy(trainer)
    (whole,) = policy.chains(["say eot"])
    policy.extend([whole])
    text = policy.tokenizer.decode(whole.ids)
    stop = text[2:5]
    (cut,) = policy.chains(["say eot"])
    (segment,) = policy.extend([cut], stop=["never", stop])
    assert segment.stopped == stop
    assert not segment.ended
    assert cut.ids == segment.ids == whole.ids[: len(cut.ids)]
    shorter = policy.tokenizer.decode(cut.ids[:-1])
    assert stop in policy.tokenizer.decode(cut.ids)
    assert stop not in shorter


def test_the_likeliest_tokens_come_at_the_temperature_of_sampling(trainer: Any) -> None:
    policy = Policy(trainer)
    chains = policy.chains(["say e", "say eeto"])
    chains[1].add("no")
    segments = policy.extend(chains, limit=5, top=3)
    for chain, segment in zip(chains, segments, strict=True):
        ids = torch.tensor([[*chain.prompt_ids, *chain.ids]])
        with torch.no_grad():
            logps = (trainer.model(input_ids=ids).logits[0].double() / 0.7).log_softmax(-1)
        expected = logps[-len(segment.ids) - 1 : -1].topk(3).values
        assert len(segment.ids) in (3, 5)
        torch.testing.assert_close(torch.tensor(segment.top).double(), expected, atol=1e-5, rtol=0)


# ---- TRL's own drawing ------------------------------------------------------------------------------------


class Own(Objective):
    """What `generate` is when it is left alone, written out."""

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        policy.extend(chains)


@pytest.mark.slow
def test_extending_every_chain_once_is_what_trl_does(build: Build) -> None:
    settings = {"num_iterations": 2, "max_steps": 4, "loss_type": "dapo"}
    gradients, logs = train(build(GRPOTrainer, **settings))
    own_gradients, own_logs = train(build(ObjectiveTrainer, **settings, trainer_options={"objective": Own}))
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(own_gradients, gradients, strict=True))
    assert own_logs == logs


def look(word: str) -> str:
    """Look a word up.

    Args:
        word: The word.
    """
    looked.append(word)
    return "no"


looked: list[str] = []


class Room:
    """An environment with one tool."""

    def reset(self, **columns: Any) -> str:
        self.seen = 0
        return " go"

    def look_around(self, word: str) -> str:
        """Look around.

        Args:
            word: The word.
        """
        self.seen += 1
        looked.append(word)
        return "on" * self.seen


TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
    "{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments }}{% endfor %}<eos>"
    "{% endgeneration %}{% else %}{{ m.role[0] }} {{ m.content }} {% endif %}{% endfor %}"
)


def calling_tokenizer(tool: str) -> Any:
    """A tokenizer that reads every completion with a token of even number first as a call of the tool."""
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = TEMPLATE
    tokenizer.response_template = {"defaults": {"role": "assistant"}}

    def parse_response(ids: list[int], **_: Any) -> dict[str, Any]:
        said: dict[str, Any] = {"role": "assistant", "content": tokenizer.decode(ids, skip_special_tokens=True)}
        call = {"type": "function", "function": {"name": tool, "arguments": {"word": "e"}}}
        return said | ({"tool_calls": [call]} if ids[0] % 2 == 0 else {})

    tokenizer.parse_response = parse_response
    return tokenizer


def spoken_letter(completions: list[Any], letter: list[str], **_: Any) -> list[float]:
    return count_letter([completion_text(completion) for completion in completions], letter)


CONVERSATIONS = Dataset.from_list([{"prompt": [{"role": "user", "content": c}], "letter": c} for c in LETTERS] * 4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "options"),
    [("look", {"tools": [look]}), ("look_around", {"environment_factory": Room})],
)
@pytest.mark.parametrize("objective", [Objective, GRPO])
def test_tools_and_environments_of_the_plain_objective_are_trls(
    tool: str, options: dict[str, Any], objective: type[Objective], build: Build
) -> None:
    def run(trainer_class: type, **more: Any) -> tuple[torch.Tensor, list[Any], int]:
        looked.clear()
        trainer = build(
            trainer_class,
            reward_funcs=[spoken_letter],
            train_dataset=CONVERSATIONS,
            processing_class=calling_tokenizer(tool),
            max_completion_length=24,
            max_tool_calling_iterations=2,
            max_steps=2,
            num_iterations=1,
            trainer_options={**options, **more},
        )
        _, logs = train(trainer)
        return torch.cat([p.detach().flatten() for p in trainer.model.parameters()]), logs, len(looked)

    weights, logs, calls = run(GRPOTrainer)
    own_weights, own_logs, own_calls = run(ObjectiveTrainer, objective=objective)
    assert calls == own_calls > 0, "the tool was used"
    assert any(row.get("tools/call_frequency") for row in logs)
    if objective is Objective:
        assert torch.equal(own_weights, weights)
    torch.testing.assert_close(own_weights, weights, atol=1e-6, rtol=0)
    for row, expected in zip(own_logs, logs, strict=True):
        assert row == pytest.approx(expected, abs=1e-6, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("objective", [Own, Forced])
def test_evaluation_is_trls_unless_the_objective_says_otherwise(objective: type[Objective], build: Build) -> None:
    asked: list[bool] = []

    class Asked(objective):  # type: ignore[misc, valid-type]
        generates_in_evaluation = objective is Forced

        def generate(self, chains: list[Chain], policy: Policy) -> None:
            asked.append(policy.training)
            super().generate(chains, policy)

    settings = {"evaluate": True, "eval_strategy": "steps", "eval_steps": 1, "max_steps": 1}
    build(
        ObjectiveTrainer, **settings, num_iterations=2, steps_per_generation=1, trainer_options={"objective": Asked}
    ).train()
    assert set(asked) == ({True, False} if objective is Forced else {True})


def test_who_draws_chains_takes_no_other_way_of_drawing(build: Build) -> None:
    with pytest.raises(ValueError, match="Own draws completions itself: give no tools"):
        build(
            ObjectiveTrainer,
            processing_class=calling_tokenizer("look"),
            train_dataset=CONVERSATIONS,
            trainer_options={"objective": Own, "tools": [look]},
        )


# ---- what generate() leaves -------------------------------------------------------------------------------


def leaves(build: Build, generate: Callable[[list[Chain], Policy], None], **settings: Any) -> Any:
    objective = type("Drawn", (GRPO,), {"generate": lambda self, chains, policy: generate(chains, policy)})
    trainer = build(ObjectiveTrainer, max_steps=1, **settings, trainer_options={"objective": objective})
    trainer.train()
    return trainer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda chains: chains.pop(), "must keep 8 chains, and left 7"),
        (lambda chains: chains.reverse(), "put a chain of prompt 1 in a place of prompt 0"),
        (lambda chains: chains.__setitem__(1, chains[0]), "one chain in two places of prompt 0"),
        (lambda chains: chains[0].columns.update(env_mask=[1]), "the column env_mask, which every row has"),
    ],
)
def test_every_row_keeps_its_place(spoil: Callable[[list[Chain]], Any], message: str, build: Build) -> None:
    def generate(chains: list[Chain], policy: Policy) -> None:
        policy.extend(chains)
        spoil(chains)

    with pytest.raises(ValueError, match=message):
        leaves(build, generate)


@pytest.mark.slow
def test_a_chain_left_empty_gets_the_end_token_and_reward_functions_the_models_tokens(build: Build) -> None:
    given: list[list[int]] = []

    def reward(completions: list[str], completion_ids: list[list[int]], note: list[Any], **_: Any) -> list[float]:
        given.extend(completion_ids)
        assert note == ["first", None] * 4, "a column that only some chains have is None in the others"
        return [0.0, 1.0] * 4

    def generate(chains: list[Chain], policy: Policy) -> None:
        for one in chains[::2]:
            one.columns["note"] = "first"
            one.add("e")
            one.add(PRINTED, role="tool")

    trainer = leaves(build, generate, reward_funcs=[reward], num_iterations=2)
    assert given == [tiny_tokenizer()("e")["input_ids"], [EOS]] * 4
    log = trainer.state.log_history[0]
    assert (log["completions/min_length"], log["completions/max_length"]) == (0, 1)
    assert math.isfinite(log["loss"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Unlearnt, Tool])
def test_what_is_not_trained_is_outside_a_ratio_of_sequences_too(kind: type[GRPO], build: Build) -> None:
    """`Watched.loss` moves what is outside the mask, and asks for the same loss."""
    for loss_type in ("grpo", "bnpo", "dr_grpo"):
        settings = {"importance_sampling_level": "sequence", "loss_type": loss_type, "num_iterations": 2, "beta": 0.1}
        build(ObjectiveTrainer, **settings, max_steps=2, trainer_options={"objective": kind}).train()


# ---- several processes ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results(model_dir: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[dict[str, Any]]]:
    """By the number of processes, one result a rank. Of 15 rows, or 10, groups of 6 are cut."""
    out = tmp_path_factory.mktemp("chains")
    return {
        n: launch(RUNS, model_dir, str(out / str(n)), str(ROWS // n), processes=n, out=out / str(n)) for n in (1, 2, 3)
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_processes_draws_and_learns_the_same(kind: str, results: Any) -> None:
    (alone,) = (result[kind] for result in results[1])
    for ranks in (results[2], results[3]):
        for rank in ranks:
            assert rank[kind]["seen"] == ranks[0][kind]["seen"]
            for seen, expected in zip(rank[kind]["seen"], alone["seen"], strict=True):
                assert seen["rows"] == expected["rows"]
                assert seen["advantages"] == pytest.approx(expected["advantages"], abs=1e-5)
            assert rank[kind]["entropy"] == pytest.approx(alone["entropy"], abs=1e-5)
            ours, expected_weights = torch.tensor(rank[kind]["weights"]), torch.tensor(alone["weights"])
            torch.testing.assert_close(ours, expected_weights, atol=1e-5, rtol=0)
    assert max(map(abs, alone["seen"][0]["advantages"])) > 0.5, "there was something to learn"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_process_samples_equally_often_and_as_many_rows(kind: str, results: Any) -> None:
    for ranks in results.values():
        assert len({tuple(rank[kind]["sampled"]) for rank in ranks}) == 1
    assert len(results[1][0][kind]["sampled"]) == len(results[3][0][kind]["sampled"])


def rows_of(results: Any, kind: str) -> list[dict[str, Any]]:
    return results[3][0][kind]["seen"][0]["rows"]


@pytest.mark.slow
def test_an_opening_is_in_the_completion_and_learnt_or_not(results: Any) -> None:
    ids = {opening: tiny_tokenizer()(opening)["input_ids"] for opening in OPENINGS}
    for kind, learnt in (("Forced", True), ("Unlearnt", False)):
        rows = rows_of(results, kind)
        assert [row["columns"]["opening"] for row in rows] == [o for o in OPENINGS for _ in range(2)] * (ROWS // GROUP)
        for row in rows:
            opening = row["columns"]["opening"]
            assert row["completion"].startswith(opening)
            assert len(row["learnt"]) == 32 - (0 if learnt else len(ids[opening]))
            assert not learnt or row["learnt"][: len(ids[opening])] == ids[opening]


@pytest.mark.slow
def test_a_hint_is_in_the_prompt_ids_of_the_row_it_helped_alone(results: Any) -> None:
    tokenizer = tiny_tokenizer()
    for place, row in enumerate(rows_of(results, "Hinted")):
        prompt = tokenizer.decode(row["prompt_ids"])
        helped = place % GROUP == 0 and prompt[4] in "eo"
        assert prompt[5:] == ("oo" if helped else "")
        assert row["columns"]["rung"] == (2 if helped else None)
    assert any(row["columns"]["rung"] for row in rows_of(results, "Hinted"))


@pytest.mark.slow
def test_a_tools_text_is_neither_answer_nor_learnt(results: Any) -> None:
    for place, row in enumerate(rows_of(results, "Tool")):
        turns = place % GROUP % 3
        assert PRINTED not in row["completion"]
        assert row["completion"].count("\n") == turns
        assert len(row["learnt"]) == 4 * (turns + 1)


@pytest.mark.slow
def test_branches_share_their_first_tokens(results: Any) -> None:
    rows = rows_of(results, "Branching")
    for start in range(0, ROWS, GROUP):
        group = [row["learnt"] for row in rows[start : start + GROUP]]
        assert len({tuple(ids[:3]) for ids in group}) == 1
        assert len({tuple(ids[3:4]) for ids in group}) == len(OPENINGS)


@pytest.mark.slow
def test_branches_of_an_agent_go_to_places_of_other_processes(results: Any) -> None:
    rows = rows_of(results, "Agentic")
    parents = {place: row["columns"]["branched_from"] for place, row in enumerate(rows)}
    parents = {place: place // GROUP * GROUP + slot for place, slot in parents.items() if slot is not None}
    assert any(place // (ROWS // 3) != parent // (ROWS // 3) for place, parent in parents.items())
    for place, parent in parents.items():
        assert rows[place]["learnt"][0] == rows[parent]["learnt"][0]
    assert len(parents) < ROWS - 2 * (ROWS // GROUP), "some started again at the root"
