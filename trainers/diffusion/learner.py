"""The weights that learn: their optimizer, their average, and the sum of gradients over processes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import nn

from .config import DiffusionConfig
from .ema import WeightAverage


class Learner:
    """What an update changes of a network.

    Every process begins with the weights of the first one: adapters are initialised at random.

    Raises:
        ValueError: nothing of the network requires a gradient.
    """

    def __init__(self, module: nn.Module, args: DiffusionConfig, accelerator: Accelerator) -> None:
        self.args, self.accelerator = args, accelerator
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        if not named:
            raise ValueError("no parameter of the velocity's module requires a gradient, so there is nothing to train")
        self.names, self.parameters = [name for name, _ in named], [parameter for _, parameter in named]
        if accelerator.num_processes > 1:
            with torch.no_grad():
                for tensor in (*module.parameters(), *module.buffers()):
                    tensor.copy_(broadcast(tensor.detach().clone()))
        betas = (args.adam_beta1, args.adam_beta2)
        self.optimizer = torch.optim.AdamW(
            self.parameters, args.learning_rate, betas, args.adam_epsilon, args.weight_decay
        )
        self.average = None if args.ema_decay is None else WeightAverage(self.parameters, args.ema_decay)

    def forget_gradients(self) -> None:
        """Before an update."""
        self.optimizer.zero_grad(set_to_none=True)

    def update(self) -> float:
        """Take a step with the gradients of all processes, every one of which calls it; returns their norm.

        Gradients are summed here and not by hooks, so that a velocity may be any callable, and a process may have less
        to learn than another.

        Raises:
            FloatingPointError: the norm is not finite.
        """
        if self.accelerator.num_processes > 1:
            for parameter in self.parameters:
                slope = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                parameter.grad = self.accelerator.reduce(slope, "sum")
        norm = nn.utils.clip_grad_norm_(self.parameters, self.args.max_grad_norm or float("inf"))
        if not torch.isfinite(norm):
            raise FloatingPointError("the gradient is not finite")
        self.optimizer.step()
        if self.average is not None:
            self.average.update()
        return norm.item()

    def averaged(self) -> AbstractContextManager[None]:
        """A context in which the network has the averaged weights, if there are any."""
        return nullcontext() if self.average is None else self.average.applied()

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "weights": dict(zip(self.names, (p.detach() for p in self.parameters), strict=True)),
            "optimizer": self.optimizer.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }

    @torch.no_grad()
    def load_state_dict(self, saved: dict[str, Any], source: str) -> None:
        """Take up what `state_dict` gave.

        Raises:
            ValueError: it is of another network, or of another choice of `ema_decay`; the message names the source.
        """
        if saved["weights"].keys() != set(self.names):
            raise ValueError(f"{source} holds the weights of another network, or of other adapters")
        if (saved["average"] is None) != (self.average is None):
            raise ValueError(f"{source} was saved with{'out' if saved['average'] is None else ''} ema_decay")
        for name, parameter in zip(self.names, self.parameters, strict=True):
            parameter.copy_(saved["weights"][name])
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(saved["average"])
