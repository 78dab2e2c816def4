"""The whole method on vector environments with a reward of m numbers, on the PPO of `trainers.control`."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor

from ....judges.options import one_of
from ...control import PPO, ActorCritic, Minibatch, Phase, PPOConfig, Steps, evaluate
from ...objectives import require_within
from .barrier import BETA, SLACK_FLOOR, Mode, T, barrier_weights, ipo_loss, require_barrier, thresholds
from .constrained_step import CPO
from .extension import Child, Snapshot, extend_front
from .front import Front, FrontPolicy
from .metrics import initial_weights
from .points import Points, as_reference
from .selection import CAPACITY, ParetoBuffer
from .stage_one import standardised

Form = Literal["advantage", "loss", "cpo"]


def paper_ppo(num_envs: int = 8) -> PPOConfig:
    """The paper's PPO: 512 steps of every environment, 10 epochs of 32 minibatches, γ 0.995, λ 0.95, Adam 3e-4.

    Its value loss is half the clipped squared error, weighed by 0.5: 0.25 of ours.
    """
    return PPOConfig(
        n_steps=512,
        gamma=0.995,
        lam=0.95,
        policy=Phase(epochs=10, minibatch=512 * num_envs // 32, lr=3e-4),
        value_clip=0.2,
        value_coef=0.25,
        advantage_norm="none",  # the algorithm standardises over the batch itself
    )


@dataclass(frozen=True)
class ControlSearch:
    """How far the search goes, and how values are measured. Steps are those of all environments together.

    ref_point: `(m,)`. total_steps: of training; evaluations are not counted. stage_one_share: of them.
    delta: step of the grid of stage 1's weights; 1 is one policy for each objective.
    chunk_updates: of one extension. archive_every: updates between snapshots in stage 1; in stage 2 each is one.
    num_select: policies that are extended in a round.
    units: `(m,)` what each objective is divided by in scalarisations and slacks, so that weights, t and the floor mean
        the same to all; None is 1.
    form: "advantage" or "loss" of the barrier, or "cpo", one constrained step an update. mode: of the loss form, see
        `ipo_loss`. delta_kl: the trust region of the CPO form.
    mean_weight: of an update's episodes in the running mean of J.
    eval_episodes, eval_gamma: greedy episodes a value is the mean of, and their discount.
    eval_steps: a longer episode is an error: give the environment a time limit.
    """

    ref_point: Sequence[float]
    total_steps: int
    stage_one_share: float = 0.5
    delta: float = 0.5
    chunk_updates: int = 20
    archive_every: int = 10
    num_select: int = 6
    beta: float = BETA
    t: float = T
    slack_floor: float = SLACK_FLOOR
    units: Sequence[float] | None = None
    form: Form = "advantage"
    mode: Mode = "library"
    delta_kl: float = 0.01
    mean_weight: float = 0.3
    eval_episodes: int = 5
    eval_gamma: float = 0.99
    eval_steps: int = 500
    capacity: int = CAPACITY
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        m = len(as_reference(self.ref_point))
        one_of("form", self.form, get_args(Form))
        one_of("mode", self.mode, get_args(Mode))
        require_within(0.0, 1.0, stage_one_share=self.stage_one_share, beta=self.beta, mean_weight=self.mean_weight)
        require_within(0.0, 1.0, eval_gamma=self.eval_gamma)
        require_barrier(self.t, self.slack_floor)
        if not self.stage_one_share > 0:
            raise ValueError("stage_one_share must be above 0: extension needs somebody to begin with")
        if not 0 < self.delta_kl < math.inf:
            raise ValueError(f"delta_kl={self.delta_kl}: give a number above 0")
        if self.units is not None and (len(self.units) != m or not all(0 < unit < math.inf for unit in self.units)):
            raise ValueError(f"units must be {m} numbers above 0, one for each objective, not {self.units}")
        counts = (self.total_steps, self.chunk_updates, self.archive_every, self.num_select, self.eval_episodes)
        if min(*counts, self.eval_steps) < 1:
            raise ValueError("total_steps, chunk_updates, archive_every, num_select and eval_… are at least 1")


@dataclass(frozen=True, eq=False)
class Discovery:
    """What `discover_policies` found: the front, that of stage 1 alone, every extension, and the steps that it took."""

    front: Front[ActorCritic]
    stage_one: Points
    children: list[Child]
    steps: int


@dataclass(eq=False)
class CMORLControl:
    """The search, with what it has spent.

    env: trained in. eval_env: values are measured in.
    make_policy: (seed) to a policy with critics of m objectives.
    """

    env: VectorEnv
    eval_env: VectorEnv
    make_policy: Callable[[int], ActorCritic]
    search: ControlSearch
    config: PPOConfig
    objectives: Sequence[str]
    seed: int = 0
    steps: int = 0
    runs: int = 0
    buffer: ParetoBuffer[tuple[ActorCritic, dict[str, object]]] = field(init=False)

    def __post_init__(self) -> None:
        search = self.search
        if len(self.objectives) != len(search.ref_point):
            raise ValueError(f"ref_point has {len(search.ref_point)} numbers for the objectives {self.objectives}")
        self.config = replace(self.config, advantage_norm="none")
        self.buffer = ParetoBuffer(search.ref_point, search.capacity, search.tolerance, distinct=True)
        units = search.units if search.units is not None else [1.0] * len(self.objectives)
        self.units = torch.tensor(units, dtype=torch.get_default_dtype())

    def discover(self, tell: Callable[[CMORLControl], None] = lambda search: None) -> Discovery:
        """Both stages. `tell` hears after stage 1 and after each extension."""
        search = self.search
        grid = initial_weights(len(self.objectives), search.delta)
        share = search.total_steps * search.stage_one_share / len(grid)
        for weights in grid:
            self.train_weighting(weights, share)
        stage_one = self.buffer.values
        tell(self)
        children: list[Child] = []
        if search.stage_one_share < 1:
            children = extend_front(
                self.buffer,
                self.extend,
                num_select=search.num_select,
                may_go_on=lambda: self.steps < search.total_steps,
                beta=search.beta,
                tell=lambda child: tell(self),
            )
        return Discovery(self.front(), stage_one, children, self.steps)

    def front(self) -> Front[ActorCritic]:
        """What is kept by now."""
        kept = zip(self.buffer.values, self.buffer.policies, strict=True)
        policies = [FrontPolicy(value, policy, origin) for value, (policy, origin) in kept]
        return Front(policies, self.objectives, self.search.ref_point)

    def train_weighting(self, weights: Points, steps: float) -> None:
        """Stage 1: PPO on a weighted sum, from new weights of the network; snapshots go to the buffer."""
        w = torch.as_tensor(weights, dtype=self.units.dtype)
        ppo = self._ppo(self.make_policy(self.seed + self.runs), lambda s: self._scalar(s, w))
        found: list[Snapshot[tuple[ActorCritic, dict[str, object]]]] = []
        while ppo.steps_done < steps:
            self._update(ppo)
            if ppo.iteration % self.search.archive_every == 0 or ppo.steps_done >= steps:
                found.append(self._snapshot(ppo.policy, {"weights": weights.tolist()}))
        self.buffer.add(np.array([value for value, _ in found]), [policy for _, policy in found])

    def extend(
        self, parent: tuple[ActorCritic, dict[str, object]], value: Points, objective: int
    ) -> Iterator[Snapshot[tuple[ActorCritic, dict[str, object]]]]:
        """Stage 2: a copy of the parent with a fresh optimiser; each update is a snapshot."""
        policy = copy.deepcopy(parent[0])
        constraint = Constraint(self, policy, torch.as_tensor(value), objective)
        match self.search.form:
            case "advantage":
                ppo = self._ppo(policy, constraint.advantages)
            case "loss":
                ppo = self._ppo(policy, constraint.advantages_of_objective, constraint.loss)
            case "cpo":
                ppo = self._cpo(policy, constraint)
        origin: dict[str, object] = {"parent": value.tolist(), "objective": self.objectives[objective]}
        for _ in range(self.search.chunk_updates):
            self._update(ppo)
            yield self._snapshot(policy, origin)

    def value(self, policy: ActorCritic, *, greedy: bool, episodes: int | None = None) -> Points:
        """`(m,)` mean discounted return of whole episodes."""
        search = self.search
        returns = evaluate(
            self.eval_env,
            policy,
            episodes or search.eval_episodes,
            gamma=search.eval_gamma,
            greedy=greedy,
            seed=self.seed,
            max_steps=search.eval_steps * (episodes or search.eval_episodes),
        )
        mean: Points = returns.mean(0)
        return mean

    def _ppo(
        self,
        policy: ActorCritic,
        advantages: Callable[[Steps], Tensor],
        loss: Callable[[Minibatch], Tensor] | None = None,
    ) -> PPO:
        self.runs += 1
        return PPO(self.env, policy, self.config, advantages=advantages, loss=loss, seed=self.seed + 1000 * self.runs)

    def _cpo(self, policy: ActorCritic, constraint: Constraint) -> PPO:
        self.runs += 1
        return CPO(
            self.env,
            policy,
            replace(self.config, critic=self.config.critic or self.config.policy),
            advantages=constraint.advantages_of_objective,
            seed=self.seed + 1000 * self.runs,
            slack=lambda: constraint.J - constraint.threshold,
            objective=constraint.objective,
            units=self.units,
            delta=self.search.delta_kl,
        )

    def _update(self, ppo: PPO) -> None:
        before = ppo.steps_done
        ppo.update(ppo.collect())
        ppo.iteration += 1
        self.steps += ppo.steps_done - before

    def _scalar(self, steps: Steps, weights: Tensor) -> Tensor:
        """`(T, E)` standardised over the valid steps, 0 elsewhere."""
        scalar = (steps.adv / self.units) @ weights
        found = torch.zeros_like(scalar)
        found[steps.valid] = standardised(scalar[steps.valid])
        return found

    def _snapshot(
        self, policy: ActorCritic, origin: dict[str, object]
    ) -> Snapshot[tuple[ActorCritic, dict[str, object]]]:
        return self.value(policy, greedy=True), (copy.deepcopy(policy), origin)


class Constraint:
    """The barrier of one extension: thresholds of the parent, and where J is now.

    J is the running mean of discounted returns of whole episodes, not of the returns from every state: those are
    another number. It begins at the parent's value as it acts, drawn and not greedy. All in `units`.
    """

    def __init__(self, search: CMORLControl, policy: ActorCritic, value: Tensor, objective: int) -> None:
        self.owner, self.search, self.objective = search, search.search, objective
        self.units = search.units.double()
        self.parent = value / self.units
        self.threshold = thresholds(self.parent, self.search.beta)
        self.J = torch.as_tensor(search.value(policy, greedy=False, episodes=8)) / self.units
        self.episodes = EpisodeReturns(self.search.eval_gamma)

    def follow(self, steps: Steps) -> None:
        """Take the episodes that ended into J."""
        if len(returns := self.episodes.of(steps)):
            weight = self.search.mean_weight
            self.J = (1 - weight) * self.J + weight * torch.as_tensor(returns.mean(0)) / self.units

    def advantages(self, steps: Steps) -> Tensor:
        """The advantage form."""
        self.follow(steps)
        found = barrier_weights(
            self.J, self.threshold, self.objective, t=self.search.t, slack_floor=self.search.slack_floor
        )
        return self.owner._scalar(steps, found.weights.to(steps.adv))

    def advantages_of_objective(self, steps: Steps) -> Tensor:
        """The other forms': that of the objective alone."""
        self.follow(steps)
        one_hot = torch.eye(len(self.units), dtype=steps.adv.dtype)[self.objective]
        return self.owner._scalar(steps, one_hot)

    def loss(self, mb: Minibatch) -> Tensor:
        """The loss form, on the returns from every state as the paper has it."""
        config = self.owner.config
        found = ipo_loss(
            mb.logp,
            mb.logp_old,
            mb.adv,
            mb.ret / self.owner.units,
            self.parent.to(mb.ret),
            self.objective,
            beta=self.search.beta,
            t=self.search.t,
            clip=config.clip,
            mode=self.search.mode,
            slack_floor=self.search.slack_floor,
        )
        return found.loss - config.entropy_coef * mb.dist.entropy().mean()


class EpisodeReturns:
    """Discounted returns of the episodes that end, over collections that cut them anywhere."""

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma
        self.total: Points | None = None

    def of(self, steps: Steps) -> Points:
        """`(episodes, m)` of those that ended in these steps."""
        reward, end, valid = (x.double().numpy() for x in (steps.reward.cpu(), steps.end.cpu(), steps.valid.cpu()))
        if self.total is None:
            self.total, self.discount = np.zeros(reward.shape[1:]), np.ones((reward.shape[1], 1))
        ended = []
        for now, over, counts in zip(reward, end.astype(bool), valid.astype(bool), strict=True):
            self.total += np.where(counts[:, None], self.discount * now, 0.0)
            self.discount[counts] *= self.gamma
            ended.append(self.total[over & counts].copy())
            self.total[over], self.discount[over] = 0.0, 1.0
        return np.concatenate(ended)


def discover_policies(
    env: VectorEnv,
    eval_env: VectorEnv,
    make_policy: Callable[[int], ActorCritic],
    search: ControlSearch,
    *,
    objectives: Sequence[str],
    config: PPOConfig | None = None,
    seed: int = 0,
) -> Discovery:
    """Stage 1 and extension on an environment with a reward of m numbers.

        search = ControlSearch(ref_point=[0, 0], total_steps=200_000)
        found = discover_policies(env, eval_env, make_policy, search, objectives=["speed", "ease"])
        found.front.assign([0.3, 0.7])
        save_policies(found.front, "front"); load_policies("front", lambda: make_policy(0))

    config: of PPO; default `paper_ppo`.
    """
    return CMORLControl(
        env, eval_env, make_policy, search, config or paper_ppo(int(env.num_envs)), objectives, seed
    ).discover()


def save_policies(front: Front[ActorCritic], folder: str | Path) -> None:
    """`front.json`, and the weights of every policy with its running statistics."""
    front.save(folder, lambda policy, path: torch.save(policy.state_dict(), path))


def load_policies(folder: str | Path, make: Callable[[], ActorCritic]) -> Front[ActorCritic]:
    """What `save_policies` wrote. make: a policy like those that were saved."""

    def read(path: Path) -> ActorCritic:
        policy = make()
        policy.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        return policy

    return Front.load(folder, read)
