"""BAD advantages: the discount is between actions, not between the tokens of one.

    last token of action t:   δ = r_t + γ m_t V(t+1, 1) − V(t, J_t)      A = δ + γ λ m_t A(t+1, 1)
    every other token:        δ = γ_w V(t, j+1) − V(t, j)                A = δ + γ_w λ A(t, j+1)

m_t = 1 − done_t; V(t, j) is the value before token j. γ_w = 1 is POAD: the optimum is that of whole actions, whatever
their wording. γ_w = γ is NTPO, token-level PPO as it comes, whose optimum depends on how many tokens an action has.
"action" is PPO on whole actions: one value, V(t, 1), and one advantage for all tokens of an action.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from ...objectives import GAE, require_equal_shapes, require_finite, require_within, token_gae

Credit = Literal["poad", "ntpo", "action"]


def bad_gae(
    rewards: Tensor,
    values: Tensor,
    token_mask: Tensor,
    dones: Tensor,
    bootstrap_value: Tensor | float,
    gamma: float = 0.95,
    gae_lambda: float = 0.95,
    mode: Credit = "poad",
) -> GAE:
    """Advantages and returns of a window of T steps, `(T, J)` or `(T, E, J)` for E environments; 0 at padding.

    >>> values, mask = torch.tensor([[0.5, 0.6, 0.7], [0.8, 0.9, 0.0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    >>> bad_gae(torch.tensor([0.0, 1.0]), values, mask, torch.tensor([False, True]), 0.0, gamma=0.9).adv
    tensor([[0.3635, 0.2774, 0.1867],
            [0.1950, 0.1000, 0.0000]])

    rewards, dones: `(T,)` or `(T, E)`; a reward is of the whole action. values, token_mask: `(T, J)` or `(T, E, J)`;
    the tokens of an action are its first columns. bootstrap_value: V(T+1, 1), a number or `(E,)`; not used where the
    last step is done. With mode="action" the returns are at the first tokens, what V(t, 1) is fitted to.

    Raises:
        ValueError: shapes that differ, an action without tokens or with a gap, a reward or value that is no number, an
            unknown mode, or γ or λ outside [0, 1].
    """
    one = values.dim() == 2
    if one:
        rewards, dones, values, token_mask = (x.unsqueeze(1) for x in (rewards, dones, values, token_mask))
    require_equal_shapes(values=values, token_mask=token_mask)
    require_equal_shapes(actions=values[..., 0], rewards=rewards, dones=dones)
    mask = token_mask > 0
    if not mask[..., 0].all() or (mask[..., 1:] & ~mask[..., :-1]).any():
        raise ValueError("token_mask: every action has a token, and its tokens are the first columns")
    steps, envs, width = values.shape
    last = mask & ~torch.cat([mask[..., 1:], torch.zeros_like(mask[..., :1])], dim=-1)
    ends = dones.bool()
    after = torch.as_tensor(bootstrap_value, dtype=values.dtype, device=values.device).expand(envs)
    earned = rewards.to(values).clone()
    earned[-1] = earned[-1] + torch.where(ends[-1], 0.0, gamma * after)

    def rows(x: Tensor) -> Tensor:
        """`(T, E, J)` as a row of tokens for each environment."""
        return x.transpose(0, 1).reshape(envs, steps * width)

    found = decomposed_gae(
        rows(torch.where(last, earned.unsqueeze(-1), 0.0)),
        rows(values),
        rows(mask),
        rows(last),
        done=rows(last & ends.unsqueeze(-1)),
        gamma=gamma,
        lam=gae_lambda,
        mode=mode,
    )

    def steps_of(x: Tensor) -> Tensor:
        back = x.view(envs, steps, width).transpose(0, 1)
        return back.squeeze(1) if one else back

    return GAE(steps_of(found.adv), steps_of(found.tdlamret))


def decomposed_gae(
    rewards: Tensor,
    values: Tensor,
    mask: Tensor,
    last: Tensor,
    *,
    done: Tensor | None = None,
    gamma: float,
    lam: float,
    mode: Credit = "poad",
) -> GAE:
    """The same on rows of tokens, `(B, S)`: actions one after the other, with anything between them outside the mask.

    rewards: at the last token of each action. last: booleans, those tokens. done: booleans, the last tokens behind
    which a new episode begins. After the last token of a row the value is 0.

    Raises:
        ValueError: as `bad_gae`.
    """
    if mode not in get_args(Credit):
        raise ValueError(f"mode={mode!r} (credit): give {', '.join(map(repr, get_args(Credit)))}")
    require_within(0.0, 1.0, gamma=gamma, gae_lambda=lam)
    require_equal_shapes(values=values, rewards=rewards, mask=mask, last=last)
    require_finite(mask, rewards=rewards, values=values)
    cut = torch.zeros_like(last) if done is None else done
    between = gamma * (~cut).to(values)
    if mode != "action":
        within = 1.0 if mode == "poad" else gamma
        discount = torch.where(last, between, within)
        return token_gae(rewards, values, mask, gamma=discount, lam=lam)
    of, first = actions_of(mask, last), first_tokens(mask, last)
    actions = int(of.max()) + 1 if of.numel() else 0

    def collected(x: Tensor, where: Tensor) -> Tensor:
        """`(B, K)`: of every action, the value at its token of that kind."""
        kept = torch.where(where, x, torch.zeros_like(x))
        return kept.new_zeros(len(x), actions).scatter_add(1, of, kept)

    there = collected(mask.to(values), first)
    found = token_gae(
        collected(rewards, last & (mask > 0)),
        collected(values, first),
        there,
        gamma=collected(between, last & (mask > 0)),
        lam=lam,
    )
    spread = torch.where(mask > 0, found.adv.gather(1, of), 0.0)
    return GAE(spread, torch.where(first, found.tdlamret.gather(1, of), 0.0))


def actions_of(mask: Tensor, last: Tensor) -> Tensor:
    """`(B, S)` the number of each token's action in its row, from 0; outside the mask that of what comes next."""
    ends = (last & (mask > 0)).long()
    return ends.cumsum(1) - ends


def first_tokens(mask: Tensor, last: Tensor) -> Tensor:
    """`(B, S)` booleans: the tokens of the mask that begin an action."""
    own = (mask > 0).long()
    before = own.cumsum(1) - own  # tokens of the mask so far
    ends = (last & (mask > 0)).long()
    ended = torch.where(ends > 0, before + 1, 0).cummax(1).values  # of those, how many stood up to the latest end
    ended = torch.cat([torch.zeros_like(ended[:, :1]), ended[:, :-1]], dim=1)
    return (mask > 0) & (before == ended)
