"""AdaptThink: the worked example, the forced first token, what is corrected, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from datasets import Dataset

from jurybox.judges import ExactJudge
from jurybox.trainers import AdaptThinkConfig, AdaptThinkTrainer, with_ref_accuracy
from jurybox.trainers.papers.adaptthink import advantage, policy_loss, rollout_split, sampled_logps
from tests.trainers.online_papers import PAPERS
from tests.trainers.paper_runs import build

YES, NO = torch.tensor([True]), torch.tensor([False])


def loss_of(first: float, tokens: int, gain: float, **more) -> tuple[float, float, torch.Tensor]:
    """Loss, ratio and gradient of one row whose old and new log-probabilities differ in the first token only."""
    logps = torch.full((1, tokens), -0.5, dtype=torch.float64)
    logps[0, 0] = first
    logps.requires_grad_()
    loss, ratio = policy_loss(logps, logps.detach(), torch.tensor([gain]), torch.ones(1, tokens), YES, **more)
    (gradient,) = torch.autograd.grad(loss, logps)
    return loss.item(), ratio.item(), gradient


def test_the_worked_example():
    loss, ratio, gradient = loss_of(math.log(1e-4), 4, 0.5)
    assert ratio == pytest.approx(0.11892, abs=1e-5)
    assert loss == pytest.approx(-0.05946, abs=1e-5)
    assert (gradient < 0).all()  # also of the forced token: it is learnt
    loss, _, gradient = loss_of(math.log(1e-4), 4, -0.5)
    assert loss == pytest.approx(0.4)
    assert not gradient.any()  # clipped from below
    assert loss_of(math.log(1e-5), 300, 1.0)[1] == pytest.approx(0.96458, abs=1e-5)


def test_advantages_are_neither_centred_nor_scaled():
    right, skips = torch.tensor([1.0, 1.0, 0.0, 0.0]), torch.tensor([True, False, True, False])
    gains = advantage(right, skips, torch.full((4,), 0.5))
    torch.testing.assert_close(gains, torch.tensor([0.55, 0.5, -0.45, -0.5]))
    assert advantage(torch.tensor([torch.nan]), YES, torch.tensor([0.5])).isnan().all()


def test_only_the_first_column_of_forced_rows_is_replaced():
    old = torch.full((3, 2), -0.7)
    skips, forced = torch.tensor([True, False, False]), torch.tensor([True, True, False])
    expected = [[math.log(0.25), -0.7], [math.log(0.75), -0.7], [-0.7, -0.7]]
    torch.testing.assert_close(sampled_logps(old, skips, 0.25, forced), torch.tensor(expected))


def test_a_row_without_tokens_is_counted_and_adds_nothing():
    logps, mask = torch.zeros(2, 3), torch.tensor([[1, 1, 1], [0, 0, 0]])
    skips = torch.tensor([True, True])
    one, _ = policy_loss(logps[:1], logps[:1], torch.ones(1), mask[:1], skips[:1])
    two, _ = policy_loss(logps, logps, torch.ones(2), mask, skips)
    torch.testing.assert_close(two, one / 2)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, 0.0])
def test_a_chance_that_cannot_be_is_refused(p):
    with pytest.raises(ValueError, match="p_no_thinking"):
        policy_loss(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1), torch.ones(1, 2), YES, p)


def test_one_mode_alone_is_possible_and_warned_of():
    policy_loss(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1), torch.ones(1, 2), NO, 0.0)
    with pytest.warns(UserWarning, match="nothing to choose"):
        config(num_generations=4, p_no_thinking=0.0)
    with pytest.raises(ValueError, match="leave beta"):
        config(beta=0.1)


def config(**settings) -> AdaptThinkConfig:
    return AdaptThinkConfig("out", use_cpu=True, bf16=False, report_to="none", **settings)


def test_reference_accuracy_is_measured_and_checked():
    rows = Dataset.from_list([{"prompt": "a", "solution": "1"}, {"prompt": "b", "solution": "2"}])
    four = with_ref_accuracy(rows, ExactJudge(), lambda prompts, k, seeds: [["1", "1", "2", "3"]] * len(prompts), k=4)
    assert four["ref_accuracy"][:] == [0.5, 0.25]
    with pytest.raises(ValueError, match="k=0"):
        with_ref_accuracy(rows, ExactJudge(), lambda *_: [], k=0)


class Recording(AdaptThinkTrainer.objective_class):  # type: ignore[name-defined]
    """Keeps what the loss was handed."""

    def loss(self, batch):
        self.batches = [*getattr(self, "batches", []), batch]
        return super().loss(batch)

    def advantages(self, rollout):
        self.rollouts = [*getattr(self, "rollouts", []), rollout]
        return super().advantages(rollout)


@pytest.mark.slow
def test_half_of_each_group_is_forced_in_training_and_none_in_evaluation(model_dir, tmp_path):
    trainer = build(PAPERS["adaptthink"], model_dir, str(tmp_path), eval_strategy="steps", eval_steps=1, max_steps=1)
    trainer.policy_objective.__class__ = Recording
    trainer.train()
    tokenizer = trainer.processing_class
    end, opening = (tokenizer(text).input_ids[0] for text in ("n", "t"))
    trained = next(rollout for rollout in trainer.policy_objective.rollouts if rollout.training)
    firsts = trained.completion_ids[:, 0].view(-1, 4)
    assert firsts.tolist() == [[end, end, opening, opening]] * len(firsts)
    assert rollout_split(4, 0.5) == 2
    evaluated = next(rollout for rollout in trainer.policy_objective.rollouts if not rollout.training)
    assert not any("no_thinking" in row for row in evaluated.rows)
    batch = next(batch for batch in trainer.policy_objective.batches if batch.training)
    assert batch["forced"].all()
    assert (batch.mask[:, 0] == 1).all()
    torch.testing.assert_close(batch.old_logps, batch.logps.detach(), atol=1e-4, rtol=0)  # one update a generation


@pytest.mark.slow
@pytest.mark.parametrize(("values", "said"), [([0.5, None, 0.5, 0.5], "row 1"), ([0.5, 0.5, 1.5, 0.5], "row 2")])
def test_a_reference_that_is_no_share_is_refused_before_training(model_dir, tmp_path, values, said):
    import dataclasses

    with pytest.raises(ValueError, match=said):
        build(dataclasses.replace(PAPERS["adaptthink"], columns={"ref_accuracy": values}), model_dir, str(tmp_path))
    with pytest.raises(ValueError, match="no column 'ref_accuracy'"):
        build(dataclasses.replace(PAPERS["adaptthink"], columns={}), model_dir, str(tmp_path))
