"""POAD: credit by token, what a done cuts, the KL that holds the actor, and both ways of training."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from seam_tiny import tiny_model, tiny_tokenizer
from torch import Tensor

from jurybox.trainers import POADConfig, POADTrainer
from jurybox.trainers.environments import Reply
from jurybox.trainers.objectives import gae
from jurybox.trainers.papers.poad import (
    POAD,
    LanguagePolicy,
    WindowConfig,
    action_surrogate,
    bad_gae,
    collect,
    decomposed_gae,
    first_tokens,
    learn,
    token_ppo_loss,
    token_value_loss,
    train_windows,
)
from tests.trainers.online_papers import PAPERS, Echo
from tests.trainers.paper_runs import build, weights


def window(lengths: list[int], envs: int = 1, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random rewards, values, mask and no done, `(T, E, J)`."""
    generator = torch.Generator().manual_seed(seed)
    width = max(lengths)
    mask = torch.tensor([[1.0] * n + [0.0] * (width - n) for n in lengths]).unsqueeze(1).expand(-1, envs, -1)
    values = torch.randn(len(lengths), envs, width, generator=generator, dtype=torch.float64)
    rewards = torch.randn(len(lengths), envs, generator=generator, dtype=torch.float64)
    return rewards, values, mask, torch.zeros(len(lengths), envs, dtype=torch.bool)


LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=4)
FRACTION = st.floats(0, 1)


def test_the_worked_example() -> None:
    values, mask = torch.tensor([[0.5, 0.6, 0.7], [0.8, 0.9, 0.0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    given_ = torch.tensor([0.0, 1.0]), values, mask, torch.tensor([False, True]), 5.0, 0.9, 0.95
    poad, ntpo = (bad_gae(*given_, mode=mode).adv for mode in ("poad", "ntpo"))
    torch.testing.assert_close(poad, torch.tensor([[0.36351931, 0.27738875, 0.186725], [0.195, 0.1, 0.0]]))
    expected = torch.tensor([[0.13996, 0.11691, 0.10165], [0.0955, 0.1, 0.0]])
    torch.testing.assert_close(ntpo, expected, atol=1e-5, rtol=0)


@given(st.integers(1, 5), FRACTION, FRACTION, st.integers(0, 9))
def test_with_one_token_an_action_all_is_ordinary_gae(steps: int, gamma: float, lam: float, seed: int) -> None:
    rewards, values, mask, dones = window([1] * steps, envs=2, seed=seed)
    starts = torch.zeros_like(dones)
    expected = gae(rewards, values[..., 0], torch.tensor([0.3, -0.2]), starts, gamma=gamma, lam=lam)
    for mode in ("poad", "ntpo", "action"):
        found = bad_gae(rewards, values, mask, dones, torch.tensor([0.3, -0.2]), gamma, lam, mode)  # type: ignore[arg-type]
        torch.testing.assert_close(found.adv[..., 0], expected.adv)
        torch.testing.assert_close(found.tdlamret[..., 0], expected.tdlamret)


@given(LENGTHS, FRACTION, st.integers(0, 9))
def test_without_a_discount_poad_is_ntpo(lengths: list[int], lam: float, seed: int) -> None:
    given_ = window(lengths, seed=seed)
    poad, ntpo = (bad_gae(*given_, 0.5, 1.0, lam, mode).adv for mode in ("poad", "ntpo"))  # type: ignore[arg-type]
    torch.testing.assert_close(poad, ntpo)


@given(LENGTHS, st.integers(1, 3), st.integers(0, 9))
def test_with_lambda_one_the_return_is_that_of_actions_whatever_their_wording(
    lengths: list[int], more: int, seed: int
) -> None:
    rewards, values, mask, dones = window(lengths, seed=seed)
    found = bad_gae(rewards, values, mask, dones, 0.5, 0.8, 1.0).tdlamret
    after, expected = 0.5, []
    for reward in reversed(rewards[:, 0].tolist()):
        after = reward + 0.8 * after
        expected.insert(0, after)
    torch.testing.assert_close(found[:, 0], mask[:, 0] * torch.tensor(expected, dtype=torch.float64).unsqueeze(1))
    longer = window([n + more for n in lengths], seed=seed)
    again = bad_gae(rewards, *longer[1:], 0.5, 0.8, 1.0).tdlamret
    torch.testing.assert_close(again[:, 0, 0], found[:, 0, 0], msg="independent of the number of tokens")
    token = bad_gae(rewards * 0 + 1, values, mask, dones, 0.5, 0.8, 1.0, "ntpo").tdlamret[-1, 0, : lengths[-1]]
    assert token.tolist() == sorted(token.tolist())
    assert len(set(token.tolist())) == lengths[-1], "it shrinks with the distance to the action's end"


@given(LENGTHS, st.integers(0, 9), st.sampled_from(["poad", "ntpo", "action"]))
def test_nothing_leaks_over_the_end_of_an_episode(lengths: list[int], seed: int, mode: Any) -> None:
    lengths = [*lengths, 2, 3]
    rewards, values, mask, dones = window(lengths, seed=seed)
    dones = dones.clone()
    dones[-3:-1] = True
    one = bad_gae(rewards, values, mask, dones, 0.5, mode=mode).adv
    rewards, values = rewards.clone(), values.clone()
    rewards[-1], values[-1] = 9.0, -9.0
    other = bad_gae(rewards, values, mask, dones, -7.0, mode=mode).adv
    assert torch.equal(one[:-1], other[:-1])
    dones[-1] = True
    ends = bad_gae(rewards, values, mask, dones, -7.0, mode=mode).adv
    assert torch.equal(ends, bad_gae(rewards, values, mask, dones, 99.0, mode=mode).adv)


def test_whole_actions_have_one_advantage_and_are_fitted_at_their_first_token() -> None:
    rewards, values, mask, dones = window([3, 1, 2])
    found = bad_gae(rewards, values, mask, dones, 0.5, 0.9, 0.95, "action")
    expected = bad_gae(rewards, values[..., :1], mask[..., :1], dones, 0.5, 0.9, 0.95)
    torch.testing.assert_close(found.adv, expected.adv * mask)
    torch.testing.assert_close(found.tdlamret[..., :1], expected.tdlamret)
    assert not found.tdlamret[..., 1:].any()


def test_what_lies_between_actions_of_a_row_counts_for_nothing() -> None:
    mask = torch.tensor([[1, 1, 0, 0, 1, 1, 1, 0], [1, 0, 0, 0, 0, 0, 0, 0]])
    last = torch.tensor([[0, 1, 0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0, 0, 0]]).bool()
    assert first_tokens(mask, last).int().tolist() == [[1, 0, 0, 0, 1, 0, 0, 0], [1, *[0] * 7]]
    values, rewards = torch.randn(2, 8), torch.where(last, 1.0, 0.0)
    for mode in ("poad", "ntpo", "action"):
        found = decomposed_gae(rewards, values.where(mask > 0, torch.nan), mask, last, gamma=0.9, lam=0.8, mode=mode)  # type: ignore[arg-type]
        packed = bad_gae(
            torch.ones(2),
            torch.tensor([[*values[0, :2], 0.0], [*values[0, 4:7]]]),
            torch.tensor([[1, 1, 0], [1, 1, 1]]),
            torch.tensor([False, True]), 0.0, 0.9, 0.8, mode,  # type: ignore[arg-type]
        )  # fmt: skip
        torch.testing.assert_close(found.adv[0, [0, 1, 4, 5, 6]], packed.adv[[0, 0, 1, 1, 1], [0, 1, 0, 1, 2]])
        assert not found.adv[mask == 0].any()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"rewards": [torch.nan, 0.0]}, "rewards"),
        ({"token_mask": [[0, 0], [1, 1]]}, "token_mask"),
        ({"token_mask": [[1, 1], [0, 1]]}, "token_mask"),
        ({"values": [[torch.nan, 0.0], [0.0, 0.0]]}, "values"),
        ({"gamma": 1.5}, "gamma"),
        ({"gae_lambda": -0.1}, "gae_lambda"),
        ({"mode": "bad"}, "mode"),
        ({"rewards": [0.0, 0.0, 0.0]}, "rewards"),
    ],
)
def test_what_cannot_be_is_refused(spoil: dict[str, Any], said: str) -> None:
    given_: dict[str, Any] = {"rewards": [0.0, 1.0], "values": [[0.0, 0.0]] * 2, "token_mask": [[1, 1]] * 2}
    tensors = {name: torch.tensor(spoil.get(name, value)) for name, value in given_.items()}
    options = {name: value for name, value in spoil.items() if name not in given_}
    with pytest.raises(ValueError, match=said):
        bad_gae(**tensors, dones=torch.zeros(2), bootstrap_value=0.0, **options)


def test_the_losses_and_their_ends() -> None:
    ones, mask = torch.ones(2, 2), torch.tensor([[1, 1], [1, 0]])
    equal = token_ppo_loss(ones, ones, ones, mask, ones, entropy_coef=0.0)
    assert not equal.advantages.any(), "all equal"
    assert equal.loss == equal.approx_kl == 0
    empty = token_ppo_loss(ones, ones, ones, mask * 0, ones)
    assert empty.loss == 0
    raw = token_ppo_loss(ones, ones, ones, mask, ones, normalise_advantages=False)
    assert raw.advantages.tolist() == mask.float().tolist()
    with pytest.raises(ValueError, match="huber"):
        token_value_loss(ones, ones, ones, mask, huber=True)
    old, logps = torch.zeros(1, 3), torch.tensor([[0.1, 0.2, 0.4]])
    last = torch.tensor([[False, True, True]])
    losses = action_surrogate(logps, old, torch.ones(1, 3), torch.ones(1, 3), last, clip=0.4)
    expected = [[0.0, -math.exp(0.3), -1.4]]  # e^0.3 for two tokens; e^0.4 is clipped
    torch.testing.assert_close(losses, torch.tensor(expected))


# ---- rows of TRL ------------------------------------------------------------------------------------------


class Recording(POAD):
    def advantages(self, rollout: Any) -> Any:
        self.found = super().advantages(rollout)
        self.rollout = rollout
        return self.found


def episodes(model_dir: str, out: Any, **settings: Any) -> Any:
    paper = replace(PAPERS["poad"], reward=lambda: None, options={"environment": Echo})
    settings = {"max_steps": 1, "max_completion_length": 16, "max_action_length": 3, "num_iterations": 1, **settings}
    trainer = build(paper, model_dir, str(out), **settings)
    trainer.policy_objective.__class__ = Recording
    return trainer


@pytest.mark.slow
@pytest.mark.parametrize("credit", ["poad", "ntpo", "action"])
def test_an_episode_is_a_row_and_each_action_earns_its_reward(credit: str, model_dir: str, tmp_path: Any) -> None:
    trainer = episodes(model_dir, tmp_path, credit=credit)
    critic = [p.detach().clone() for p in trainer.critic.parameters()]
    trainer.train()
    rollout, found = trainer.policy_objective.rollout, trainer.policy_objective.found
    for row, columns in enumerate(rollout.rows):
        ends = columns["action_ends"]
        assert found["last"][row].nonzero().flatten().tolist() == ends
        assert len(ends) == len(columns["action_rewards"]) == 2
        if credit == "action":
            assert len(set(found["advantages"][row, : ends[0] + 1].tolist())) == 1
    totals = [sum(columns["action_rewards"]) for columns in rollout.rows]
    assert rollout.scores.tolist() == totals, "what TRL logs as the reward"
    assert rollout.metrics["poad/return"] == pytest.approx(sum(totals) / len(totals))
    assert any(not torch.equal(p, was) for p, was in zip(trainer.critic.parameters(), critic, strict=True))


@pytest.mark.slow
def test_too_large_a_kl_leaves_the_actor_as_it_is_and_not_the_critic(model_dir: str, tmp_path: Any) -> None:
    trainer = episodes(
        model_dir, tmp_path, max_steps=2, num_iterations=2, learning_rate=1.0, max_kl=1e-12, optim="adamw_torch"
    )
    seen: list[tuple[Tensor, Tensor]] = []
    trainer.add_callback(_Keeping(lambda: seen.append((weights(trainer).clone(), trainer.critic.head.bias.clone()))))
    trainer.train()
    (first, critic), (second, later) = seen
    assert torch.equal(first, second), "with momentum from the first update, and weight decay"
    assert not torch.equal(critic, later)
    assert [row["companion_alone"] for row in trainer.state.log_history if "companion_alone" in row] == [0.0, 1.0]


def _Keeping(keep: Any) -> Any:  # noqa: N802
    from transformers import TrainerCallback

    class Callback(TrainerCallback):
        def on_step_end(self, *args: Any, **named: Any) -> None:
            keep()

    return Callback()


@pytest.mark.slow
def test_reward_functions_are_earned_by_the_last_action_on_top(model_dir: str, tmp_path: Any) -> None:
    trainer = build(PAPERS["poad"], model_dir, str(tmp_path), max_steps=1)
    trainer.policy_objective.__class__ = Recording
    trainer.train()
    rollout = trainer.policy_objective.rollout
    returns = [sum(columns["action_rewards"]) for columns in rollout.rows]
    assert rollout.metrics["poad/return"] == pytest.approx((sum(returns) + rollout.scores.sum().item()) / len(returns))


def test_settings_without_meaning_are_refused(tmp_path: Any, model_dir: str) -> None:
    for wrong, said in [
        ({"credit": "tokens"}, "credit"),
        ({"max_turns": 0}, "max_turns"),
        ({"max_kl": 0.0}, "max_kl"),
        ({"beta": 0.1}, "beta"),
    ]:
        with pytest.raises(ValueError, match=said):
            POADConfig(str(tmp_path), use_cpu=True, bf16=False, **wrong)  # type: ignore[arg-type]
    for wrong, said in [({"steps": 0}, "steps"), ({"credit": "x"}, "credit"), ({"gamma": 2.0}, "gamma")]:
        with pytest.raises(ValueError, match=said):
            WindowConfig(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="give an environment, or reward_funcs"):
        POADTrainer(model_dir, args=POADConfig(str(tmp_path), use_cpu=True, bf16=False))


# ---- windows ----------------------------------------------------------------------------------------------


class Door:
    """Opens whatever is said, and then another one is shown."""

    def __init__(self, actions: int = 3) -> None:
        self.actions, self.shown, self.heard = actions, 0, list[str]()

    @property
    def observation(self) -> str:
        return f"say {self.shown}"

    def step(self, said: str) -> Reply:
        self.heard.append(said)
        self.shown += 1
        return Reply(reward=1.0, done=self.shown % self.actions == 0)


def language(**options: Any) -> LanguagePolicy:
    return LanguagePolicy(tiny_model(280), tiny_tokenizer(), **options)


def optimizers(policy: LanguagePolicy, rate: float = 1e-2) -> list[torch.optim.Optimizer]:
    return [
        torch.optim.Adam(parameters(), lr=rate) for parameters in (policy.actor_parameters, policy.critic_parameters)
    ]


def test_windows_go_on_where_the_last_one_ended() -> None:
    policy = language(max_action_tokens=3)
    doors, config = [Door(), Door(5)], WindowConfig(steps=4, epochs=1)
    both = list(train_windows(policy, doors, config, *optimizers(policy), windows=2))
    assert [window.observations[:2] for window, _ in both] == [["say 0"] * 2, ["say 4"] * 2]
    first = both[0][0]
    assert first.dones.tolist() == [[False, False], [False, False], [True, False], [False, False]]
    assert all(1 <= len(action) <= 3 for action in first.actions)
    assert torch.equal(first.before.mask.sum(1), torch.tensor([len(action) for action in first.actions]))
    assert not first.advantages[first.before.mask == 0].any()


@pytest.mark.parametrize("credit", ["poad", "ntpo", "action"])
def test_a_kl_above_the_limit_skips_the_actors_step_alone(credit: Any) -> None:
    policy = language(max_action_tokens=3)
    generator = torch.Generator().manual_seed(0)
    config = WindowConfig(steps=4, epochs=2, mini_batches=1, max_kl=0.0, credit=credit)
    seen = collect(policy, [Door()], config, generator)
    actor, critic = optimizers(policy)
    moved = learn(policy, seen, actor, critic, config, generator)
    assert moved["frac_held"] == 0.5, "nothing has moved before the first step"
    before, head = [p.clone() for p in policy.actor_parameters()], policy.critic.head.bias.clone()
    again = learn(policy, seen, actor, critic, config, generator)
    assert again["frac_held"] == 1.0
    assert all(torch.equal(p, was) for p, was in zip(policy.actor_parameters(), before, strict=True))
    assert not torch.equal(policy.critic.head.bias, head)


def test_an_action_of_a_list_is_drawn_by_its_log_probability_a_word() -> None:
    phrases = ["e o t", "n"]
    policy = language(admissible=lambda observation: phrases)
    generator = torch.Generator().manual_seed(0)
    actions = policy.act(["say e"] * 400, generator)
    tokens = policy.tokenizer(phrases)["input_ids"]
    found = policy.evaluate(["say e"] * 2, tokens)
    chance = ((found.logps * found.mask).sum(1) / torch.tensor([3.0, 1.0])).softmax(0)
    assert sum(action == tokens[0] for action in actions) / 400 == pytest.approx(chance[0].item(), abs=0.08)
    with pytest.raises(ValueError, match="admissible gave"):
        language(admissible=lambda observation: []).act(["say e"])
    with pytest.raises(ValueError, match="max_action_tokens"):
        language(max_action_tokens=0)


def test_a_language_policy_reads_the_same_alone_and_beside_longer_ones() -> None:
    policy = language()
    torch.nn.init.normal_(policy.critic.head.weight)
    alone = policy.evaluate(["say e"], [[7, 8]])
    beside = policy.evaluate(["say e", "say something longer"], [[7, 8], [9, 10, 11]])
    for name in ("logps", "entropies", "values"):
        torch.testing.assert_close(getattr(beside, name)[:1, :2], getattr(alone, name), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(policy.state_values(["say e"])[0], alone.values[0, 0], atol=1e-5, rtol=1e-4)
