"""Where a flow would end, drawn and shown to somebody who says whether that is what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..judge import Judge
from ..lifting import lift
from ..options import finite
from ..sample import Sample
from ..verdict import Verdict
from .reading import BadFlow, flow_of
from .rigid import Floats, rigidity

Renderer = Callable[[Floats, dict[str, Any]], Any]
Look = Callable[[Any, str], Any]


class RenderJudge(Judge):
    """Renders the end of a flow, and asks whether the picture fulfils the instruction.

    >>> from jurybox.judges.flow import Camera, GoalRenderer
    >>> camera = Camera.of(32, 32)
    >>> def on_the_left(image, instruction): return bool((image[:, :16] == 1).any())
    >>> judge = RenderJudge(GoalRenderer(camera, object=[[0.1, 0, 1]]), on_the_left)
    >>> judge.verdict("[[[0.1, 0, 1]], [[-0.2, 0, 1]]]", instruction="move it to the left").passed
    True

    The completion is a flow, as for `FlowConsistencyJudge`. Before anything moves, this says whether the plan is worth
    carrying out; `render_and_judge` samples until it says yes.

    Reasons: "judged", or the reason of the verdict that `look` gives; of a score of 0 "not rigid", "not a flow",
    "out of range", and what can be wrong with JSON (see `JSONJudge`). It abstains with
    "unusable instruction" (the row's fault), where `look` abstains, and where nobody answers.

    Args:
        renderer: (flow `(T, N, 3)`, the row's columns) -> image; `GoalRenderer`, or any.
        look: (image, instruction) -> a verdict, a bool, a score in [0, 1], or None: a vision-language model, or a rule.
        column: the column with the instruction.
        max_residual: metres; a flow with more `rigidity` is refused without a look. None looks at all.

    Raises:
        TypeError: a renderer or a look that cannot be called.
        ValueError: a residual that is not positive.
    """

    reads = "completion"

    def __init__(
        self, renderer: Renderer, look: Look, *, column: str = "instruction", max_residual: float | None = None
    ) -> None:
        for name, given in (("renderer", renderer), ("look", look)):
            if not callable(given):
                raise TypeError(f"{name} is a function, not {type(given).__name__}")
        if max_residual is not None and finite(max_residual, "max_residual") <= 0:
            raise ValueError(f"max_residual={max_residual!r}: give a distance above 0, in metres, or None")
        self.renderer, self.look, self.max_residual = renderer, look, max_residual
        self.columns = (column,)

    def key(self, sample: Sample) -> Any:
        return sample.key(tuple(sample.columns), (self.reads,))  # the renderer may read any column

    def _unusable(self, sample: Sample) -> str:
        return "" if isinstance(sample[self.columns[0]], str) else "unusable instruction"

    def _judge(self, sample: Sample) -> Verdict:
        if why := self._unusable(sample):
            return Verdict(None, "skipped", why)
        try:
            flow = flow_of(sample)
        except BadFlow as error:
            return Verdict(0.0, reason=error.reason, evidence={"detail": error.detail})
        left = rigidity(flow)
        if self.max_residual is not None and left > self.max_residual:
            return Verdict(0.0, reason="not rigid", evidence={"rigidity": round(left, 6)})
        image = self.renderer(flow, dict(sample.columns))
        verdict = lift(self.look(image, sample[self.columns[0]]), self.name, sample.row)
        return verdict.replace(
            reason=verdict.reason or "judged", evidence={**verdict.evidence, "rigidity": round(left, 6)}
        )
