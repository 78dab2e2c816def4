"""A run on disk: stopped and gone on with, it is the run that was never stopped, bit for bit.

A folder with `learner.pt` (tensors and numbers) and `environments.pkl`. The second is a pickle, which may run anything
when it is opened: restore only checkpoints of your own.
"""

from __future__ import annotations

import copyreg
import pickle
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import torch
from gymnasium.utils import EzPickle

if TYPE_CHECKING:
    from .ppo import PPO

LEARNER, ENVIRONMENTS = "learner.pt", "environments.pkl"


def save(ppo: PPO, folder: str | Path) -> Path:
    """Write everything that the next step depends on; a folder that exists is replaced file by file.

    Environments that cannot be pickled (in other processes, or with a physics engine that hides its state) are left
    out with a warning: the run goes on with new episodes then.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / LEARNER, lambda file: torch.save(_state(ppo), file))
    path = folder / ENVIRONMENTS
    try:
        _write(path, lambda file: _Pickler(file).dump((ppo.env, ppo.rollout.obs, ppo.rollout.infos)))
    except (TypeError, AttributeError, NotImplementedError, pickle.PicklingError) as error:
        path.unlink(missing_ok=True)
        warnings.warn(f"the environments cannot be saved ({error}): resumed episodes begin anew", stacklevel=3)
    return folder


def restore(ppo: PPO, folder: str | Path) -> None:
    """Give a learner that was made like the saved one everything of it; its environment becomes the saved one.

    Raises:
        FileNotFoundError: no checkpoint is there.
        RuntimeError: the weights are of another policy.
        ValueError: the checkpoint is of another number of environments or objectives.
    """
    folder, rollout = Path(folder), ppo.rollout
    state = torch.load(folder / LEARNER, weights_only=True, map_location=ppo.policy.device)
    if state["returns"].shape != rollout.tally.returns.shape:
        raise ValueError(
            f"the checkpoint has {tuple(state['returns'].shape)} environments and objectives, "
            f"and the learner {rollout.tally.returns.shape}"
        )
    ppo.policy.load_state_dict(state["policy"])
    ppo.optimizer.load_state_dict(state["optimizer"])
    if ppo.value_optimizer is not None:
        ppo.value_optimizer.load_state_dict(state["value_optimizer"])
    ppo.generator.set_state(state["generator"].cpu())
    ppo.steps_done, ppo.iteration, ppo.total_steps = state["steps_done"], state["iteration"], state["total_steps"]
    path = folder / ENVIRONMENTS
    if not path.exists():
        warnings.warn("the checkpoint has no environments: episodes begin anew", stacklevel=3)
        rollout.begin(seed=None)
        return
    with path.open("rb") as file:
        env, rollout.obs, rollout.infos = pickle.load(file)
    ppo.env.__dict__.update(vars(env))  # the same object, which a mask_fn may hold
    rollout.environments.begins_anew = state["begins_anew"].cpu().numpy()
    rollout.discounted = state["discounted"].cpu().numpy()
    rollout.tally.returns, rollout.tally.lengths = state["returns"].cpu().numpy(), state["lengths"].cpu().numpy()


def _state(ppo: PPO) -> dict[str, Any]:
    rollout = ppo.rollout
    return {
        "policy": ppo.policy.state_dict(),
        "optimizer": ppo.optimizer.state_dict(),
        "value_optimizer": None if ppo.value_optimizer is None else ppo.value_optimizer.state_dict(),
        "generator": ppo.generator.get_state(),
        "steps_done": ppo.steps_done,
        "iteration": ppo.iteration,
        "total_steps": ppo.total_steps,
        "begins_anew": torch.as_tensor(rollout.environments.begins_anew),
        "discounted": torch.as_tensor(rollout.discounted),
        "returns": torch.as_tensor(rollout.tally.returns),
        "lengths": torch.as_tensor(rollout.tally.lengths),
    }


def _write(path: Path, into: Any) -> None:
    """In one move: a run that is killed leaves the old file or the new one."""
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            into(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class _Pickler(cloudpickle.Pickler):
    """Pickles environments as they are: gymnasium's EzPickle would keep only what they were made with."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, EzPickle):
            return copyreg.__newobj__, (type(obj),), vars(obj), None, None, _set_state  # type: ignore[attr-defined]
        return super().reducer_override(obj)


def _set_state(obj: Any, state: dict[str, Any]) -> None:
    obj.__dict__.update(state)
