"""MDPO: losses for control tasks and for language models, the step sizes, and exact mirror descent."""

from __future__ import annotations

from typing import Any

import torch

from jurybox.trainers.papers.mdpo import (
    gae,
    mdpo_off_policy_losses,
    mdpo_on_policy_loss_categorical,
    mdpo_on_policy_loss_diag_gaussian,
    mdpo_step_size_schedule,
    mdpo_token_loss_full_kl,
    mdpo_token_loss_sampled_kl,
    mirror_descent_exact_steps,
    official_step_size_schedule,
)

from ..case import Case


def _categorical(case: Case) -> dict[str, Any]:
    policies = map(case.tensor, ("logits_new", "logits_old"))
    actions, advantages = case.tensor("actions").long(), case.tensor("advantages_raw")
    return vars(mdpo_on_policy_loss_categorical(*policies, actions, advantages, **case.params))


def _diag_gaussian(case: Case) -> dict[str, Any]:
    names = ("mean_new", "log_std_new", "mean_old", "log_std_old", "actions", "advantages_raw")
    return vars(mdpo_on_policy_loss_diag_gaussian(*map(case.tensor, names), **case.params))


def _token_sampled_kl(case: Case) -> dict[str, Any]:
    names = ("logps_new", "logps_old", "advantages", "mask")
    return vars(mdpo_token_loss_sampled_kl(*map(case.tensor, names), **case.params))


def _token_full_kl(case: Case) -> dict[str, Any]:
    logits = case.tensor("logits_new")
    ids, weights = case.tensor("completion_ids").long(), map(case.tensor, ("advantages", "mask"))
    loss = mdpo_token_loss_full_kl(logits, case.tensor("logits_old"), ids, *weights, **case.params)
    (gradient,) = torch.autograd.grad(loss.loss, logits, retain_graph=True)
    return {
        **vars(loss),
        "grad_logits_new_l2": gradient.norm(),
        "grad_logits_new_first_token": gradient[0, 0],
    }


def _off_policy(case: Case) -> dict[str, Any]:
    tensors = {name: case.tensor(name) for name in case.inputs}
    return vars(mdpo_off_policy_losses(**tensors, **case.params))


def _gae(case: Case) -> dict[str, Any]:
    names = ("rewards", "vpred", "nextvpred", "episode_starts")
    return vars(gae(*map(case.tensor, names), **case.params))


def _schedule(case: Case) -> dict[str, Any]:
    return {"paper_t": mdpo_step_size_schedule(case["K"]), "official_code_t": official_step_size_schedule(case["K"])}


def _mirror(case: Case) -> dict[str, Any]:
    return {"probs": mirror_descent_exact_steps(*map(case.tensor, ("initial_probs", "rewards")), **case.params)}


FUNCTIONS = {
    "gae": _gae,
    "mdpo_off_policy_losses": _off_policy,
    "mdpo_on_policy_loss_categorical": _categorical,
    "mdpo_on_policy_loss_diag_gaussian": _diag_gaussian,
    "mdpo_step_size_schedule": _schedule,
    "mdpo_token_loss_full_kl": _token_full_kl,
    "mdpo_token_loss_sampled_kl": _token_sampled_kl,
    "mirror_descent_exact_steps": _mirror,
}
