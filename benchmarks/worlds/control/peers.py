"""stable-baselines3's and sb3-contrib's learners on a task (extra `peers`)."""

from __future__ import annotations

from typing import Any

from ...experiment import Result, Setting
from .record import Record
from .task import FRESH, Task


def ppo(task: Task, setting: Setting) -> Result:
    """stable-baselines3's PPO."""
    from stable_baselines3 import PPO

    settings = {"batch_size": task.minibatch, "n_epochs": task.epochs, "learning_rate": task.lr}
    return learned(PPO, task, setting, n_steps=task.n_steps, gamma=task.gamma, gae_lambda=task.lam, **settings)


def maskable_ppo(task: Task, setting: Setting) -> Result:
    """sb3-contrib's PPO with masks, which asks the environments for `action_masks`."""
    from sb3_contrib import MaskablePPO

    settings = {"batch_size": task.minibatch, "n_epochs": task.epochs, "learning_rate": task.lr}
    return learned(MaskablePPO, task, setting, n_steps=task.n_steps, gamma=task.gamma, gae_lambda=task.lam, **settings)


def trpo(task: Task, setting: Setting) -> Result:
    """sb3-contrib's TRPO, its critic in minibatches of 128."""
    from sb3_contrib import TRPO

    return learned(TRPO, task, setting, n_steps=task.n_steps, gamma=task.gamma, gae_lambda=task.lam, batch_size=128)


def learned(learner: Any, task: Task, setting: Setting, **settings: Any) -> Result:
    """Any of their learners; its returns are those before rewards are normalised."""
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecNormalize

    class Count(BaseCallback):
        def _on_step(self) -> bool:
            for info in self.locals["infos"]:
                if "episode" in info:
                    record.add(self.num_timesteps, info["episode"]["r"])
            return True

        def _on_rollout_end(self) -> None:
            record.tell(self.num_timesteps)

    seed = setting.seed + FRESH
    env: VecEnv = DummyVecEnv([lambda: Monitor(task.make())] * task.environments)
    if task.normalise:
        env = VecNormalize(env, gamma=task.gamma)
    record = Record(setting.steps, setting.listen)
    model = learner("MlpPolicy", env, seed=seed, device="cpu", **settings)
    model.learn(setting.steps, callback=Count())
    env.close()
    return record.result(model.num_timesteps)
