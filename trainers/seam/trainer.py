"""The class that overrides TRL's private methods; `contract` says which and what they promise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from accelerate.utils import gather_object
from torch import Tensor
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from trl import GRPOConfig, GRPOTrainer

from ..objectives import masked_mean
from ._beside import Beside, finished
from ._drawing import as_rollout, completions_of, require_same_rows
from ._inputs import attach, batch_of, loss_mask
from ._metrics import reduce_metrics, reward_metrics
from ._micro_batches import SHARE
from ._not_causal import require_nothing_of_next_tokens, with_generation_config
from ._parts import in_parts
from ._redrawing import Redrawing
from ._reference import copied_reference
from ._setting import while_set
from ._whole_groups import require_whole_groups
from .ahead import each_dataset, look_ahead, require_columns, require_distinct_names
from .batch import Batch
from .chain import Chain
from .objective import Objective, replaces
from .policy import Policy
from .reward_state import RewardStates
from .rollout import Rollout

# What `_get_per_token_logps_and_entropies` takes for models that see, when the batch has it.
VISION_KEYS = (
    "pixel_values",
    "image_grid_thw",
    "num_images",
    "pixel_attention_mask",
    "spatial_shapes",
    "num_tiles",
    "image_sizes",
    "token_type_ids",
    "mm_token_type_ids",
    "image_position_ids",
)

# Averages over all tokens of a generation, of which TRL logs a micro-batch's share as "policy_loss".
OVER_THE_GENERATION = ("cispo", "dapo", "vespo")


class ObjectiveTrainer(Redrawing):
    """`GRPOTrainer` with the objective of a paper: same constructor, datasets, callbacks, PEFT, accelerate.

        trainer = ObjectiveTrainer(model, reward_funcs, args=ObjectiveConfig(...), train_dataset=dataset,
                                   objective=GRPO)

    A paper's trainer names its two classes and is otherwise used as TRL's:

        class NGRPOTrainer(ObjectiveTrainer):
            objective_class = NGRPO
            config_class = NGRPOConfig

    objective: an `Objective` class, built with `args`, or an instance; default `objective_class`.

    Raises:
        TypeError: `args` is not of the paper's config class.
        ValueError: a setting that the objective's own loss would silently ignore, or sizes that cut groups.
    """

    objective_class: ClassVar[type[Objective]] = Objective
    config_class: ClassVar[type[GRPOConfig]] = GRPOConfig

    rollout_func: Any  # TRL's own, declared for the type checker

    _keeps_entropies: bool = False  # of the next forward pass
    _old_entropies: Tensor | None = None

    def __init__(
        self,
        model: Any,
        reward_funcs: Any = None,
        args: GRPOConfig | None = None,
        *more: Any,
        objective: type[Objective] | Objective | None = None,
        **named: Any,
    ) -> None:
        args = self._config(model, args)
        objective = objective or self.objective_class
        # Not `self.objective`: a hyperparameter search of transformers keeps its metric there.
        self.policy_objective = objective(args) if isinstance(objective, type) else objective
        self.whole_groups = self.policy_objective.whole_groups or getattr(args, "whole_groups", False)
        self._check(args)
        # A reference is loaded when beta is not 0; whether it enters the loss is the objective's business.
        needs_reference = self.policy_objective.needs_reference
        with (
            while_set(args, "beta", args.beta or float(needs_reference)),
            copied_reference(model, always=needs_reference),
            with_generation_config(model, wanted=not self.policy_objective.causal),
        ):
            super().__init__(model, reward_funcs, args, *more, **named)
        self.beta = args.beta
        self._require_redrawing()
        require_distinct_names(self.reward_funcs, self.reward_func_names)
        for dataset in each_dataset(self.train_dataset, self.eval_dataset):
            require_columns(self.reward_funcs, self.policy_objective.columns, dataset, every_column=self._own_columns)
        self.reward_states = RewardStates(
            [*self.reward_funcs, self.policy_objective], [*self.reward_func_names, "objective"], gather_object
        )
        if self.policy_objective.draws(training=True):
            self._require_no_other_drawing()
        self._rows: list[dict[str, Any]] = []
        self._chains: list[Chain] | None = None
        self._beside: Beside | None = None
        self._passes_follow = False  # through the model, between the completions and their rewards
        self._scored: dict[str, Any] = {}

    @classmethod
    def _config(cls, model: Any, args: GRPOConfig | None) -> GRPOConfig:
        if args is None:
            name = model if isinstance(model, str) else model.config._name_or_path
            return cls.config_class(f"{os.path.basename(name)}-{cls.__name__.removesuffix('Trainer')}")
        if not isinstance(args, cls.config_class):
            raise TypeError(f"{cls.__name__} needs args={cls.config_class.__name__}(…), got {type(args).__name__}")
        return args

    def _check(self, args: GRPOConfig) -> None:
        if self.whole_groups:
            require_whole_groups(args, evaluates=args.eval_strategy != "no")
        if not self.policy_objective.causal:
            require_nothing_of_next_tokens(args, self.policy_objective)
        if not replaces(self.policy_objective, "loss"):
            return
        inside_trl_loss = {
            "use_adaptive_entropy": args.use_adaptive_entropy,
            "top_entropy_quantile": args.top_entropy_quantile < 1.0,
            "off_policy_mask_threshold": args.off_policy_mask_threshold is not None,
        }
        if ignored := [name for name, used in inside_trl_loss.items() if used]:
            raise ValueError(
                f"{', '.join(ignored)} acts inside TRL's own loss, which {type(self.policy_objective).__name__} "
                "replaces: leave it at its default"
            )

    def _require_no_other_drawing(self) -> None:
        given = {
            "rollout_func": self.rollout_func,
            "environment_factory": self.environment_factories,
            "tools": self.tools,
        }
        if others := [name for name, value in given.items() if value]:
            raise ValueError(
                f"{type(self.policy_objective).__name__} draws completions itself: give no {', '.join(others)}"
            )

    def train(self, *args: Any, **named: Any) -> Any:
        """TRL's `train`, after a look at whether the first rows of the data set can be judged (see `look_ahead`)."""
        look_ahead(self.reward_funcs, self.train_dataset, every_column=self._own_columns)
        return super().train(*args, **named)

    @property
    def _own_columns(self) -> bool:
        """Whether every column comes from the data set: no rollout can add one."""
        return self.rollout_func is None and not replaces(self.policy_objective, "generate")

    # ---- one generation: draw, score, estimate advantages --------------------------------------------------

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output = self._drawn_until_loud(inputs)
        rollout = self._rollout(output)
        advantages = attach(output, rollout, self.policy_objective.advantages(rollout))
        self._log_rollout(rollout, advantages)
        return output

    def _one_round(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._rows = inputs
        wants_reference = self.beta or float(self.policy_objective.needs_reference)
        # TRL skips old log-probabilities when sampling and update are aligned; it is not with more iterations.
        misaligned = self.num_iterations * (self.args.gradient_accumulation_steps + 1)
        objective = self.policy_objective
        wanted = objective.needs_old_logps or objective.needs_old_entropies
        iterations = misaligned if wanted else self.num_iterations
        self._old_entropies, self._keeps_entropies = None, objective.needs_old_entropies
        aligned = self.args.gradient_accumulation_steps % (self.args.steps_per_generation * iterations) == 0
        self._passes_follow = objective.causal and (bool(wants_reference) or not aligned)
        with (
            while_set(self, "beta", wants_reference),
            while_set(self, "num_iterations", iterations),
            self.reward_states.deferred(),
            finished(lambda: self._beside),
        ):
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        return output

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Tensor, *args: Any, **named: Any
    ) -> tuple[Any, ...]:
        if not self.policy_objective.causal:
            nothing = torch.zeros(len(input_ids), 0, device=input_ids.device)
            return nothing, nothing, None
        if not self._keeps_entropies:
            return super()._get_per_token_logps_and_entropies(model, input_ids, *args, **named)
        self._keeps_entropies = False  # the first pass of a generation is the policy's, before the reference's
        found = super()._get_per_token_logps_and_entropies(
            model, input_ids, *args, **{**named, "compute_entropy": True}
        )
        self._old_entropies = found[1]
        return found

    def _generate(self, prompts: list[Any]) -> tuple[Any, ...]:
        self._chains = self._beside = None
        if not self.policy_objective.draws(self.model.training):
            prompt_ids, ids, mask, completions, logprobs, columns, *more = super()._generate(prompts)
        else:
            with while_set(self, "rollout_func", self._drawn):  # TRL then measures the chains as its own completions
                prompt_ids, ids, mask, completions, logprobs, columns, *more = super()._generate(prompts)
            assert self._chains is not None
            completions = completions_of(self._chains, completions)
        if self._passes_follow and not columns:  # which TRL hands to rewards later
            self._beside = Beside(self.reward_funcs, self._reward_columns(prompts, completions, ids))
        return prompt_ids, ids, mask, completions, logprobs, columns, *more

    def _reward_columns(self, prompts: list[Any], completions: list[Any], ids: list[list[int]]) -> dict[str, Any]:
        """What TRL will call a reward function with."""
        given = ("prompt", "completion", "completion_ids")
        columns = {name: [row[name] for row in self._rows] for name in self._rows[0] if name not in given}
        return {
            **columns,
            "prompts": prompts,
            "completions": completions,
            "completion_ids": ids if self._chains is None else [chain.own_ids for chain in self._chains],
            "trainer_state": self.state,
            "log_extra": self._log_completion_extra,
            "log_metric": self._log_metric,
            **({} if self.environments is None else {"environments": self.environments}),
        }

    def _drawn(self, prompts: list[Any], trainer: GRPOTrainer) -> dict[str, Any]:
        policy = Policy(self)
        before = policy.chains(prompts, self._rows)
        self._chains = list(before)
        self.policy_objective.generate(self._chains, policy)
        require_same_rows(self._chains, before)
        return as_rollout(self._chains, logprobs=self.use_vllm, gather=policy.gather)

    def _calculate_rewards(
        self,
        inputs: list[dict[str, Any]],
        prompts: list[Any],
        completions: list[Any],
        completion_ids_list: list[list[int]],
    ) -> Tensor:
        if self._chains is not None:  # a judge that counts tokens counts those of the model
            completion_ids_list = [chain.own_ids for chain in self._chains]
        functions = self.reward_funcs if self._beside is None else self._beside.stand_ins(self.reward_funcs)
        with self.reward_states.deferred():
            with while_set(self, "reward_funcs", functions):
                rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
            if self._settles:
                self.reward_states.settle(training=self.model.training)
        self._scored = {"rewards": rewards, "rows": inputs, "prompts": prompts, "completions": completions}
        return rewards

    def _rollout(self, output: Mapping[str, Any]) -> Rollout:
        training = self.model.training
        return Rollout(
            **self._scored,
            reward_names=tuple(self.reward_func_names),
            weights=self.reward_weights.to(self.accelerator.device),
            trl_advantages=output["advantages"],
            mask=loss_mask(output),
            prompt_ids=output["prompt_ids"],
            prompt_mask=output["prompt_mask"],
            completion_ids=output["completion_ids"],
            completion_mask=output["completion_mask"],
            old_logps=output.get("old_per_token_logps"),
            ref_logps=output.get("ref_per_token_logps"),
            old_entropies=self._old_entropies,
            first_row=self.accelerator.process_index * len(self._rows),
            num_generations=self.num_generations if training else self.num_generations_eval,
            training=training,
            step=self.state.global_step,
            max_steps=self.state.max_steps,
            model=self.model_wrapped,
            gather_tensor=self.accelerator.gather,
            gather_list=gather_object,
        )

    def _log_rollout(self, rollout: Rollout, advantages: Tensor) -> None:
        mode = "train" if rollout.training else "eval"
        for name, value in rollout.metrics.items():
            self._metrics[mode][name].append(value)
        if self._chains is not None:
            measured = torch.tensor(gather_object([chain.measured for chain in self._chains]))
            if not measured.all():  # TRL logged them with all rows
                own = measured.to(rollout.rewards.device)
                for name, value in reward_metrics(
                    rollout.rewards[own], rollout.scores[own], rollout.reward_names
                ).items():
                    self._metrics[mode][name][-1] = value
        if replaces(self.policy_objective, "advantages"):
            if advantages.dim() == 2:  # the table of completions has one number a row
                advantages = masked_mean(advantages, rollout.mask.expand_as(advantages), dim=-1)
            table = self._logs["advantages"]
            for _ in range(min(len(table), len(rollout.rewards))):
                table.pop()
            table.extend(rollout.gather(advantages).tolist())

    # ---- one micro-batch: the loss ------------------------------------------------------------------------

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        loss = self._loss(model, inputs)
        return loss * inputs[SHARE] if SHARE in inputs else loss

    def _loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        if not replaces(self.policy_objective, "loss"):
            return super()._compute_loss(model, inputs)
        batch, router_loss = self._batch(model, inputs)
        accumulated = self.current_gradient_accumulation_steps if batch.training else 1
        found = self.policy_objective.loss(batch)
        if isinstance(found, list):
            found = in_parts(found, model, self.accelerator, inputs.get(SHARE, 1.0) / accumulated)
        loss, metrics = found
        log = self._metrics["train" if batch.training else "eval"]
        if self.policy_objective.causal:
            metrics = {"entropy": batch.entropies, **metrics}
        reduced = reduce_metrics(metrics, batch.mask, self.accelerator)
        for name, value in reduced.items():
            log[name].append(value)
        if self._entropy_bonus_enabled:
            share = loss.detach() / (accumulated if self.loss_type in OVER_THE_GENERATION else 1)
            log["policy_loss"].append(self.accelerator.gather(share).nanmean().item())
            loss = loss - self.entropy_coef * masked_mean(batch.entropies, batch.mask)
            if batch.training and self.accelerator.sync_gradients:
                log["entropy_coef"].append(self.entropy_coef)
        if router_loss is not None:
            log["aux_loss"].append(self.accelerator.gather_for_metrics(router_loss).mean().item())
            loss = loss + self.router_aux_loss_coef * router_loss
        return loss / accumulated

    def _batch(self, model: Any, inputs: dict[str, Any]) -> tuple[Batch, Tensor | None]:
        """The one forward pass of the step, and the mixture-of-experts loss where the model has one."""
        completion_ids = inputs["completion_ids"]
        logps, entropies, router_loss = self._get_per_token_logps_and_entropies(
            model,
            torch.cat([inputs["prompt_ids"], completion_ids], dim=1),
            torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1),
            completion_ids.size(1),
            compute_entropy=True,
            compute_aux_loss=self.aux_loss_enabled,
            **{key: inputs.get(key) for key in VISION_KEYS},
        )
        training = self.model.training
        batch = batch_of(
            inputs,
            logps,
            entropies,
            # Evaluation does not split a generation.
            micro_batches=self.accelerator.num_processes * (self.args.steps_per_generation if training else 1),
            max_length=self.max_completion_length,
            training=training,
            step=self.state.global_step,
            max_steps=self.state.max_steps,
            model=model,
        )
        return batch, router_loss

    # ---- checkpoints ---------------------------------------------------------------------------------------

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        # Ours first: what is left of a run killed in between has no trainer_state.json and is refused on resume.
        if self.args.should_save:
            name = f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
            self.reward_states.save(
                os.path.join(self._get_output_dir(trial=trial), name),
                micro_step=self._step,
                mid_generation=self._step % self._generate_every != 0,
            )
        super()._save_checkpoint(model, trial)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is None:
            return
        micro_step = self.reward_states.load(checkpoint)
        if micro_step is not None and not self.args.ignore_data_skip:
            self._step = micro_step  # TRL restarts at 0 and would generate in the middle of a repeated prompt
