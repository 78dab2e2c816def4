"""What is trained: a network that predicts velocities, and the way from prompts and to completions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from .sde import flow_matching_sigmas

Call = Callable[[Tensor, Tensor, Any], Tensor]
"""(x `(B, …)`, σ `(B,)`, condition of B rows) -> v = noise − data `(B, …)`"""


class Velocity:
    """Any network that predicts velocities.

        velocity = Velocity(network, shape=(3, 16, 16), encode=captions_to_ids)

    module: what has the parameters; called as `module(x, sigma, condition)`.
    shape: of one latent.
    encode: prompts to a tensor, or a dict or tuple of tensors, with a row a prompt; without it the condition is None.
    decode: final latents `(B, …)` to completions, one a row, which judges read; without it they read the latents.
    call: how the network is called, where that is not `module(x, sigma, condition)`.
    shift: of the noise schedule, see `flow_matching_sigmas`.

    Attributes:
        module: LoRA adapters wrap it; a `call` that uses the network must not expect it to stay the same object.

    Raises:
        TypeError: the module is no `torch.nn.Module`: a function has no parameters to train; pass it as `call`.
    """

    def __init__(
        self,
        module: nn.Module,
        shape: Sequence[int],
        *,
        encode: Callable[[Sequence[Any]], Any] | None = None,
        decode: Callable[[Tensor], Sequence[Any]] | None = None,
        call: Call | None = None,
        shift: float = 3.0,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise TypeError(
                f"module has the parameters to train, and {type(module).__name__} is no torch.nn.Module; "
                "a function that uses one is passed as call="
            )
        self.module = module
        self.shape = tuple(shape)
        self.shift = shift
        self._encode, self._decode, self._call = encode, decode, call

    def __call__(self, x: Tensor, sigma: Tensor, condition: Any) -> Tensor:
        """v `(B, …)` of latents at noises σ `(B,)`."""
        return (self._call or self.module)(x, sigma, condition)

    def sigmas(self, steps: int) -> tuple[float, ...]:
        """The σ of so many steps: `steps + 1` numbers from 1 to 0."""
        return flow_matching_sigmas(steps, self.shift)

    def encode(self, prompts: Sequence[Any]) -> Any:
        """The condition, a row a prompt."""
        return None if self._encode is None else self._encode(prompts)

    def decode(self, latents: Tensor) -> Sequence[Any]:
        """One completion a row."""
        return list(latents) if self._decode is None else self._decode(latents)
