"""Right or wrong, asked while completions are still being drawn."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from ....judges import Judge
from ....rewards import Reward
from ...seam import Chain


class Verifier:
    """A judge, a reward or a TRL reward function, for chains; of a reward that remembers, nothing is observed.

    Raises:
        ValueError: several reward functions, or none, of which nobody said which one knows what is right.
        TypeError: something that cannot be asked: a model, its name, an asynchronous function.
    """

    def __init__(self, given: Any, reward_funcs: Sequence[Any] = ()) -> None:
        if given is None and len(reward_funcs) != 1:
            raise ValueError(
                f"there are {len(reward_funcs)} reward functions: say with verifier=… which judge, reward or function "
                "tells right from wrong; bonuses for format or length must not count as success"
            )
        asked = reward_funcs[0] if given is None else given
        called = getattr(asked, "__call__", None)  # noqa: B004 - an object with an async __call__
        if inspect.iscoroutinefunction(asked) or inspect.iscoroutinefunction(called):
            raise TypeError("an asynchronous reward function cannot be the verifier: wrap it, verifier=Function(f)")
        if not callable(asked) or hasattr(asked, "parameters"):
            raise TypeError(f"verifier: expected a judge, a reward or a function, not {type(asked).__name__}")
        self.asked = asked

    def __call__(self, chains: Sequence[Chain]) -> list[float | None]:
        """A number for each chain, as TRL would ask for it: of a completion, with the prompt of the data set."""
        if not chains:
            return []
        names = [name for name in chains[0].row if name not in ("prompt", "completion", "completion_ids")]
        columns: dict[str, Any] = {name: [chain.row[name] for chain in chains] for name in names}
        columns["completion_ids"] = [chain.own_ids for chain in chains]
        prompts, completions = ([getattr(chain, name) for chain in chains] for name in ("prompt", "completion"))
        if isinstance(self.asked, (Judge, Reward)):
            return [verdict.score for verdict in self.asked.verdicts(completions, prompts, **columns)]
        values = list(self.asked(prompts=prompts, completions=completions, **columns))
        if len(values) != len(chains):
            raise ValueError(f"the verifier gave {len(values)} numbers for {len(chains)} completions")
        return [None if value is None else float(value) for value in values]
