"""f-DPO's loss and optimum against what its specification says of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from jurybox.benchmarks.papers.f_dpo.tabular import TABLE, Table
from jurybox.trainers.papers.dpo import dpo_loss
from jurybox.trainers.papers.f_dpo import FDPOConfig, fdpo_loss, fdpo_optimal_policy, implicit_reward, trl_options

DIVERGENCES: list[tuple[Any, float | None]] = [
    ("reverse_kl", None), ("forward_kl", None), ("jsd", None), ("alpha_divergence", 0.5),
]  # fmt: skip
SLOPES = {
    "reverse_kl": torch.ones_like,
    "forward_kl": lambda d: (-d).exp(),
    "jsd": lambda d: (-d).sigmoid(),
    "alpha_divergence": lambda d: (-0.5 * d).exp(),
}


def loss_of(chosen: Any, rejected: Any, **options: Any) -> Any:
    """The loss of log-ratios: the reference is uniform."""
    d = [torch.as_tensor(value, dtype=torch.float64) for value in (chosen, rejected)]
    return fdpo_loss(*d, *[torch.zeros_like(d[0])] * 2, **options)


@pytest.mark.parametrize(
    ("divergence", "alpha", "expected"),
    [
        ("reverse_kl", None, 0.5981388693815918),
        ("forward_kl", None, 0.5825167134595296),
        ("jsd", None, 0.6443966600735709),
        ("alpha_divergence", 0.5, 0.5943491229720279),
    ],
)
def test_the_worked_example(divergence: Any, alpha: float | None, expected: float) -> None:
    assert loss_of([1.0], [-1.0], divergence=divergence, alpha=alpha).loss.item() == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("divergence", "alpha"), DIVERGENCES)
def test_the_gradient_is_the_equation_s(divergence: Any, alpha: float | None) -> None:
    generator = torch.Generator().manual_seed(0)
    chosen, rejected = (torch.randn(6, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    loss_of(chosen, rejected, divergence=divergence, alpha=alpha, beta=0.7).loss.backward()
    with torch.no_grad():
        g = [implicit_reward(d, divergence, alpha) for d in (chosen, rejected)]
        weight = 0.7 / 6 * (-0.7 * (g[0] - g[1])).sigmoid()
    torch.testing.assert_close(chosen.grad, -weight * SLOPES[divergence](chosen.detach()))
    torch.testing.assert_close(rejected.grad, weight * SLOPES[divergence](rejected.detach()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_reverse_kl_is_dpo_to_the_last_bit(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    pairs = [(-300 * torch.rand(50, generator=generator)).to(dtype) for _ in range(4)]
    ours, dpo = fdpo_loss(*pairs), dpo_loss(*pairs)
    assert torch.equal(ours.losses, dpo.losses)
    assert torch.equal(ours.chosen_scores, dpo.chosen_rewards)


@pytest.mark.parametrize(("divergence", "alpha"), DIVERGENCES)
def test_a_policy_at_its_reference_has_log_two(divergence: Any, alpha: float | None) -> None:
    result = loss_of([0.0], [0.0], divergence=divergence, alpha=alpha)
    assert result.loss.item() == math.log(2)


def test_the_limits_of_alpha() -> None:
    generator = torch.Generator().manual_seed(0)
    d = 3 * torch.randn(2, 20, generator=generator, dtype=torch.float64)

    def losses(divergence: Any, alpha: float | None = None) -> Tensor:
        found: Tensor = loss_of(*d, divergence=divergence, alpha=alpha).losses
        return found

    torch.testing.assert_close(losses("alpha_divergence", 1e-6), losses("reverse_kl"), atol=1e-4, rtol=0)
    torch.testing.assert_close(losses("alpha_divergence", 1e-12), losses("reverse_kl"), atol=1e-9, rtol=0)
    torch.testing.assert_close(losses("alpha_divergence", 1 - 1e-9), losses("forward_kl"), atol=1e-6, rtol=1e-6)


def test_scores_keep_the_table_s_constant() -> None:
    result = loss_of([1.0], [-1.0], divergence="alpha_divergence", alpha=0.5, beta=0.1)
    assert result.chosen_scores.item() == pytest.approx(-0.1 * math.exp(-0.5) / 0.5)
    assert not result.chosen_scores.requires_grad


def test_jensen_and_shannon_do_not_overflow() -> None:
    result = loss_of([800.0, -800.0], [-800.0, 800.0], divergence="jsd", beta=1.0)
    assert result.loss.item() == pytest.approx(400, abs=1)
    assert torch.isfinite(result.losses).all()


@pytest.mark.parametrize(("divergence", "alpha"), [("forward_kl", None), ("alpha_divergence", 0.9)])
def test_where_float32_overflows_ours_does_not(divergence: Any, alpha: float | None) -> None:
    """Both answers far from the reference: TRL's forward KL gives inf − inf."""
    d = torch.tensor([-120.0, -2000.0]).requires_grad_()
    zero = torch.zeros(2)
    result = fdpo_loss(d, d.detach() - 1, zero, zero, divergence=divergence, alpha=alpha)
    result.losses.sum().backward()
    assert torch.isfinite(result.losses).all()
    assert d.grad[1] == 0, "beyond the cap there is no gradient"


def test_clipped_gradients_move_the_weights_where_exponents_are_capped() -> None:
    """With the config's cap the square of a gradient still fits into float32."""
    weight = torch.tensor([-60.0, -39.0], requires_grad=True)
    zero = torch.zeros(2)
    cap = FDPOConfig.__dataclass_fields__["max_exponent"].default
    fdpo_loss(weight, zero, zero, zero, divergence="forward_kl", max_exponent=cap).losses.sum().float().backward()
    norm = torch.nn.utils.clip_grad_norm_([weight], 10.0)
    assert torch.isfinite(norm)
    assert weight.grad.norm().item() == pytest.approx(10, rel=1e-3)


OPTIMA = {
    "forward_kl": (0.5945, 0.1712, 0.1384, 0.0960),
    "jsd": (0.8538, 0.0982, 0.0414, 0.0067),
    "alpha_divergence": (0.5512, 0.2333, 0.1475, 0.0680),
    "reverse_kl": (0.45146, 0.33217, 0.18330, 0.03308),
}


@pytest.mark.parametrize(("divergence", "alpha"), DIVERGENCES)
def test_exact_preferences_give_the_optimal_policy(divergence: Any, alpha: float | None) -> None:
    table = Table(rewards=(1.0, 0.5, 0.0, -1.0), reference=(0.1, 0.2, 0.3, 0.4), beta=0.5)
    *_, found = table.train(divergence, alpha, seed=0, steps=10)
    assert found.tolist() == pytest.approx(OPTIMA[divergence], abs=1e-4)
    assert found.tolist() == pytest.approx(table.optimum(divergence, alpha).probs.tolist(), abs=2e-5)


def test_mass_covering_divergences_keep_more_of_the_rest() -> None:
    entropies = [
        TABLE.optimum(divergence, alpha).entropy.item()
        for divergence, alpha in [("forward_kl", None), ("alpha_divergence", 0.3), ("reverse_kl", None), ("jsd", None)]
    ]
    assert entropies == pytest.approx([0.145, 0.0055, 4e-8, 9e-9], rel=0.1)
    assert entropies == sorted(entropies, reverse=True)


@pytest.mark.parametrize(("divergence", "alpha"), [*DIVERGENCES, ("alpha_divergence", 1e-3)])
def test_the_optimum_meets_its_condition(divergence: Any, alpha: float | None) -> None:
    """r_i − r_j = β (f'(u_i) − f'(u_j)), and the sum is 1; also for rewards that lie far apart, and for one answer."""
    generator = torch.Generator().manual_seed(1)
    r = torch.randn(7, generator=generator, dtype=torch.float64)
    reference = torch.rand(7, generator=generator, dtype=torch.float64) + 0.1
    reference = reference / reference.sum()
    best = fdpo_optimal_policy(r, reference, divergence=divergence, alpha=alpha, beta=0.4)
    left = r - 0.4 * implicit_reward((best.probs / reference).log(), divergence, alpha)
    torch.testing.assert_close(left, left.mean().expand(7), atol=1e-6, rtol=0)
    assert best.probs.sum().item() == pytest.approx(1, abs=1e-12)
    assert best.expected_reward.item() == pytest.approx((best.probs @ r).item())
    far = fdpo_optimal_policy(1000 * r, reference, divergence=divergence, alpha=alpha, beta=0.1)
    assert far.probs.sum().item() == pytest.approx(1, abs=1e-9)
    assert torch.isfinite(far.entropy)
    alone = fdpo_optimal_policy(torch.ones(1), torch.ones(1), divergence=divergence, alpha=alpha)
    assert alone.probs.item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"divergence": "kl"}, "divergence='kl'.*'reverse_kl'"),
        ({"divergence": "alpha_divergence"}, "alpha=None"),
        ({"divergence": "alpha_divergence", "alpha": 0.0}, "alpha=0"),
        ({"divergence": "alpha_divergence", "alpha": 1.0}, "alpha=1"),
        ({"divergence": "alpha_divergence", "alpha": math.nan}, "alpha=nan"),
        ({"divergence": "jsd", "alpha": 0.5}, "alpha=0.5 is a part of"),
        ({"beta": 0.0}, "beta=0"),
    ],
)
def test_bad_settings_are_named(options: dict[str, Any], told: str, tmp_path: Any) -> None:
    one = torch.ones(1)
    for refusing in (
        lambda: fdpo_loss(one, one, one, one, **options),
        lambda: fdpo_optimal_policy(one, one, **options),
        lambda: FDPOConfig(str(tmp_path), use_cpu=True, bf16=False, **options),
    ):
        with pytest.raises(ValueError, match=told):
            refusing()


def test_bad_numbers_are_named(tmp_path: Any) -> None:
    one = torch.ones(2)
    with pytest.raises(ValueError, match="reference_rejected_logps has a number that is not finite"):
        fdpo_loss(one, one, one, one * math.nan)
    with pytest.raises(ValueError, match="sum to 1"):
        fdpo_optimal_policy(one, one)
    with pytest.raises(ValueError, match=r"rewards \(2,\)"):
        fdpo_optimal_policy(one, one[:1])
    with pytest.raises(ValueError, match="max_exponent=800"):
        FDPOConfig(str(tmp_path), use_cpu=True, bf16=False, max_exponent=800)
    with pytest.raises(ValueError, match="label_smoothing"):
        FDPOConfig(str(tmp_path), use_cpu=True, bf16=False, label_smoothing=0.1)


def test_trl_s_names() -> None:
    assert trl_options("jsd") == {"f_divergence_type": "js_divergence"}
    assert trl_options("alpha_divergence", 0.3)["f_alpha_divergence_coef"] == 0.7
