"""DPO's loss against what its specification says of it: numbers, limits, and the policy that it aims at."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import pytest
import torch
from torch import Tensor

from jurybox.trainers.papers.dpo import (
    DPO,
    DPOConfig,
    DPOVariant,
    dpo_loss,
    dpo_loss_from_logits,
    objective,
    sequence_logps,
)

SEQUENCES = ("policy_chosen_logps", "policy_rejected_logps", "reference_chosen_logps", "reference_rejected_logps")


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def logps(seed: int = 0, pairs: int = 5) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [-40 + 4 * torch.randn(pairs, generator=generator, dtype=torch.float64) for _ in range(4)]


def test_the_worked_example() -> None:
    chosen = numbers(-10).requires_grad_()
    result = dpo_loss(chosen, numbers(-12), numbers(-11), numbers(-11), beta=0.1)
    result.loss.backward()
    assert result.loss.item() == pytest.approx(0.5981388693815918, abs=1e-15)
    assert (result.chosen_rewards.item(), result.rejected_rewards.item()) == pytest.approx((0.1, -0.1))
    assert chosen.grad.item() == pytest.approx(-0.1 * 0.45016600268752216, abs=1e-15)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, lambda h: math.log1p(math.exp(-0.3 * h))),
        (
            {"label_smoothing": 0.2},
            lambda h: 0.8 * math.log1p(math.exp(-0.3 * h)) + 0.2 * math.log1p(math.exp(0.3 * h)),
        ),
        ({"ipo": True}, lambda h: (h - 1 / 0.6) ** 2),
        ({"ipo": True, "label_smoothing": 0.2}, lambda h: (h - 1 / 0.6) ** 2),
    ],
)
def test_every_variant_is_its_equation(options: dict[str, Any], expected: Any) -> None:
    pairs = logps()
    losses = dpo_loss(*pairs, beta=0.3, **options).losses
    for loss, (w, l, ref_w, ref_l) in zip(losses.tolist(), torch.stack(pairs, 1).tolist(), strict=True):  # noqa: E741
        assert loss == pytest.approx(expected((w - l) - (ref_w - ref_l)), rel=1e-12)


def test_without_a_reference_the_loss_ignores_it_and_the_rewards_do_not() -> None:
    chosen, rejected, *reference = logps()
    free = dpo_loss(chosen, rejected, *reference, reference_free=True)
    uniform = dpo_loss(chosen, rejected, *[torch.zeros_like(chosen)] * 2)
    torch.testing.assert_close(free.losses, uniform.losses)
    torch.testing.assert_close(free.chosen_rewards, dpo_loss(chosen, rejected, *reference).chosen_rewards)


def test_a_policy_at_its_reference_has_log_two_and_no_accuracy() -> None:
    chosen, rejected, *_ = logps()
    result = dpo_loss(chosen, rejected, chosen, rejected)
    assert result.losses.tolist() == [math.log(2)] * 5
    assert (result.accuracy.item(), result.margin.item()) == (0, 0)


def test_a_constant_of_the_prompt_changes_nothing() -> None:
    pairs, constant = logps(), torch.linspace(-30, 30, 5, dtype=torch.float64)
    of_policy = dpo_loss(pairs[0] + constant, pairs[1] + constant, *pairs[2:])
    of_both = dpo_loss(*(one + constant for one in pairs))
    for shifted in (of_policy, of_both):
        torch.testing.assert_close(shifted.losses, dpo_loss(*pairs).losses, rtol=1e-12, atol=0)


@pytest.mark.parametrize(("h", "expected"), [(-1000.0, 1000.0), (1000.0, 0.0)])
def test_far_pairs_do_not_overflow(h: float, expected: float) -> None:
    zero = torch.zeros(1)
    assert dpo_loss(torch.tensor([h]), zero, zero, zero, beta=1.0).loss.item() == expected


def test_the_gradients_of_equal_answers_cancel() -> None:
    logp = logps()[0].requires_grad_()
    dpo_loss(logp, logp, *logps()[2:3] * 2).loss.backward()
    assert logp.grad.abs().max() == 0


def test_logits_predict_the_next_label_and_ignored_ones_cost_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, 7, generator=generator, dtype=torch.float64)
    labels = torch.tensor([[-100, -100, 3, 4, 1], [2, 6, -100, -100, -100], [-100] * 5])
    logp = logits.log_softmax(-1)
    expected = [logp[0, 1, 3] + logp[0, 2, 4] + logp[0, 3, 1], logp[1, 0, 6], torch.tensor(0.0)]
    assert sequence_logps(logits, labels).tolist() == pytest.approx([value.item() for value in expected])
    four, result = dpo_loss_from_logits(logits, logits, logits, logits, labels, labels.roll(1, 0))
    assert result.losses.tolist() == [math.log(2)] * 3
    assert four[2].tolist() == four[0].tolist()
    assert sequence_logps(logits.half(), labels).dtype == torch.float32


def test_the_exact_preferences_of_a_reward_give_its_optimal_policy() -> None:
    """The reference times exp(r/β), normalised, from all ordered pairs of four answers."""
    r, reference, beta = numbers(1, 0.5, 0, -1), numbers(0.1, 0.2, 0.3, 0.4), 0.5
    first, second = map(list, zip(*permutations(range(4), 2), strict=True))
    logits = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [logits], max_iter=100, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        policy, fixed = logits.log_softmax(-1), reference.log()
        losses = dpo_loss(policy[first], policy[second], fixed[first], fixed[second], beta=beta).losses
        loss = ((r[first] - r[second]).sigmoid() * losses).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    found = logits.detach().softmax(-1)
    assert found.tolist() == pytest.approx([0.45146, 0.33217, 0.18330, 0.03308], abs=1e-5)
    torch.testing.assert_close(
        found, (reference * (r / beta).exp() / (reference @ (r / beta).exp())), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (numbers(-1, math.nan, -1), "not finite"),
        (numbers(-1, -math.inf, -1), "not finite"),
        (numbers(-1, -1), "pairs"),
        (numbers(-1, -1, -1).view(3, 1), r"shape \(3, 1\)"),
        (numbers(), "at least one pair"),
    ],
)
def test_bad_log_probabilities_are_named(name: str, bad: Tensor, told: str) -> None:
    given = dict.fromkeys(SEQUENCES, numbers(-1, -2, -3)) | {name: bad}
    with pytest.raises(ValueError, match=told) as caught:
        dpo_loss(**given)
    others = SEQUENCES[1] if name == SEQUENCES[0] and len(bad) == 2 else name  # the first sets the size
    assert others in str(caught.value)


@pytest.mark.parametrize("options", [{"beta": 0}, {"beta": -1}, {"beta": math.inf}, {"beta": math.nan},
                                     {"label_smoothing": 0.6}, {"label_smoothing": -0.1},
                                     {"label_smoothing": math.nan}])  # fmt: skip
def test_bad_settings_are_named(options: dict[str, float], tmp_path: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        dpo_loss(*logps(), **options)
    with pytest.raises(ValueError, match=next(iter(options))):
        DPOConfig(str(tmp_path), use_cpu=True, bf16=False, **options)


@pytest.mark.parametrize(
    ("name", "bad", "told"),
    [
        ("chosen_labels", torch.tensor([[-100, 5]]), "chosen_labels has a label that is neither -100 nor a token of"),
        ("rejected_labels", torch.tensor([[-100, -1]]), "rejected_labels has a label"),
        ("rejected_labels", torch.tensor([[-100, 1, 2]]), r"policy_rejected_logits has shape .* rejected_labels"),
        ("policy_chosen_logits", torch.zeros(0), "reference_chosen_logits has shape"),
        ("reference_rejected_logits", torch.zeros(1, 2, 6), "reference_rejected_logits has shape"),
    ],
)
def test_labels_and_logits_that_do_not_belong_together(name: str, bad: Tensor, told: str) -> None:
    sides = ("policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected")
    given = {f"{side}_logits": torch.zeros(1, 2, 5) for side in sides}
    given |= {f"{side}_labels": torch.tensor([[-100, 1]]) for side in ("chosen", "rejected")}
    with pytest.raises(ValueError, match=told):
        dpo_loss_from_logits(**{**given, name: bad})


def test_no_pairs_at_all() -> None:
    with pytest.raises(ValueError, match="policy_chosen_logps has shape"):
        dpo_loss(*[numbers()] * 4)


def test_the_paper_s_settings_are_the_defaults(tmp_path: Any) -> None:
    config = DPOConfig(str(tmp_path), use_cpu=True, bf16=False)
    assert (config.beta, config.learning_rate, config.optim, config.warmup_steps) == (0.1, 5e-7, "rmsprop", 150)
    assert (config.max_grad_norm, config.max_length, config.num_train_epochs) == (10, 512, 1)
    assert (config.loss_type, config.label_smoothing) == (["sigmoid"], 0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"loss_type": "robust"}, "loss_type"),
        ({"f_divergence_type": "js_divergence"}, "f_divergence_type"),
        ({"use_weighting": True}, "use_weighting"),
        ({"ld_alpha": 0.5}, "ld_alpha"),
        ({"ipo": True, "label_smoothing": 0.1}, "label_smoothing"),
    ],
)
def test_options_of_other_losses_are_refused(options: dict[str, Any], told: str, tmp_path: Any) -> None:
    with pytest.raises(ValueError, match=told):
        DPOConfig(str(tmp_path), use_cpu=True, bf16=False, **options)


def test_the_plain_loss_is_left_to_trl(tmp_path: Any) -> None:
    def chosen(**options: Any) -> type:
        return type(objective(DPOConfig(str(tmp_path), use_cpu=True, bf16=False, **options)))

    assert chosen() is DPO
    assert chosen(ipo=True) is chosen(label_smoothing=0.1) is chosen(reference_free=True) is DPOVariant
