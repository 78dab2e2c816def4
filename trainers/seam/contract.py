"""What the seam takes for granted about TRL's private side, as data, and a check that says what moved.

`check_contract()` reads signatures and sources only, so it costs nothing and needs no model. What can only be
seen by running (call order, shapes, shuffling) is in the tests of this package.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from trl import DPOTrainer, GRPOTrainer, SFTTrainer
from trl.generation.vllm_generation import VLLMGeneration

from ...judges.errors import JuryboxError


class ContractError(JuryboxError, RuntimeError):
    """TRL changed something the seam stands on; the message has one sentence for each change."""


@dataclass(frozen=True)
class Contract:
    """What is taken for granted about one class of TRL.

    methods: those the seam overrides or calls: their parameters after `self`, and what would break.
    returns: what methods return, by the names in their last `return`.
    attributes: those the constructor sets and the seam reads or writes.
    """

    trainer: type
    methods: Mapping[str, tuple[tuple[str, ...], str]]
    returns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()


GRPO = Contract(
    GRPOTrainer,
    methods={
        "_generate_and_score_completions": (("inputs",), "advantages cannot be put into the generation batch"),
        "_generate": (("prompts",), "an objective cannot draw completions"),
        "_generate_single_turn": (
            ("prompt_ids", "images", "multimodal_fields", "num_generations", "has_tool_images"),
            "an objective cannot sample from the policy",
        ),
        "_tokenize_prompts": (("prompts",), "an objective cannot tokenise prompts"),
        "_calculate_rewards": (
            ("inputs", "prompts", "completions", "completion_ids_list"),
            "the raw rewards cannot be read, and reward states cannot be committed",
        ),
        "_log_metric": (("name", "value"), "rewards that are judged beside the model cannot log"),
        "_log_completion_extra": (("column", "values"), "rewards that are judged beside the model cannot log"),
        "_prepare_inputs": (("generation_batch",), "micro-batches cannot be kept to whole groups"),
        "_compute_loss": (("model", "inputs"), "an objective cannot replace the loss"),
        "_save_checkpoint": (("model", "trial"), "reward states cannot be saved"),
        "_load_optimizer_and_scheduler": (("checkpoint",), "reward states cannot be restored"),
        "_get_output_dir": (("trial",), "the folder of a checkpoint is not known"),
        "create_optimizer": (("model",), "a module beside the policy is not trained"),
        "training_step": (
            ("model", "inputs", "num_items_in_batch"),
            "the gradients of a module beside the policy are not averaged and cleared",
        ),
        "_get_per_token_logps_and_entropies": (
            (
                "model", "input_ids", "attention_mask", "logits_to_keep", "batch_size", "compute_entropy",
                "compute_aux_loss", "pixel_values", "image_grid_thw", "num_images", "pixel_attention_mask",
                "spatial_shapes", "num_tiles", "image_sizes", "token_type_ids", "mm_token_type_ids",
                "image_position_ids",
            ),
            "the forward pass of the loss cannot be made",
        ),
    },
    returns={
        "_generate": (
            "prompt_ids", "completion_ids", "tool_mask", "completions", "logprobs", "extra_fields", "images",
            "tool_images",
        ),
        "_generate_single_turn": ("completion_ids", "logprobs"),
        "_tokenize_prompts": ("prompt_ids", "images", "multimodal_fields"),
        "_get_per_token_logps_and_entropies": ("logps", "entropies", "aux_loss"),
    },
    attributes=(
        "_buffered_inputs", "_entropy_bonus_enabled", "_logs", "_metrics", "_step", "_tokenizer",
        "aux_loss_enabled", "beta", "chat_template", "chat_template_kwargs",
        "entropy_coef", "environment_factories", "environments", "eos_token_ids", "generation_config",
        "max_completion_length", "multi_objective_aggregation", "num_generations",
        "num_generations_eval", "num_iterations", "reward_func_names", "reward_funcs", "reward_weights",
        "rollout_func", "router_aux_loss_coef", "scale_rewards", "temperature", "tools", "use_vllm", "vllm_generation",
    ),
)  # fmt: skip

DPO = Contract(
    DPOTrainer,
    methods={
        "_compute_loss": (("model", "inputs", "return_outputs"), "an objective cannot replace the loss of pairs"),
        "compute_ref_log_probs": (("model", "inputs"), "the reference's log-probabilities cannot be had"),
        "_set_signature_columns_if_needed": ((), "columns of the data set cannot reach the loss"),
    },
    attributes=(
        "_metrics", "aux_loss_enabled", "beta", "precompute_ref_logps", "ref_model", "router_aux_loss_coef",
    ),
)  # fmt: skip

SFT = Contract(
    SFTTrainer,
    methods={
        "compute_loss": (
            ("model", "inputs", "return_outputs", "num_items_in_batch"),
            "an objective cannot replace the loss of demonstrations",
        ),
        "_save_checkpoint": (("model", "trial"), "what an objective learned cannot be saved"),
        "_load_optimizer_and_scheduler": (("checkpoint",), "what an objective learned cannot be restored"),
        "_get_output_dir": (("trial",), "the folder of a checkpoint is not known"),
    },
    attributes=("_metrics", "aux_loss_enabled", "router_aux_loss_coef"),
)  # fmt: skip

VLLM = Contract(VLLMGeneration, methods={}, attributes=("max_completion_length",))

CONTRACTS = (GRPO, DPO, SFT, VLLM)


def check_contract(*contracts: Contract) -> None:
    """Compare TRL's classes with contracts; without any, with all that the seam has.

    Raises:
        ContractError: one sentence for each method, return value or attribute that moved.
    """
    checks = (_moved_methods, _moved_returns, _moved_attributes)
    if broken := [said for contract in contracts or CONTRACTS for check in checks for said in check(contract)]:
        raise ContractError(f"trl {version('trl')} breaks the seam of jurybox:\n" + "\n".join(broken))


def _moved_methods(contract: Contract) -> Iterator[str]:
    trainer = contract.trainer
    for name, (expected, consequence) in contract.methods.items():
        method = getattr(trainer, name, None)
        if method is None:
            yield f"{trainer.__name__}.{name} is gone: {consequence}."
            continue
        found = tuple(inspect.signature(method).parameters)[1:]
        if found != expected:
            yield f"{trainer.__name__}.{name} took {expected} and now takes {found}: {consequence}."


def _moved_returns(contract: Contract) -> Iterator[str]:
    trainer = contract.trainer
    for name, expected in contract.returns.items():
        method = getattr(trainer, name, None)
        if method is not None and (found := _returned_names(method)) != expected:
            yield f"{trainer.__name__}.{name} returned {expected} and now returns {found}."


def _moved_attributes(contract: Contract) -> Iterator[str]:
    trainer = contract.trainer
    constructor = _tree(trainer.__init__)  # type: ignore[misc]
    targets = {
        node.attr
        for node in ast.walk(constructor)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    for name in contract.attributes:
        if name not in targets:
            yield f"{trainer.__name__}.__init__ no longer sets self.{name}."


def _returned_names(method: object) -> tuple[str, ...]:
    returns = [node for node in ast.walk(_tree(method)) if isinstance(node, ast.Return)]
    value = max(returns, key=lambda node: node.lineno).value
    elements = value.elts if isinstance(value, ast.Tuple) else [value]
    return tuple(ast.unparse(element) for element in elements if element is not None)


def _tree(function: object) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))  # type: ignore[arg-type]
