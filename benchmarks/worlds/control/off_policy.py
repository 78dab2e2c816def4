"""Learners with a replay buffer on the swing-up of a pendulum: ours, and stable-baselines3's SAC (extra `peers`)."""

from __future__ import annotations

from typing import Any

from gymnasium.vector import AutoresetMode, SyncVectorEnv

from ....trainers.papers.mdpo.off_policy_control import OffPolicyMDPO, OffPolicyMDPOConfig
from ...experiment import Result, Setting
from .record import Record
from .task import FRESH, pendulum

WARM_UP, HIDDEN, LR, BATCH, TEMPERATURE = 1000, (64, 64), 1e-3, 256, 0.2


def mdpo(setting: Setting, **options: Any) -> Result:
    """The off-policy form; with c = λ it is SAC with a value function."""
    config = OffPolicyMDPOConfig(
        warm_up=WARM_UP, hidden=HIDDEN, lr=LR, batch_size=BATCH, entropy_coef_lambda=TEMPERATURE, **options
    )
    env = SyncVectorEnv([pendulum], autoreset_mode=AutoresetMode.SAME_STEP)
    record = Record(setting.steps, setting.listen)

    def count(learner: OffPolicyMDPO) -> None:
        while len(record.ended) < len(learner.episodes):
            record.add(learner.steps_done, float(learner.episodes[len(record.ended)].returns[0]))
            record.tell(learner.steps_done)

    learner = OffPolicyMDPO(env, config, seed=setting.seed + FRESH).learn(setting.steps, count)
    return record.result(learner.steps_done)


def sac(setting: Setting) -> Result:
    """stable-baselines3's, with the same networks, rates and temperature."""
    from stable_baselines3 import SAC
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.monitor import Monitor

    class Count(BaseCallback):
        def _on_step(self) -> bool:
            if episode := self.locals["infos"][0].get("episode"):
                record.add(self.num_timesteps, episode["r"])
                record.tell(self.num_timesteps)
            return True

    record = Record(setting.steps, setting.listen)
    model = SAC(
        "MlpPolicy",
        Monitor(pendulum()),
        learning_starts=WARM_UP,
        learning_rate=LR,
        batch_size=BATCH,
        ent_coef=TEMPERATURE,
        policy_kwargs={"net_arch": list(HIDDEN)},
        seed=setting.seed + FRESH,
        device="cpu",
    )
    model.learn(setting.steps, callback=Count())
    return record.result(model.num_timesteps)
