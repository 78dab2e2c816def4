"""The loop: draw completions by the SDE, judge them, compare those of a prompt, and learn each denoising step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from . import checkpoint
from .advantages import group_advantage
from .config import DiffusionConfig
from .learner import Learner
from .prompts import PromptOrder, repeated
from .randomness import EVALUATION, NOISE, ORDER, STEPS, generator, row_noise
from .ratio_statistics import RatioStatistics
from .sampling import Trajectories, follow_ode, sample, take, velocity_at
from .scoring import Scores, Scoring
from .sde import Transition, transition
from .step_loss import StepLoss
from .velocity import Velocity

Log = Callable[[int, Mapping[str, float]], None]
"""Hears how many rollouts are done and the metrics of the last."""
UNSUPPORTED = ("FSDP", "DEEPSPEED", "MEGATRON_LM")


class DiffusionTrainer(ABC):
    """Trains a `Velocity` with rewards on what it draws.

    A subclass says what is learnt of one denoising step (`step_loss`) and names its `config_class`.

        rows = [{"prompt": "a red disc"}]
        GRPOGuardTrainer(velocity, reward, args=GRPOGuardConfig("out"), train_dataset=rows).train()

    reward_funcs: a reward, a judge, a TRL reward function, or a list of them, whose sum is learnt from. They are given
        `prompts`, `completions` (what `velocity.decode` makes) and the data set's columns.
    monitors: name -> the same, looked at and not learnt from: `monitor/NAME`.
    train_dataset: rows with `prompt`, which must be hashable, and columns for the rewards.
    peft_config: adapters are trained, and nothing else.
    on_rollout: hears the metrics of every rollout, which `log_history` keeps too.

    Each process draws, judges and learns its share of the rows; advantages are those of all. Noise belongs to rows, so
    that the number of processes changes nothing but the mini-batches' make-up.

    Raises:
        ValueError: rows that cannot be shared out evenly, nothing to train, or accelerate shards the weights.
    """

    config_class: type[DiffusionConfig] = DiffusionConfig

    def __init__(
        self,
        velocity: Velocity,
        reward_funcs: Any,
        args: DiffusionConfig | None = None,
        *,
        train_dataset: Sequence[Mapping[str, Any]],
        monitors: Mapping[str, Any] | None = None,
        peft_config: Any = None,
        on_rollout: Log | None = None,
    ) -> None:
        self.args = args or self.config_class()
        if not isinstance(self.args, self.config_class):
            raise TypeError(f"args is a {self.config_class.__name__}, not {type(self.args).__name__}")
        self.accelerator = Accelerator(
            mixed_precision=self.args.mixed_precision,
            log_with=self.args.report_to,
            project_dir=self.args.output_dir,
        )
        if self.accelerator.distributed_type.name in UNSUPPORTED:
            raise ValueError(f"{self.accelerator.distributed_type.name} shards weights; this loop needs them whole")
        if self.args.rows % self.accelerator.num_processes:
            raise ValueError(
                f"prompts_per_rollout · num_generations = {self.args.rows} completions cannot be shared out evenly "
                f"over {self.accelerator.num_processes} processes"
            )
        self.velocity = velocity
        if peft_config is not None:
            from peft import get_peft_model

            velocity.module = get_peft_model(velocity.module, peft_config)
        velocity.module.to(self.accelerator.device).eval()  # dropout would make another policy of every pass
        self.learner = Learner(velocity.module, self.args, self.accelerator)
        self.scoring = Scoring(reward_funcs, monitors, train_dataset)
        self.prompts = PromptOrder(train_dataset, self.args.prompts_per_rollout, self.args.seed)
        self.sigmas = velocity.sigmas(self.args.num_steps)
        self.transitions = [
            transition(*pair, self.sigmas[1], self.args.noise_level, self.args.schedule)
            for pair in pairwise(self.sigmas)
        ]
        self.on_rollout = on_rollout
        self.rollouts = 0
        self.log_history: list[dict[str, float]] = []

    @abstractmethod
    def step_loss(
        self,
        x: Tensor,
        prev_sample: Tensor,
        v: Tensor,
        log_prob_old: Tensor,
        mean_old: Tensor,
        advantages: Tensor,
        **step: Any,
    ) -> StepLoss:
        """The loss of one denoising step of B rows: of latents `(B, …)`, `(B,)` the others; step: see `transition`."""

    def train(self, resume_from_checkpoint: bool | str | Path = False) -> None:
        """Go on until `max_rollouts` are done.

        resume_from_checkpoint: True for the newest of `output_dir`, or a path.
        """
        if resume_from_checkpoint:
            newest = resume_from_checkpoint is True
            self.load(checkpoint.last(Path(self.args.output_dir)) if newest else Path(str(resume_from_checkpoint)))
        if self.args.report_to:
            self.accelerator.init_trackers(type(self).__name__)
        while self.rollouts < self.args.max_rollouts:
            metrics = self._rollout()
            self.rollouts += 1
            self.log_history.append({"rollout": self.rollouts, **metrics})
            self.accelerator.log(metrics, step=self.rollouts)
            if self.on_rollout is not None:
                self.on_rollout(self.rollouts, metrics)
            if self.args.save_every and self.rollouts % self.args.save_every == 0:
                self.save(Path(self.args.output_dir) / f"checkpoint-{self.rollouts}")
        if self.args.report_to:
            self.accelerator.end_training()

    # Drawing and judging.

    def _rollout(self) -> dict[str, float]:
        rows = repeated(self.prompts.rollout(self.rollouts), self.args.num_generations)
        mine = self._share(len(rows))
        drawn = self._draw([rows[i] for i in mine], mine)
        scores = self.scoring.score([rows[i] for i in mine], self.velocity.decode(drawn.final), self.rollouts)
        rewards = self._gathered(scores.rewards)
        advantages = group_advantage([row["prompt"] for row in rows], rewards, self.args.global_std)
        metrics = {**scores.means(), **self._reward_metrics(rewards, advantages, scores)}
        return {**metrics, **self._learn(drawn, advantages)}

    def _share(self, rows: int, process: int | None = None) -> range:
        """The rows of a process."""
        size = rows // self.accelerator.num_processes
        start = size * (self.accelerator.process_index if process is None else process)
        return range(start, start + size)

    def _draw(self, rows: Sequence[Mapping[str, Any]], places: Sequence[int]) -> Trajectories:
        noise = row_noise(
            self.args.seed,
            NOISE,
            self.rollouts,
            rows=places,
            steps=self.args.num_steps + 1,
            shape=self.velocity.shape,
        ).to(self.accelerator.device)
        with self.accelerator.autocast():
            condition = self._encoded([row["prompt"] for row in rows])
            parts = [
                sample(self.velocity, take(condition, part), noise[part], self.transitions, self.args.train_steps)
                for part in self._parts(torch.arange(len(rows)))
            ]
        return Trajectories.joined(parts, condition)

    def _encoded(self, prompts: Sequence[Any]) -> Any:
        """Conditions; each prompt is encoded once."""
        distinct = list(dict.fromkeys(prompts))
        places = torch.tensor([distinct.index(prompt) for prompt in prompts])
        with torch.no_grad():
            return take(self.velocity.encode(distinct), places)

    def _parts(self, rows: Tensor) -> Sequence[Tensor]:
        return rows.split(self.args.rows_per_forward or max(len(rows), 1))

    def _gathered(self, local: Tensor) -> Tensor:
        """`(rows,)` of all processes, in order."""
        return torch.tensor(gather_object(local.tolist()), dtype=torch.float64)

    def _reward_metrics(self, rewards: Tensor, advantages: Tensor, scores: Scores) -> dict[str, float]:
        scored = rewards[torch.isfinite(rewards)]
        said = {
            "reward": scored.mean().item() if len(scored) else float("nan"),
            "reward_std": scored.std(correction=0).item() if len(scored) else float("nan"),
            "frac_unscored": 1 - len(scored) / len(rewards),
            "frac_zero_advantage": (advantages == 0).double().mean().item(),
        }
        for name, local in scores.monitored.items():
            said[f"monitor/{name}"] = self._gathered(local).nanmean().item()
        return said

    # Learning.

    def _learn(self, drawn: Trajectories, advantages: Tensor) -> dict[str, float]:
        """Every mini-batch of every pass; rows without an advantage are left out, and a mini-batch of none as well."""
        kept = [
            torch.tensor([i - rows.start for i in rows if advantages[i] != 0], dtype=torch.long)
            for rows in (self._share(len(advantages), process) for process in range(self.accelerator.num_processes))
        ]
        here = self._share(len(advantages))
        mine = advantages[here.start : here.stop].to(self.accelerator.device)
        statistics = RatioStatistics(self.args.train_steps, self.args.clip_range)
        norms: list[float] = []
        for iteration in range(self.args.num_iterations):
            for number, rows, total in self._mini_batches(kept, iteration):
                if total:
                    steps = self._steps(iteration, number)
                    norms.append(self._update(drawn, mine, rows, total, steps, statistics))
        norm = {"grad_norm": sum(norms) / len(norms)} if norms else {}
        return {**norm, "updates": len(norms), **statistics.metrics()}

    def _mini_batches(self, kept: Sequence[Tensor], iteration: int) -> list[tuple[int, Tensor, int]]:
        """(number, rows of this process, how many all processes have)."""
        shuffled = [
            rows[torch.randperm(len(rows), generator=generator(self.args.seed, ORDER, self.rollouts, iteration, rank))]
            for rank, rows in enumerate(kept)
        ]
        cuts = [rows.tensor_split(self.args.updates_per_rollout) for rows in shuffled]
        own = cuts[self.accelerator.process_index]
        return [(i, part, sum(len(cut[i]) for cut in cuts)) for i, part in enumerate(own)]

    def _steps(self, iteration: int, number: int) -> list[int]:
        """The denoising steps of an update."""
        count = self.args.steps_per_update
        if count is None:
            return list(range(self.args.train_steps))
        order = generator(self.args.seed, STEPS, self.rollouts, iteration, number)
        return sorted(torch.randperm(self.args.train_steps, generator=order)[:count].tolist())

    def _update(
        self,
        drawn: Trajectories,
        advantages: Tensor,
        rows: Tensor,
        total: int,
        steps: Sequence[int],
        statistics: RatioStatistics,
    ) -> float:
        """An optimizer step on the mean over rows and steps, one graph at a time; returns the gradient's norm."""
        self.learner.forget_gradients()
        for j in steps:
            for part in self._parts(rows) if len(rows) else ():
                result = self._step(drawn, advantages, part, j)
                self.accelerator.backward(result.losses.sum() / (total * len(steps)))
                statistics.add(j, self.transitions[j], result, drawn.means[j, part])
        return self.learner.update()

    def _step(self, drawn: Trajectories, advantages: Tensor, rows: Tensor, j: int) -> StepLoss:
        x, step = drawn.latents[j, rows], self.transitions[j]
        with self.accelerator.autocast():
            v = velocity_at(self.velocity, x, step.sigma, drawn.condition_of(rows))
        return self.step_loss(
            x,
            drawn.latents[j + 1, rows],
            v,
            drawn.log_probs[j, rows],
            drawn.means[j, rows],
            advantages[rows].to(x.dtype),
            **self.step_arguments(step),
        )

    def step_arguments(self, step: Transition) -> dict[str, Any]:
        """A step as `transition` is told of it."""
        return {
            "sigma": step.sigma,
            "sigma_next": step.sigma_next,
            "sigma_max": self.sigmas[1],
            "noise_level": self.args.noise_level,
            "schedule": self.args.schedule,
        }

    @property
    def limits(self) -> dict[str, Any]:
        """What losses clip at."""
        return {"clip_range": self.args.clip_range, "adv_clip_max": self.args.adv_clip_max}

    # What comes out.

    @torch.no_grad()
    def generate(self, prompts: Sequence[Any], *, seed: int = 0) -> Sequence[Any]:
        """Completions of these prompts by the ODE, with the averaged weights where there are; noise belongs to rows."""
        if not prompts:
            return []
        noise = row_noise(seed, EVALUATION, rows=range(len(prompts)), steps=1, shape=self.velocity.shape)[:, 0]
        noise = noise.to(self.accelerator.device)
        sigmas = self.velocity.sigmas(self.args.eval_num_steps)
        with self.learner.averaged(), self.accelerator.autocast():
            condition = self._encoded(prompts)
            parts = [
                follow_ode(self.velocity, take(condition, part), noise[part], sigmas)
                for part in self._parts(torch.arange(len(prompts)))
            ]
        return self.velocity.decode(torch.cat(parts))

    def save_model(self, folder: str | Path) -> None:
        """The trained network (or its adapters) as its own `save_pretrained` writes it; else `model.safetensors`."""
        if not self.accelerator.is_main_process:
            return
        with self.learner.averaged():
            if hasattr(self.velocity.module, "save_pretrained"):
                self.velocity.module.save_pretrained(folder)  # type: ignore[operator]
            else:
                from safetensors.torch import save_model

                Path(folder).mkdir(parents=True, exist_ok=True)
                save_model(self.velocity.module, str(Path(folder) / "model.safetensors"))

    def save(self, folder: Path) -> None:
        """A checkpoint, in one move; every process calls it."""
        if self.accelerator.is_main_process:
            draft = folder.with_name(f"{folder.name}.partial")
            checkpoint.write(draft, {"rollouts": self.rollouts, **self.learner.state_dict()})
            self.scoring.states.save(draft, micro_step=self.rollouts, mid_generation=False)
            checkpoint.publish(draft, folder)
        self.accelerator.wait_for_everyone()

    def load(self, folder: Path) -> None:
        """Take up a checkpoint.

        Raises:
            ValueError: it is of another network, of another choice of `ema_decay`, or of other rewards.
        """
        saved = checkpoint.read(folder)
        self.learner.load_state_dict(saved, str(folder))
        self.scoring.states.load(folder)
        self.rollouts = int(saved["rollouts"])
