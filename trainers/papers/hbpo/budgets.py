"""HBPO's numbers: what an answer of n tokens is worth under a budget of b, and the advantage of a budget's answers.

    f1(n, b) = β·cos(π·n / 2L) − α·|n − b|          f2(b) = β·cos(π·b / 2L)
    R(n | b) = f2(b) if right and n ≤ b,   f1(n, b) if right and b < n ≤ L,   0 if wrong or n > L

    A_inter_j = (R_j − mean R) / (std R + ε)        over all answers to a prompt; sample deviation
    A_intra_i = mean_i R − f2(b_i)                  over the answers under one budget of that prompt; never above 0
    A         = A_inter + c·A_intra

Short answers earn more under a small budget and long ones under a large one. A_intra is no contrast: it lowers all
answers of a budget that fails. `center=True` takes the mean of A_intra over the prompt's answers away, so that budgets
are compared with each other: what is pushed down is then less likely to flow to tokens that were never sampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ...grpo import grpo_advantages
from ...objectives import group_stats, require_equal_shapes

Form = Literal["piecewise", "min"]


def budget_of(slot: int, num_generations: int, budgets: Sequence[int]) -> int:
    """The budget of a place in its group: equal shares, in order.

    >>> [budget_of(slot, 4, (512, 1024)) for slot in range(4)]
    [512, 512, 1024, 1024]
    """
    return budgets[slot * len(budgets) // num_generations]


def ceiling(budget: Tensor, L_max: float = 4096, beta: float = 4.0, pi: float = math.pi) -> Tensor:
    """f2 of every budget, same shape: the most that an answer under it can earn.

    Raises:
        ValueError: a budget that is not above 0, or above L_max.
    """
    if not ((budget > 0) & (budget <= L_max)).all():
        raise ValueError(f"budget: give token counts above 0 and at most L_max={L_max:g}, not {budget.tolist()}")
    return beta * torch.cos(pi * budget / (2 * L_max))


def budget_reward(
    n_gen: Tensor,
    budget: Tensor,
    correct: Tensor,
    L_max: float = 4096,
    alpha: float | None = None,
    beta: float = 4.0,
    form: Form = "piecewise",
    pi: float = math.pi,
) -> Tensor:
    """`(N,)` R; NaN where `correct` is.

    >>> budget_reward(*torch.tensor([[700.0, 700.0, 5000.0], [512.0, 2560.0, 512.0], [1.0, 1.0, 1.0]]))
    tensor([3.8108, 2.2223, 0.0000])

    Args:
        n_gen: `(N,)` tokens of the whole response, its announcement included. budget: `(N,)` tokens.
        correct: `(N,)` 1 for right, 0 for wrong, NaN where nobody could say.
        alpha: what a token away from the budget costs; 1/L_max by default.
        form: "min" is the released code's min(f1, f2) of right answers: lower for very short ones.
        pi: the released code has 3.1416.

    Raises:
        ValueError: shapes that differ, a negative length, a budget outside (0, L_max], an unknown form.
    """
    require_equal_shapes(n_gen=n_gen, budget=budget, correct=correct)
    if form not in get_args(Form):
        raise ValueError(f"form must be 'piecewise' or 'min', not {form!r}")
    if (n_gen < 0).any():
        raise ValueError(f"n_gen: lengths are 0 or more, not {n_gen.tolist()}")
    weight = 1 / L_max if alpha is None else alpha
    most = ceiling(budget, L_max, beta, pi)
    decayed = beta * torch.cos(pi * n_gen / (2 * L_max)) - weight * (n_gen - budget).abs()
    reward = torch.minimum(decayed, most) if form == "min" else torch.where(n_gen <= budget, most, decayed)
    reward = torch.where((correct > 0) & (n_gen <= L_max), reward, 0.0)
    return reward.masked_fill(correct.isnan(), torch.nan)


@dataclass(frozen=True, eq=False)
class BudgetAdvantages:
    """`(N,)` each; `intra` is without its coefficient."""

    inter: Tensor
    intra: Tensor
    advantage: Tensor


def budget_advantages(
    rewards: Tensor,
    budgets: Tensor,
    group_ids: Tensor,
    intra_coef: float = 1.0,
    eps: float = 1e-6,
    ddof: int = 1,
    L_max: float = 4096,
    beta: float = 4.0,
    pi: float = math.pi,
    center: bool = False,
) -> BudgetAdvantages:
    """`(N,)` rewards R, NaN = unscored, with their budgets and prompts, in any order; 0 for rows without R.

    >>> R, b = torch.tensor([3.8, 0.0, 3.5, 3.6]), torch.tensor([512, 512, 1024, 1024])
    >>> budget_advantages(R, b, torch.zeros(4, dtype=torch.long)).advantage
    tensor([-1.4328, -3.5196,  0.2801,  0.3350])

    center: take the mean of A_intra over the prompt's rows away.

    Raises:
        ValueError: shapes that differ, a prompt with one answer, a budget outside (0, L_max], infinite rewards.
    """
    require_equal_shapes(rewards=rewards, budgets=budgets, group_ids=group_ids)
    _, sizes = group_ids.unique(return_counts=True)
    if (sizes == 1).any():
        raise ValueError("group_ids: a prompt with one answer has nothing to compare; give two or more")
    subgroups = torch.stack([group_ids.to(torch.float64), budgets.to(torch.float64)], 1)
    _, subgroup_ids = subgroups.unique(dim=0, return_inverse=True)
    unscored = rewards.isnan()
    intra = group_stats(rewards, subgroup_ids).mean - ceiling(budgets.to(rewards), L_max, beta, pi)
    intra = intra.masked_fill(unscored, torch.nan)
    if center:
        intra = intra - group_stats(intra, group_ids).mean
    intra = intra.nan_to_num(nan=0.0)
    inter = grpo_advantages(rewards, group_ids, eps=eps, ddof=ddof)
    return BudgetAdvantages(inter, intra, inter + intra_coef * intra)
