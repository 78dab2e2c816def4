"""DisCO's loss against the paper's form, pair by pair, in float64."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from disco_processes import VARIANTS, batch, slopes
from torch import Tensor

from jurybox.trainers.grpo import grpo_advantages
from jurybox.trainers.objectives import group_stats
from jurybox.trainers.papers.disco import binary_rewards, disco_loss
from tests.trainers.launching import launch

NAN = math.nan


def tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def column(*values: float) -> Tensor:
    """Answers of one token."""
    return tensor(*values).unsqueeze(1)


def paper_loss(
    logps: Tensor, old: Tensor, mask: Tensor, ids: Tensor, rewards: Tensor, *, variant: str, score: str, tau: float,
    beta: float, delta: float, kl_type: str,
) -> Tensor:  # fmt: skip
    """Tokens, answers and pairs one by one: −E_right τ log E_wrong exp((s' − s)/τ) for each question."""
    s: dict[int, Tensor] = {}
    kl = []
    for i in range(len(logps)):
        tokens = [t for t in range(logps.shape[1]) if mask[i, t]]
        if tokens:
            values = [logps[i, t] if score == "logL" else (logps[i, t] - old[i, t]).exp() for t in tokens]
            s[i] = torch.stack(values).sum() / len(tokens)
        log_ratios = [logps[i, t] - old[i, t] for t in tokens]
        kl += [x.exp() - 1 - x if kl_type == "low_var_kl" else -x for x in log_ratios]
    questions = sorted(set(ids.tolist()))
    J = torch.zeros((), dtype=torch.float64)
    for q in questions:
        right = [s[i] for i in s if ids[i] == q and rewards[i] == 1]
        wrong = [s[i] for i in s if ids[i] == q and rewards[i] == 0]
        for s_i in right if wrong else ():
            gaps = torch.stack([s_j - s_i for s_j in wrong])
            soft = gaps.mean() if variant == "disco_b" else tau * (gaps / tau).exp().mean().log()
            J = J - soft / len(right) / len(questions)
    excess = (torch.stack(kl).mean() - delta).clamp(min=0)
    return -J + beta / 2 * excess**2


@pytest.mark.parametrize("kl_type", ["kl", "low_var_kl"])
@pytest.mark.parametrize("score", ["logL", "Lratio"])
@pytest.mark.parametrize("variant", ["disco", "disco_b"])
def test_it_is_the_papers_form_pair_by_pair(variant: str, score: str, kl_type: str) -> None:
    logps, old, mask, ids, rewards = batch(seed=3)
    settings = {"variant": variant, "score": score, "tau": 0.7, "beta": 50.0, "delta": 0.001, "kl_type": kl_type}
    ours = disco_loss(logps, old, mask, ids, rewards, **settings)
    theirs = paper_loss(logps, old, mask, ids, rewards, **settings)
    assert ours.constraint_violated
    assert (ours.num_questions, ours.num_valid) == (5, 3)
    torch.testing.assert_close(ours.loss, theirs, atol=1e-12, rtol=0)
    expected, got = (torch.autograd.grad(loss, logps)[0] for loss in (theirs, ours.loss))
    torch.testing.assert_close(got, expected, atol=1e-12, rtol=0)


def test_the_order_of_rows_does_not_matter() -> None:
    logps, old, mask, ids, rewards = batch(seed=0)
    order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(1))
    straight, mixed = (disco_loss(*(x[rows] for x in (logps, old, mask, ids, rewards)), tau=0.5)
                       for rows in (slice(None), order))  # fmt: skip
    torch.testing.assert_close(mixed.loss, straight.loss, atol=1e-12, rtol=0)
    torch.testing.assert_close(mixed.scores, straight.scores[order], atol=0, rtol=0)


@pytest.mark.parametrize(
    ("settings", "J", "slope"),
    [
        ({"variant": "disco_b"}, 0.25, [-1, 0.5, 0.5]),
        ({"tau": 10.0}, 0.22190, [-1, 0.5374, 0.4626]),
        ({"tau": 0.5}, -0.17772, [-1, 0.9526, 0.0474]),
        ({"tau": 1e-3}, -0.5 - 1e-3 * math.log(0.5), [-1, 1, 0]),
    ],
)
def test_one_question_by_hand(settings: dict[str, Any], J: float, slope: list[float]) -> None:
    logps, old = column(-1.0, -0.5, -2.0).requires_grad_(), column(-1.1, -0.6, -1.9)
    result = disco_loss(logps, old, torch.ones(3, 1), tensor(7, 7, 7), tensor(1, 0, 0), **settings)
    assert result.kl.item() == pytest.approx(-0.1 / 3)
    assert not result.constraint_violated
    assert result.objective.item() == pytest.approx(J, abs=1e-5)
    assert torch.autograd.grad(result.loss, logps)[0].flatten().tolist() == pytest.approx(slope, abs=1e-4)


def test_the_penalty_by_hand() -> None:
    logps, old = column(-1.3, -0.8, -2.2).requires_grad_(), column(-1.1, -0.6, -1.9)
    arguments = logps, old, torch.ones(3, 1), torch.zeros(3), tensor(1, 0, 0)
    code, paper = (disco_loss(*arguments, penalty=penalty) for penalty in ("code", "paper"))
    assert code.kl.item() == pytest.approx(0.7 / 3)
    assert code.penalty.item() == pytest.approx(27.199, abs=1e-3)
    assert paper.penalty.item() == pytest.approx(2 * code.penalty.item())
    assert torch.autograd.grad(code.penalty, logps)[0].flatten().tolist() == pytest.approx([-77.744] * 3, abs=1e-3)


def test_a_great_tau_is_the_basic_variant_and_a_small_one_the_highest_wrong_answer() -> None:
    logps, old, mask, ids, rewards = batch(seed=5)
    arguments = logps, old, mask, ids, rewards
    basic, great = disco_loss(*arguments, variant="disco_b"), disco_loss(*arguments, tau=1e4)
    assert great.loss.item() == pytest.approx(basic.loss.item(), abs=1e-3)
    assert disco_loss(*arguments, tau=math.inf).loss == basic.loss
    scores = column(-3.0, -1.0, -2.0, -9.0)
    sharp = disco_loss(scores, scores, torch.ones(4, 1), torch.zeros(4), tensor(1, 0, 0, 0), tau=1e-3)
    assert sharp.objective.item() == pytest.approx(-3.0 + 1.0, abs=2e-3)


def test_wrong_answers_are_pushed_by_the_softmax_of_their_scores() -> None:
    logps = column(-1.0, -0.5, -2.0, -0.1).requires_grad_()
    result = disco_loss(logps, logps.detach(), torch.ones(4, 1), torch.zeros(4), tensor(1, 0, 0, 0), tau=0.8)
    slope = torch.autograd.grad(result.loss, logps)[0].flatten()
    torch.testing.assert_close(slope[1:], (logps.flatten()[1:] / 0.8).softmax(0))


def test_every_valid_question_pulls_with_the_same_force_where_grpo_prefers_the_middle() -> None:
    """Eight answers, of which one or four are right: GRPO's force is that of sqrt(p(1 − p)), .661 : 1."""
    force = {}
    for right in (1, 4):
        logps = torch.zeros(8, 1, dtype=torch.float64, requires_grad=True)
        rewards, ids = (torch.arange(8) < right).double(), torch.zeros(8, dtype=torch.long)
        disco = disco_loss(logps, logps.detach(), torch.ones(8, 1), ids, rewards, variant="disco_b").loss
        # The population's standard deviation, as in the paper's analysis.
        stats = group_stats(rewards, ids, ddof=0)
        grpo = -((rewards - stats.mean) / stats.std * logps.flatten()).mean()
        force[right] = [-torch.autograd.grad(loss, logps)[0][:right].sum().item() for loss in (disco, grpo)]
    assert force[1][0] == pytest.approx(force[4][0]) == pytest.approx(1.0)
    assert force[1][1] / force[4][1] == pytest.approx(math.sqrt(7 / 64) / 0.5, rel=1e-9)
    assert force[1][1] / force[4][1] == pytest.approx(0.661, abs=1e-3)


def test_grpo_without_a_deviation_is_the_basic_variant_weighted_with_p_times_1_minus_p() -> None:
    """(1/n) Σ (r_i − p) s_i = p(1 − p) (mean of right − mean of wrong), question by question."""
    logps, old, mask, ids, rewards = batch(seed=2, missing=False)
    for q in ids.unique():
        part = [x[ids == q] for x in (logps, old, mask, ids, rewards)]
        disco = disco_loss(*part, variant="disco_b", beta=0.0)
        advantages = grpo_advantages(part[-1], part[-2], scale="none")
        p = part[-1].mean()
        torch.testing.assert_close((advantages * disco.scores).mean(), p * (1 - p) * disco.objective)


def test_within_the_limit_the_constraint_is_not_there() -> None:
    logps, old, mask, ids, rewards = batch(seed=1)
    inside = disco_loss(logps, old, mask, ids, rewards, delta=10.0)
    assert inside.kl < 10
    gradients = [torch.autograd.grad(x, logps, retain_graph=True)[0] for x in (inside.loss, -inside.objective)]
    assert torch.equal(*gradients)
    assert inside.penalty == 0
    assert disco_loss(logps, old, mask, ids, rewards, beta=0.0).penalty == 0


def test_a_row_that_is_neither_right_nor_wrong_counts_in_the_kl_only() -> None:
    logps, old, mask, ids, rewards = batch(seed=4, missing=False)
    without, neither = rewards.clone(), rewards.clone()
    without[0], neither[0] = NAN, 0.5
    results = [disco_loss(logps, old, mask, ids, r, beta=7.0, delta=0.0) for r in (without, neither)]
    assert results[0].loss == results[1].loss
    rest = disco_loss(*(x[1:] for x in (logps, old, mask, ids, rewards)))
    torch.testing.assert_close(results[0].objective, rest.objective)
    assert results[0].kl != rest.kl


@pytest.mark.parametrize("value", [0.0, 1.0, NAN])
def test_without_a_valid_question_only_the_constraint_acts(value: float) -> None:
    logps = column(-1.0, -2.0, -0.5).requires_grad_()
    result = disco_loss(logps, logps.detach() + 0.2, torch.ones(3, 1), torch.zeros(3), tensor(value, value, value))
    assert result.objective == 0
    assert result.num_valid == 0
    slope = torch.autograd.grad(result.loss, logps)[0]
    torch.testing.assert_close(slope, torch.full_like(slope, -1e3 * (0.2 - 1e-4) / 3))


def test_empty_answers_have_no_score() -> None:
    logps, old, mask, ids, rewards = batch(seed=6, missing=False)
    mask[0] = 0
    result = disco_loss(logps, old, mask, ids, rewards)
    rest = disco_loss(*(x[1:] for x in (logps, old, mask, ids, rewards)))
    assert result.scores[0] == 0
    torch.testing.assert_close(result.loss, rest.loss)
    nothing = disco_loss(logps, old, torch.zeros_like(mask), ids, rewards)
    assert nothing.loss == 0
    assert not torch.autograd.grad(nothing.loss, logps)[0].any()


def test_dividing_by_the_valid_questions_alone() -> None:
    arguments = batch(seed=3)
    every, valid = (disco_loss(*arguments, normalize=normalize) for normalize in ("all", "valid"))
    torch.testing.assert_close(valid.objective * 3, every.objective * 5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tau": 0.0}, "tau must be positive"),
        ({"tau": NAN}, "tau must be positive"),
        ({"beta": -1.0}, "beta .* not -1.0"),
        ({"delta": -1e-4}, "delta .* not -0.0001"),
        ({"variant": "discob"}, "variant must be 'disco' or 'disco_b', not 'discob'"),
        ({"score": "ratio"}, "score must be"),
        ({"kl_type": "k3"}, "kl_type must be"),
        ({"normalize": "none"}, "normalize must be"),
        ({"penalty": "linear"}, "penalty must be"),
    ],
)
def test_what_has_no_meaning_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        disco_loss(*batch(seed=0), **settings)


def test_shapes_that_would_broadcast_in_silence_are_refused() -> None:
    logps, old, mask, ids, rewards = batch(seed=0)
    for arguments, name in (
        ((logps, old[:1], mask, ids, rewards), "old_logps"),
        ((logps, old, mask[:, :1], ids, rewards), "mask"),
        ((logps, old, mask, ids[:1], rewards), "group_ids"),
        ((logps, old, mask, ids, rewards[:1]), "rewards"),
    ):
        with pytest.raises(ValueError, match=name):
            disco_loss(*arguments)


@pytest.mark.parametrize("score", ["logL", "Lratio"])
def test_what_padding_holds_is_of_no_importance(score: Any) -> None:
    logps, old, mask, ids, rewards = batch(seed=0)
    clean = disco_loss(logps, old, mask, ids, rewards, score=score).loss
    dirty, other = logps.detach().masked_fill(mask == 0, NAN), old.masked_fill(mask == 0, -math.inf)
    leaf = dirty.requires_grad_()
    loss = disco_loss(leaf, other, mask, ids, rewards, score=score).loss
    loss.backward()
    assert leaf.grad is not None
    assert loss.item() == clean.item()
    assert leaf.grad.isfinite().all()


def test_rewards_become_right_wrong_or_neither() -> None:
    rewards = tensor(1, 0.4, 0, NAN, 2, -1)
    assert binary_rewards(rewards).nan_to_num(nan=9).tolist() == [1, 9, 0, 9, 9, 9]
    assert binary_rewards(rewards, 0.4).nan_to_num(nan=9).tolist() == [1, 1, 0, 9, 1, 0]


@pytest.mark.slow
def test_two_processes_have_the_loss_and_the_gradient_of_one(tmp_path: Path) -> None:
    """Also where the excess of the KL makes the loss no mean over rows, and only one process has valid questions."""
    script = Path(__file__).parents[1] / "disco_processes.py"
    first, second = launch(script, str(tmp_path / "out"), processes=2, out=tmp_path / "out")
    for name in VARIANTS:
        loss, slope = slopes(name)
        assert first[name]["loss"] == second[name]["loss"] == pytest.approx(loss, abs=1e-12)
        mean = (torch.tensor(first[name]["slope"]) + torch.tensor(second[name]["slope"])) / 2
        torch.testing.assert_close(mean, torch.tensor(slope), atol=1e-6, rtol=1e-6)
