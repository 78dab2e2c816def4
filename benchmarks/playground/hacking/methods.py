"""The methods that are compared: same prompts, same seed, same number of completions, same learning rate."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from time import process_time
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ....rewards import Reward, Route
from ....trainers import GRPO, ObjectiveConfig, ObjectiveTrainer
from ....trainers.papers.cgpo import CGPOConfig, CGPOTrainer, Stratum
from ..cache import load_warm_start
from ..fitting import StepListener, fit
from .checkup import Checkup
from .judges import constraint, form, right
from .offline import train_dpo
from .reward_model import Proxy
from .world import NEW_TOKENS, STRATA, World

PROMPTS, GROUP, LEARNING_RATE, KL_MAX = 8, 8, 1e-4, 20.0
Listen = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True)
class Method:
    """A way to train on the proxy.

    `optimizer` is one of CGPO's, "grpo" or "dpo"; `judged` whether CGPO has its judges; `weight` that of each judge
    beside the proxy in a plain sum for GRPO, 0 for the proxy alone.
    """

    title: str
    optimizer: str
    judged: bool = True
    weight: float = 0.0


METHODS = {
    "grpo": Method("GRPO on the proxy", "grpo"),
    "grpo-sum-1": Method("GRPO on proxy + 1 × each judge", "grpo", weight=1.0),
    "grpo-sum-3": Method("GRPO on proxy + 3 × each judge", "grpo", weight=3.0),
    "grpo-sum-10": Method("GRPO on proxy + 10 × each judge", "grpo", weight=10.0),
    "dpo": Method("DPO on the proxy's preferences", "dpo"),
    "crpg-unjudged": Method("CRPG without judges", "crpg", judged=False),
    "crpg": Method("CRPG", "crpg"),
    "codpo": Method("CODPO", "codpo"),
    "crraft": Method("CRRAFT", "crraft"),
}


@dataclass(frozen=True)
class MethodRun:
    """One run: the method's name, its seed, the checkups from step 0 on, every step's log, and its CPU seconds."""

    method: str
    seed: int
    checkups: list[Checkup]
    history: list[dict[str, float]]
    seconds: float

    def as_data(self, examples: int = 2) -> dict[str, Any]:
        """This run as plain data: its checkups with a few completions each, without the log."""
        checkups = []
        for checkup in self.checkups:
            strata = {
                task: asdict(check) | {"completions": check.completions[:examples]}
                for task, check in checkup.strata.items()
            }
            checkups.append({"step": checkup.step, "strata": strata})
        return {"method": self.method, "seed": self.seed, "seconds": round(self.seconds, 1), "checkups": checkups}


def train_method(
    name: str, world: World, proxy: Proxy, *, seed: int, steps: int, every: int, listen: Listen | None = None
) -> MethodRun:
    """Train the policy of a world with a method; a checkup each `every` steps and at both ends."""
    started, method = process_time(), METHODS[name]
    policy, tokenizer = load_warm_start(world.start)
    checkups = [Checkup.of(policy, tokenizer, proxy, world.held_out)]

    def hear(step: int, logs: Mapping[str, float]) -> None:
        if step % every == 0 or step == steps:
            checkups.append(Checkup.of(policy, tokenizer, proxy, world.held_out, step=step))
        if listen is not None:
            listen(step, logs)

    if method.optimizer == "dpo":
        history = train_dpo(policy, tokenizer, world, proxy, seed=seed, steps=steps, listen=hear)
    else:
        history = _train_online(method, policy, tokenizer, world, proxy, seed, steps, hear)
    return MethodRun(name, seed, checkups, history, process_time() - started)


def _train_online(
    method: Method,
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    world: World,
    proxy: Proxy,
    seed: int,
    steps: int,
    hear: Listen,
) -> list[dict[str, float]]:
    settings, told = _settings(seed, steps), [StepListener(hear)]
    if method.optimizer == "grpo":
        grpo = {"reward_funcs": summed(proxy, method.weight), "objective": GRPO}
        return fit(ObjectiveTrainer, ObjectiveConfig, policy, tokenizer, world.rows, settings, callbacks=told, **grpo)
    # All K answers are the policy's, so that every method draws the same number of completions.
    settings |= {"kl_max": KL_MAX, "optimizer": method.optimizer, "baseline_fallback": False}
    strata = {task: Stratum(judges=constraint(task) if method.judged else ()) for task in STRATA}
    cgpo = {"reward_funcs": proxy.as_reward(), "strata": strata}
    return fit(CGPOTrainer, CGPOConfig, policy, tokenizer, world.rows, settings, callbacks=told, **cgpo)


def summed(proxy: Proxy, weight: float) -> Reward:
    """The proxy, with `weight` times each judge added."""
    reward = proxy.as_reward()
    if not weight:
        return reward
    return Route("task", {task: reward + weight * right(task) + weight * form(task) for task in STRATA})


def _settings(seed: int, steps: int) -> dict[str, Any]:
    return {
        "max_steps": steps,
        "per_device_train_batch_size": PROMPTS * GROUP,
        "num_generations": GROUP,
        "max_completion_length": NEW_TOKENS,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "constant_with_warmup",
        "warmup_steps": 5,
        "top_k": 0,
        "seed": seed,
    }
