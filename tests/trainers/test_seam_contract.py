"""What the seam takes for granted about TRL, one test a promise; each failure says in a sentence what moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback
from trl import GRPOTrainer
from trl.trainer.utils import shuffle_sequence_dict, split_tensor_dict

from jurybox.trainers.seam import ContractError, UntestedTRLError, check_contract
from jurybox.trainers.seam._version import OVERRIDE, is_tested, require_tested_trl
from jurybox.trainers.seam.contract import CONTRACTS, DPO, GRPO, Contract

# ---- what sources say -------------------------------------------------------------------------------------


def broken_by(contract: Contract = GRPO, **members: Any) -> str:
    """What the check says of a trainer with these members changed."""
    changed = type(contract.trainer.__name__, (contract.trainer,), members)
    with pytest.raises(ContractError) as caught:
        check_contract(replace(contract, trainer=changed))
    return str(caught.value)


def test_the_installed_trl_keeps_the_contracts() -> None:
    check_contract()
    assert len(GRPO.methods) >= 11
    assert GRPO.returns.keys() <= GRPO.methods.keys()
    assert len(GRPO.attributes) >= 18
    assert DPO in CONTRACTS


ALL_METHODS = [(contract, name) for contract in CONTRACTS for name in sorted(contract.methods)]


@pytest.mark.parametrize(("contract", "name"), ALL_METHODS)
def test_a_changed_signature_is_named(contract: Contract, name: str) -> None:
    def moved(self: Any, something: Any) -> None:
        return None

    said, (expected, consequence) = broken_by(contract, **{name: moved}), contract.methods[name]
    trainer = contract.trainer.__name__
    assert f"{trainer}.{name} took {expected} and now takes ('something',): {consequence}." in said


@pytest.mark.parametrize(("contract", "name"), ALL_METHODS)
def test_a_missing_method_is_named(contract: Contract, name: str) -> None:
    said = broken_by(contract, **{name: None})
    assert f"{contract.trainer.__name__}.{name} is gone: {contract.methods[name][1]}." in said


def test_a_changed_return_is_named() -> None:
    def _tokenize_prompts(self: Any, prompts: Any) -> Any:
        prompt_ids = images = prompts
        return prompt_ids, images

    said = broken_by(_tokenize_prompts=_tokenize_prompts)
    assert "_tokenize_prompts returned ('prompt_ids', 'images', 'multimodal_fields') and now returns" in said


def test_a_missing_attribute_is_named() -> None:
    def __init__(self: Any) -> None:  # noqa: N807
        self._step = 0

    said = broken_by(__init__=__init__)
    assert "GRPOTrainer.__init__ no longer sets self._buffered_inputs." in said
    assert "self._step." not in said


# ---- which releases ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "tested"), [("1.15.2", False), ("1.16.0", True), ("1.16.3", True), ("1.17.0", False)]
)
def test_the_range_of_releases(release: str, tested: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OVERRIDE, raising=False)
    assert is_tested(release) is tested
    if tested:
        require_tested_trl(release)
        return
    with pytest.raises(UntestedTRLError, match=f"found trl {release}.*{OVERRIDE}=1"):
        require_tested_trl(release)
    monkeypatch.setenv(OVERRIDE, "1")
    require_tested_trl(release)


def test_the_installed_release_is_tested() -> None:
    assert is_tested()


# ---- what only running shows ------------------------------------------------------------------------------


class Recorder(GRPOTrainer):
    """Writes down what TRL calls, in which order, and what goes in and out."""

    def note(self, name: str, value: Any = None) -> Any:
        self.__dict__.setdefault("calls", []).append(name)
        self.__dict__.setdefault("values", {}).setdefault(name, []).append(value)
        return value

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        self.note("_prepare_inputs", generation_batch)
        return super()._prepare_inputs(generation_batch)

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        self.note("_generate_and_score_completions")
        return self.note("output", super()._generate_and_score_completions(inputs))

    def _generate(self, prompts: Any) -> Any:
        self.note("_generate")
        return self.note("generated", super()._generate(prompts))

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> Any:
        self.note("_calculate_rewards", (inputs, prompts, completions, completion_ids_list))
        return self.note("rewards", super()._calculate_rewards(inputs, prompts, completions, completion_ids_list))

    def _compute_loss(self, model: Any, inputs: Any) -> Any:
        self.note("_compute_loss", (self._step, inputs))
        return super()._compute_loss(model, inputs)

    def _get_per_token_logps_and_entropies(self, *args: Any, **named: Any) -> Any:
        return self.note("logps", super()._get_per_token_logps_and_entropies(*args, **named))


def record(build: Callable[..., Any], **settings: Any) -> Recorder:
    trainer = build(Recorder, **settings)
    trainer.train()
    return trainer


def test_call_order_of_a_generation_and_its_micro_steps(build: Callable[..., Any]) -> None:
    trainer = record(build, steps_per_generation=2, num_iterations=2, max_steps=4)
    hooks = [call for call in trainer.calls if call.startswith("_")]
    assert hooks == [
        "_prepare_inputs", "_generate_and_score_completions", "_generate", "_calculate_rewards", "_compute_loss",
        *["_prepare_inputs", "_compute_loss"] * 3,
    ], "TRL no longer generates once for steps_per_generation * num_iterations micro-steps, in this order"  # fmt: skip
    steps = [step for step, _ in trainer.values["_compute_loss"]]
    assert steps == [0, 1, 2, 3], "_step no longer counts finished micro-steps while the loss is computed"
    assert trainer._step == 4
    rows = [len(batch) for batch in trainer.values["_prepare_inputs"]]
    assert rows == [16] * 4, "every micro-step no longer draws the whole generation batch from the loader"


def test_keys_and_shapes_of_the_batch(build: Callable[..., Any]) -> None:
    trainer = record(build, beta=0.1, num_iterations=2)
    _, inputs = trainer.values["_compute_loss"][0]
    assert next(iter(inputs)) == "prompt_ids", "the first entry no longer has one row a completion"
    assert set(inputs) == {
        "prompt_ids", "prompt_mask", "completion_ids", "completion_mask", "advantages", "num_items_in_batch",
        "old_per_token_logps", "ref_per_token_logps",
    }, "the batch of the loss has other keys; Batch is built from these"  # fmt: skip
    width = inputs["completion_ids"].shape
    assert inputs["completion_mask"].shape == inputs["old_per_token_logps"].shape == width
    assert inputs["advantages"].shape == (8,)
    assert inputs["num_items_in_batch"].dim() == 0
    assert inputs["num_items_in_batch"] == inputs["completion_mask"].sum(), "num_items is not the mask's sum"


@pytest.mark.parametrize(
    ("settings", "present"),
    [
        ({}, False),
        ({"gradient_accumulation_steps": 4}, False),
        ({"num_iterations": 2}, True),
        ({"steps_per_generation": 2}, True),
    ],
)
def test_when_old_log_probabilities_are_there(
    settings: dict[str, Any], present: bool, build: Callable[..., Any]
) -> None:
    trainer = record(build, max_steps=1, **settings)
    assert ("old_per_token_logps" in trainer.values["output"][0]) is present, (
        "TRL computes old log-probabilities under another condition; "
        "ObjectiveTrainer forces them by raising num_iterations for the call"
    )


def test_what_generate_returns(build: Callable[..., Any]) -> None:
    generated = record(build, max_steps=1).values["generated"][0]
    assert len(generated) == 8, "_generate returns another number of values than the 8 that ObjectiveTrainer hands on"
    prompt_ids, completion_ids, mask, completions, logprobs, extra, images, tool_images = generated
    assert [len(rows) for rows in (prompt_ids, completion_ids, completions)] == [8, 8, 8]
    assert (mask, logprobs, extra, images, tool_images) == (None, None, {}, None, [])


def test_a_rollout_func_is_asked_for_every_row_and_its_mask_is_the_losss(build: Callable[..., Any]) -> None:
    asked: list[Any] = []

    def rollout_func(prompts: list[Any], trainer: Any) -> dict[str, Any]:
        asked.append(prompts)
        ids, mask = [[10, 11, 1]] * len(prompts), [[0, 1, 1]] * len(prompts)
        note = list(range(len(prompts)))
        return {"prompt_ids": [[5]] * 8, "completion_ids": ids, "logprobs": None, "env_mask": mask, "note": note}

    trainer = record(build, max_steps=1, trainer_options={"rollout_func": rollout_func})
    (prompts,), generated = asked, trainer.values["generated"][0]
    assert len(prompts) == 8, "rollout_func is no longer given one prompt a completion"
    assert generated[1:3] == ([[10, 11, 1]] * 8, [[0, 1, 1]] * 8), "env_mask is no longer the mask of tools"
    rows = trainer.values["_calculate_rewards"][0][0]
    assert [row["note"] for row in rows] == list(range(8)), "columns of a rollout no longer reach the rows"
    _, inputs = trainer.values["_compute_loss"][0]
    assert inputs["tool_mask"].tolist() == [[0, 1, 1]] * 8
    assert inputs["num_items_in_batch"] == 16, "what is masked is counted in the denominator"


def test_one_turn_is_as_long_as_the_generation_config_says(build: Callable[..., Any]) -> None:
    trainer = build(GRPOTrainer, generation_kwargs=None)
    trainer.generation_config.max_new_tokens = 3
    drawn, logprobs = trainer._generate_single_turn([[5], [6, 7]], None, {}, 1)
    assert [len(ids) for ids in drawn] == [3, 3], "TRL takes the length of a turn from elsewhere"
    assert logprobs is None


def test_what_the_forward_pass_returns(build: Callable[..., Any]) -> None:
    trainer = record(build, max_steps=1, per_device_train_batch_size=16)
    logps, entropies, router_loss = trainer.values["logps"][-1]
    assert logps.requires_grad, "log-probabilities lost their gradient"
    assert entropies.requires_grad, "entropies lost their gradient"
    assert router_loss is None
    _, inputs = trainer.values["_compute_loss"][0]
    assert logps.shape == entropies.shape == inputs["completion_ids"].shape
    assert logps.detach()[inputs["completion_mask"] == 0].abs().max() == 0, "padding no longer has log-probability 0"


def test_rewards_come_gathered_one_column_a_function(build: Callable[..., Any]) -> None:
    trainer = record(build, max_steps=1)
    rows, prompts, completions, ids = trainer.values["_calculate_rewards"][0]
    rewards = trainer.values["rewards"][0]
    assert rewards.shape == (8, 2), "_calculate_rewards no longer returns (rows of all processes, functions)"
    assert rewards.dtype == torch.float32
    assert set(rows[0]) == {"prompt", "letter"}, "the rows no longer hold the dataset's columns"
    assert [len(values) for values in (rows, prompts, completions, ids)] == [8] * 4
    assert prompts[:4] == [prompts[0]] * 4 != prompts[4:], "a prompt's completions are no longer consecutive"


def test_shuffling_keeps_rows_together_and_leaves_numbers_alone() -> None:
    torch.manual_seed(0)
    rows = torch.arange(8)
    batch = {"a": rows, "column:b": rows * 2.0, "list": rows.tolist(), "n": torch.tensor(3), "none": None}
    shuffled = shuffle_sequence_dict(batch)
    assert shuffled["a"].tolist() != rows.tolist(), "rows are no longer shuffled"
    assert torch.equal(shuffled["a"] * 2.0, shuffled["column:b"]), "extra columns no longer follow their rows"
    assert shuffled["list"] == shuffled["a"].tolist()
    assert shuffled["n"] == 3
    assert shuffled["none"] is None


def test_splitting_is_in_order_and_keeps_extra_columns() -> None:
    rows = torch.arange(8)
    first, second = split_tensor_dict({"a": rows, "column:b": rows * 2, "n": torch.tensor(3)}, 2)
    assert first["a"].tolist() == [0, 1, 2, 3], "slices are no longer consecutive rows"
    assert second["column:b"].tolist() == [8, 10, 12, 14], "extra columns are no longer split with the rows"
    assert first["n"] == second["n"] == 3


def test_rewards_are_computed_in_the_mode_of_the_model(build: Callable[..., Any]) -> None:
    modes: list[bool] = []

    def reward(completions: list[str], **_: Any) -> list[float]:
        modes.append(trainer.model.training)
        return [0.0] * len(completions)

    settings = {"evaluate": True, "eval_strategy": "steps", "eval_steps": 1, "max_steps": 1}
    trainer = build(Recorder, reward_funcs=[reward], **settings)
    trainer.train()
    assert modes[0] is True, "model.training is False while training completions are scored"
    assert modes[1:], "evaluation no longer scores completions"
    assert not any(modes[1:]), "model.training is True while evaluation completions are scored"


class AtSave(TrainerCallback):
    """The micro-step counter and the folder when a checkpoint has just been written."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, bool]] = []
        self.trainer: Any = None

    def on_save(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        self.seen.append((self.trainer._step, (folder / "trainer_state.json").exists()))


def test_a_checkpoint_is_written_after_its_step_was_counted(build: Callable[..., Any]) -> None:
    at_save = AtSave()
    at_save.trainer = build(
        GRPOTrainer,
        save_strategy="steps",
        save_steps=1,
        gradient_accumulation_steps=2,
        trainer_options={"callbacks": [at_save]},
    )
    at_save.trainer.train()
    assert at_save.seen == [(2, True), (4, True)], "_step at a save is no longer the number of finished micro-steps"
