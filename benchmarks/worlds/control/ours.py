"""Our learners on a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gymnasium.vector import VectorEnv

from ....trainers.control import PPO, MLPActorCritic, Phase, PPOConfig, Steps
from ....trainers.papers.mdpo.control import MDPOControl, MDPOControlConfig
from ...experiment import Result, Setting
from .record import Record
from .task import FRESH, Task


def ppo(task: Task, setting: Setting, **options: Any) -> Result:
    """The small PPO."""
    config = PPOConfig(
        n_steps=task.n_steps,
        gamma=task.gamma,
        lam=task.lam,
        policy=Phase(epochs=task.epochs, minibatch=task.minibatch, lr=task.lr),
        reward_norm=task.normalise,
    )
    return learned(PPO, config, task, setting, **options)


def mdpo(task: Task, setting: Setting, *, inner_steps: int, lr: float, value_lr: float = 1e-3) -> Result:
    """Mirror descent with m inner steps; the final measures have the mean KL of its iterations too."""
    config = MDPOControlConfig(
        n_steps=task.n_steps,
        gamma=task.gamma,
        lam=task.lam,
        policy=Phase(epochs=inner_steps, minibatch=None, lr=lr),
        critic=Phase(epochs=5, minibatch=128, lr=value_lr),
        reward_norm=task.normalise,
    )
    moved: list[float] = []
    result = learned(MDPOControl, config, task, setting, lambda ppo: moved.append(ppo.metrics["kl"]))
    return result.with_final(kl=sum(moved) / len(moved))


def learned(
    learner: type[PPO],
    config: PPOConfig,
    task: Task,
    setting: Setting,
    after: Callable[[PPO], None] = lambda ppo: None,
    env: VectorEnv | None = None,
    **options: Any,
) -> Result:
    """A learner with the usual networks on a task; `after` is called after each update."""
    seed, env = setting.seed + FRESH, env or task.vector()
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space, normalise=task.normalise, seed=seed)
    record = Record(setting.steps, setting.listen)

    def count(ppo: PPO, steps: Steps) -> None:
        for episode in steps.episodes:
            record.add(ppo.steps_done, float(episode.returns[0]))
        record.tell(ppo.steps_done)
        after(ppo)

    done = learner(env, policy, config, seed=seed, **options).learn(setting.steps, count).steps_done
    env.close()
    return record.result(done)
