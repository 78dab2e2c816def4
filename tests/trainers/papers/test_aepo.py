"""AEPO: the clip's gradient, the weights, budgets and branches, and rollouts that share a past."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from statistics import fmean
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from jurybox.trainers import AEPOConfig, AEPOTrainer
from jurybox.trainers.environments import Tools, calculator
from jurybox.trainers.objectives import clipped_surrogate, masked_mean
from jurybox.trainers.papers.aepo import (
    AEPO,
    BranchRule,
    aepo_policy_loss,
    entropy_advantages,
    global_budget,
    group_advantage,
    step_entropy,
)
from jurybox.trainers.papers.aepo.drawing import Prompt
from tests.trainers.online_papers import PAPERS, Talkative
from tests.trainers.paper_runs import build

FINITE = st.floats(-3, 3)


def loss_and_gradient(logps: Tensor, old: Tensor, gains: Tensor, mask: Tensor, **more: Any) -> tuple[Tensor, Tensor]:
    leaf = logps.clone().requires_grad_()
    _, loss = aepo_policy_loss(old, leaf, gains, mask, torch.ones_like(old), **more)
    (slope,) = torch.autograd.grad(loss, leaf)
    return loss.detach(), slope


def test_the_worked_example() -> None:
    old = torch.full((1, 2), -1.0, dtype=torch.float64)
    logps = (old + torch.tensor([[1.5, 0.9]], dtype=torch.float64).log()).requires_grad_()
    scaled, loss = aepo_policy_loss(old, logps, torch.ones_like(old), torch.ones(1, 2), torch.tensor([[2.0, 1.0]]))
    torch.testing.assert_close(scaled.float(), torch.tensor([[1.14142, 0.85858]]), atol=1e-5, rtol=0)
    assert loss.item() == pytest.approx(-1.07121, abs=1e-5)
    (slope,) = torch.autograd.grad(loss, logps)
    torch.testing.assert_close(slope.float(), torch.tensor([[-0.68485, -0.38636]]), atol=1e-5, rtol=0)


@given(
    st.lists(st.tuples(FINITE, FINITE, st.booleans()), min_size=1, max_size=6),
    st.floats(0, 0.9),
    st.floats(0, 2),
    st.floats(1, 5),
)
def test_the_value_is_ppos_and_the_gradient_differs_only_above_the_clip_of_good_tokens(
    tokens: list[tuple[float, float, bool]], low: float, high: float, dual: float
) -> None:
    log_ratio, gains = (torch.tensor([[token[i] for token in tokens]], dtype=torch.float64) for i in (0, 1))
    mask, old = torch.tensor([[float(token[2]) for token in tokens]]), torch.full_like(gains, -4.0)
    settings = {"eps_low": low, "eps_high": high, "dual_clip_c": dual, "entropy_advantage": False}
    loss, slope = loss_and_gradient(old + log_ratio, old, gains, mask, **settings)
    plain, plain_slope = loss_and_gradient(old + log_ratio, old, gains, mask, stop_gradient_clip=False, **settings)
    ratio = log_ratio.exp()
    written = clipped_surrogate(ratio, gains, low, high)
    bad = torch.where(gains < 0, torch.minimum(written, -gains * dual), written)
    torch.testing.assert_close(loss, masked_mean(bad, mask).to(loss))
    torch.testing.assert_close(loss, plain)
    above = (ratio > 1 + high) & (gains > 0) & (mask > 0)
    assert torch.equal(slope[~above], plain_slope[~above])
    count = max(mask.sum().item(), 1)
    torch.testing.assert_close(slope[above], -gains[above] * (1 + high) / count)
    assert not plain_slope[above].any()


def test_a_ratio_beyond_all_bounds_has_a_finite_gradient() -> None:
    old, ones = torch.full((1, 2), -1000.0), torch.ones(1, 2)
    for gains in (ones, -ones):
        loss, slope = loss_and_gradient(torch.zeros(1, 2), old, gains, ones)
        assert math.isfinite(loss)
        assert slope.isfinite().all()


def test_what_a_tool_wrote_changes_nothing() -> None:
    torch.manual_seed(0)
    old, logps, entropies = (torch.randn(2, 4, dtype=torch.float64) for _ in range(3))
    mask, gains = torch.tensor([[1, 0, 1, 1], [1, 1, 0, 0]]), torch.randn(2, 1, dtype=torch.float64).expand(2, 4)
    results = []
    for outside in (0.0, 5.0, math.nan):
        leaf = torch.where(mask > 0, logps, outside).requires_grad_()
        scaled, loss = aepo_policy_loss(old, leaf, gains, mask, torch.where(mask > 0, entropies, outside))
        results.append((loss, torch.autograd.grad(loss, leaf)[0], scaled))
    for result in results[1:]:
        for ours, first in zip(result, results[0], strict=True):
            assert torch.equal(ours, first)
    assert not results[0][1][mask == 0].any()
    assert not results[0][2][mask == 0].any()


def test_entropies_carry_no_gradient_and_weights_are_never_negative() -> None:
    entropies = torch.tensor([[0.0, *[1.0] * 60, 1.01]]).requires_grad_()
    ones = torch.ones_like(entropies)
    scaled = entropy_advantages(ones, entropies, ones, alpha=0.2)
    assert not scaled.requires_grad
    assert scaled[0, 0] == 0, "1 + 0.2 Z is below 0 there"
    assert entropy_advantages(ones, entropies, ones, alpha=0.2, clamp_factor=False)[0, 0] < 0
    one_token = torch.tensor([[1.0, 0.0]])
    assert entropy_advantages(one_token, torch.rand(1, 2), one_token).tolist() == [[1.0, 0.0]], "nothing to compare"
    assert entropy_advantages(ones, ones, ones * 0).tolist() == (ones * 0).tolist()


def test_what_cannot_be_is_refused() -> None:
    ones = torch.ones(1, 2)
    with pytest.raises(ValueError, match="entropies are needed"):
        aepo_policy_loss(ones, ones, ones, ones, None)
    assert aepo_policy_loss(ones, ones, ones, ones * 0, None, entropy_advantage=False)[1] == 0
    for wrong, said in [
        ({"eps_low": 2.0}, "eps_low"),
        ({"eps_high": -1.0}, "eps_high"),
        ({"dual_clip_c": 0.5}, "dual"),
    ]:
        with pytest.raises(ValueError, match=said):
            aepo_policy_loss(ones, ones, ones, ones, ones, **wrong)
    with pytest.raises(ValueError, match="entropies has shape"):
        aepo_policy_loss(ones, ones, ones, ones, torch.ones(1, 3))


def test_a_groups_advantages() -> None:
    assert group_advantage(torch.tensor([0.1] * 7)).tolist() == [0.0] * 7
    assert group_advantage(torch.tensor([3.0])).tolist() == [0.0]
    assert group_advantage(torch.tensor([3.0]), compat=True).tolist() == pytest.approx([3.0])
    gains = group_advantage(torch.tensor([1.0, math.nan, 0.0]))
    assert gains.tolist() == pytest.approx([0.70710, 0.0, -0.70710], abs=1e-4)


# ---- budgets and branches ---------------------------------------------------------------------------------


def test_the_entropy_of_a_step() -> None:
    certain, even = [0.0, -math.inf], [math.log(0.5)] * 2
    assert step_entropy([], 100) == step_entropy([certain] * 5, 100) == 0
    assert step_entropy([even] * 3, 2) == pytest.approx(3.0)
    assert step_entropy([even] * 30, 2) == pytest.approx(20.0), "the first twenty"
    assert step_entropy([even] * 3, 2, reduce="mean") == pytest.approx(1.0)
    for wrong in ({"vocab_size": 1}, {"vocab_size": 2, "max_tokens": 0}, {"vocab_size": 2, "reduce": "max"}):
        with pytest.raises(ValueError, match="give"):
            step_entropy([even], **wrong)  # type: ignore[arg-type]


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1e4), st.integers(1, 64))
def test_a_surer_root_means_fewer_roots(root: float, tool: float, more: float, k: int) -> None:
    budget = global_budget(root, [tool], k)
    assert 1 <= budget.roots <= k
    assert budget.roots + budget.branches == k
    assert global_budget(root + more, [tool], k).roots >= budget.roots >= global_budget(root, [tool + more], k).roots
    assert global_budget(root, [root], k).roots == min(k // 2 + 1, k)


@given(st.floats(0, 1), st.floats(0, 20), st.floats(0, 20), st.floats(0, 5), st.integers(0, 40))
def test_a_rise_of_entropy_branches_and_rounds_in_a_row_do_not(
    u: float,
    now: float,
    first: float,
    more: float,
    l: int,  # noqa: E741
) -> None:
    rule = BranchRule()
    p = rule.probability(u, now, first, l)
    assert 0 <= p <= 1
    assert rule.probability(u, now + more, first, l) >= p >= rule.probability(u, now, first, l + 1)
    assert l < 20 or not rule(u, now, first, l)


@pytest.mark.parametrize(("penalty", "rollouts", "fresh"), [(0.0, 63.7, 62.1), (0.05, 61.3, 55.3), (0.2, 39.3, 33.6)])
def test_the_penalty_leaves_budget_over(penalty: float, rollouts: float, fresh: float) -> None:
    """Four roots of 64, six rounds in which all go on with a rise of 1; and where a branch starts with none."""

    def simulated(rises_at_once: bool, rng: random.Random) -> int:
        prompt, rule, newborn = Prompt(64, 4, set(range(4))), BranchRule(penalty=penalty), set[int]()
        for _ in range(6):
            for slot in prompt.active:
                prompt.heard(slot, 0.0, goes_on=True)
            rises = {slot: float(rises_at_once or slot not in newborn) for slot in prompt.active}
            newborn = set(prompt.grow(rises, {slot: rng.random() for slot in prompt.active}, rule))
        return prompt.started

    rng = random.Random(0)
    assert fmean(simulated(True, rng) for _ in range(1000)) == pytest.approx(rollouts, abs=0.5)
    assert fmean(simulated(False, rng) for _ in range(1000)) == pytest.approx(fresh, abs=0.7)


def test_a_prompt_whose_chains_are_over_gets_one_from_the_root_a_round() -> None:
    prompt, never = Prompt(4, 2, {0, 1}), BranchRule(threshold=1.0)
    for slot in (0, 1):
        prompt.heard(slot, 0.0, goes_on=False)
    assert prompt.grow({}, {}, never) == {2: 2}
    assert prompt.consecutive == 1, "it counts as a rollout made"
    prompt.heard(2, 0.0, goes_on=True)
    assert prompt.grow({2: 0.0}, {2: 0.5}, never) == {}
    assert (prompt.consecutive, prompt.is_done) == (0, False)
    prompt.heard(2, 0.0, goes_on=False)
    assert prompt.grow({}, {}, never) == {3: 3}
    prompt.heard(3, 0.0, goes_on=False)
    assert prompt.grow({}, {}, never) == {}
    assert prompt.is_done


# ---- rollouts ---------------------------------------------------------------------------------------------


class Recording(AEPO):
    """Keeps what was drawn and learnt."""

    def generate(self, chains: Any, policy: Any) -> None:
        super().generate(chains, policy)
        self.drawn = [*getattr(self, "drawn", []), (policy.training, list(chains))]

    def loss(self, batch: Any) -> Any:
        self.batches = [*getattr(self, "batches", []), batch]
        return super().loss(batch)


def trained(model_dir: str, out: Any, **settings: Any) -> Any:
    """One step of two groups of eight; every token is a call, and each branches while there is room."""
    settings = {
        "max_completion_length": 32,
        "num_generations": 8,
        "per_device_train_batch_size": 16,
        "initial_rollouts": 2,
        "branch_threshold": 0.3,
        "max_tool_calls": 3,
        "max_steps": 1,
        **settings,
    }
    trainer = build(replace(PAPERS["aepo"], options={"tools": Talkative()}), model_dir, str(out), **settings)
    trainer.policy_objective.__class__ = Recording
    trainer.train()
    return trainer


@pytest.mark.slow
def test_branches_share_their_past_and_tools_are_not_learnt(model_dir: str, tmp_path: Any) -> None:
    trainer = trained(model_dir, tmp_path)
    ((training, chains),) = trainer.policy_objective.drawn
    assert training
    assert [(chain.group, chain.slot) for chain in chains] == [(group, slot) for group in range(2) for slot in range(8)]
    told = trainer.processing_class("no")["input_ids"]
    branches = 0
    for chain in chains:
        assert chain.columns["roots"] == 2
        assert len(chain.ids) <= 32
        assert chain.columns["tool_calls"] == sum(turn.role == "tool" for turn in chain.turns) <= 3
        assert chain.trained.count(False) == len(told) * chain.columns["tool_calls"]
        if (parent := chain.columns["branched_from"]) is not None:
            branches += 1
            other = chains[chain.group * 8 + parent]
            shared = next((i for i, (a, b) in enumerate(zip(chain.ids, other.ids)) if a != b), len(chain.ids))  # noqa: B905
            assert shared >= 1 + len(told)
            assert chain.trained[:shared] == other.trained[:shared]
            assert chain.logprobs[:1] == pytest.approx(other.logprobs[:1], nan_ok=True)
    assert branches
    log = trainer.state.log_history[0]
    assert log["aepo/frac_branches"] == pytest.approx(branches / 16)
    assert log["aepo/roots"] == 2
    masked = sum(batch.mask.sum() for batch in trainer.policy_objective.batches)
    assert masked == sum(map(sum, (chain.trained for chain in chains)))


@pytest.mark.slow
def test_probes_choose_the_roots_and_evaluation_does_not_branch(model_dir: str, tmp_path: Any) -> None:
    trainer = trained(
        model_dir, tmp_path, entropy_monitoring=True, monitoring_beta=0.0, eval_strategy="steps", eval_steps=1
    )
    drawn = trainer.policy_objective.drawn
    assert [chain.columns["roots"] for training, chains in drawn if training for chain in chains] == [5] * 16
    evaluated = [chain for training, chains in drawn if not training for chain in chains]
    assert evaluated
    for chain in evaluated:
        assert "branched_from" not in chain.columns
        assert any(turn.role == "tool" for turn in chain.turns) or chain.ended


@pytest.mark.slow
def test_the_first_update_of_a_generation_has_its_moments(model_dir: str, tmp_path: Any) -> None:
    trainer = trained(model_dir, tmp_path, entropy_scope="generation")
    (batch,) = trainer.policy_objective.batches
    own = AEPO.scaled(trainer.policy_objective, replace(batch, columns={}))
    torch.testing.assert_close(trainer.policy_objective.scaled(batch), own, atol=1e-4, rtol=1e-4)


def test_settings_without_meaning_are_refused(tmp_path: Any) -> None:
    for wrong, said in [
        ({"initial_rollouts": 17}, "initial_rollouts"),
        ({"max_tool_calls": 0}, "max_tool_calls"),
        ({"entropy_scope": "batch"}, "entropy_scope"),
        ({"entropy_reduce": "max"}, "reduce"),
        ({"delta": 0.5}, "delta"),
        ({"branch_threshold": 2.0}, "threshold"),
        ({"importance_sampling_level": "sequence"}, "importance_sampling_level"),
    ]:
        with pytest.raises(ValueError, match=said):
            AEPOConfig(str(tmp_path), use_cpu=True, bf16=False, **wrong)


@pytest.mark.slow
def test_tools_are_given_by_name(model_dir: str, tmp_path: Any) -> None:
    paper = replace(PAPERS["aepo"], options={"tools": {"calculator": calculator}})
    trainer = build(paper, model_dir, str(tmp_path))
    assert isinstance(trainer, AEPOTrainer)
    assert trainer.policy_objective.tools == Tools({"calculator": calculator})
