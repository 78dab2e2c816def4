"""The small PPO against stable-baselines3's and its masks against sb3-contrib's: returns, and steps per CPU second.

    python -m jurybox.benchmarks.control [--seeds N] [--steps N] [--output DIR] [--workers N]

Same environments, networks, settings, seeds and steps; the measure is the mean return of all training episodes. Needs
the extras `control` and `peers`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
from rich.console import Console

from .experiment import Claim, Experiment, Result, Setting
from .worlds.control import ours, peers
from .worlds.control.record import MEASURES
from .worlds.control.task import CARTPOLE, DOUBLE_PENDULUM, HOPPER, Task

NEAR = (0.8, 1.25)


def _masked() -> gymnasium.Env:
    from sb3_contrib.common.envs import InvalidActionEnvDiscrete

    return InvalidActionEnvDiscrete(dim=40, n_invalid_actions=20)


MASKED = Task(_masked, n_steps=128, lr=1e-3, gamma=0.5, normalise=False)


def against_peer(task: Task, setting: Setting) -> Result:
    """One of the two on a task without masks."""
    return (ours if setting.arm == "ours" else peers).ppo(task, setting)


def with_masks(setting: Setting) -> Result:
    """One of the two where half of the actions are impossible in every state."""
    if setting.arm != "ours":
        return peers.maskable_ppo(MASKED, setting)
    env = MASKED.vector()
    return ours.ppo(MASKED, setting, env=env, mask_fn=lambda obs, infos: np.stack(env.call("action_masks")))


def _near(results: Mapping[str, Result]) -> bool:
    return NEAR[0] <= results["ours"].final["auc"] / results["peer"].final["auc"] <= NEAR[1]


def _as_fast(results: Mapping[str, Result]) -> bool:
    return results["ours"].final["speed"] >= results["peer"].final["speed"]


CLAIMS = (
    Claim(f"the mean return is between {NEAR[0]} and {NEAR[1]} of theirs", _near),
    Claim("no fewer steps per CPU second", _as_fast),
)


def experiment(
    name: str, title: str, run: Callable[[Setting], Result], steps: int, peer: str = "PPO of SB3"
) -> Experiment:
    """Ours against a peer."""
    return Experiment(
        name=f"control-{name}",
        title=title,
        arms={"peer": peer, "ours": "PPO of `trainers/control`"},
        measures=MEASURES,
        run=run,
        steps=steps,
        quick_steps=4096,
        claims=CLAIMS,
        step_name="steps",
    )


EXPERIMENTS = (
    experiment("cartpole", "CartPole-v1", partial(against_peer, CARTPOLE), 40_960),
    experiment("double-pendulum", "InvertedDoublePendulum-v5 (MuJoCo)", partial(against_peer, DOUBLE_PENDULUM), 61_440),
    experiment("hopper", "Hopper-v5 (MuJoCo)", partial(against_peer, HOPPER), 40_960),
    experiment("masked", "40 actions, 20 of them impossible", with_masks, 20_480, peer="MaskablePPO of sb3-contrib"),
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run all four, print their tables and keep JSON."""
    from .report.running import run_experiment
    from .report.table import claims, terminal

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many (default %(default)s)")
    parser.add_argument("--steps", type=int, help="instead of each task's own number")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side (default %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"), help="folder (default %(default)s)")
    args, console = parser.parse_args(argv), Console()
    for each in EXPERIMENTS:
        document = run_experiment(
            each,
            seeds=range(args.seeds),
            arms=list(each.arms),
            steps=args.steps or each.steps,
            quick=args.steps is not None,
            workers=args.workers,
            path=args.output / f"{each.name}.json",
            resume=True,
            console=console,
        )
        console.print(terminal(document))
        for text, held, seeds in claims(document):
            console.print(f"  {text}: on {held} of {seeds} seeds")


if __name__ == "__main__":
    main()
