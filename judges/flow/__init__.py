"""Three-dimensional flow: how the points of an object move, judged as paths and as a picture of where they end.

`rigid` fits the motion of a rigid body, `consistency` compares two flows, `render` draws points, `reading` makes arrays
of completions and columns; `judge` and `render_judge` are the judges.
"""

try:
    import numpy  # noqa: F401
except ImportError as error:
    raise ImportError("judges of 3D flow need NumPy: pip install 'jurybox[guardian]'") from error

from .consistency import Consistency, flow_consistency
from .judge import FlowConsistencyJudge
from .render import Camera, GoalRenderer, render_ids
from .render_judge import RenderJudge
from .rigid import Rigid, rigid_transform, rigidity

__all__ = [
    "Camera",
    "Consistency",
    "FlowConsistencyJudge",
    "GoalRenderer",
    "RenderJudge",
    "Rigid",
    "flow_consistency",
    "render_ids",
    "rigid_transform",
    "rigidity",
]
