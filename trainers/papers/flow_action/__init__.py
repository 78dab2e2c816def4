"""3DFlowAction: what is to be done, said by how the points of an object move in space; arXiv 2506.06199.

`points.py` makes such flows of videos with depth, `chunk.py` makes poses of a gripper of them, `refine.py` those under
penalties, `diffusion.py` has the loss of the world model. The judges are in `judges/flow/`; `render_and_judge` of
`jurybox.judges` is the closed loop.
"""

from ....judges.flow import (
    Camera,
    FlowConsistencyJudge,
    GoalRenderer,
    RenderJudge,
    flow_consistency,
    render_ids,
    rigid_transform,
    rigidity,
)
from .chunk import Chunk, action_chunk, flow_objective
from .diffusion import add_noise, flow_diffusion_loss, linear_betas
from .points import Moving, farthest_point_sampling, moving_points, unproject_flow
from .refine import SE3ActionChunkOptimizer, path_cost

__all__ = [
    "Camera",
    "Chunk",
    "FlowConsistencyJudge",
    "GoalRenderer",
    "Moving",
    "RenderJudge",
    "SE3ActionChunkOptimizer",
    "action_chunk",
    "add_noise",
    "farthest_point_sampling",
    "flow_consistency",
    "flow_diffusion_loss",
    "flow_objective",
    "linear_betas",
    "moving_points",
    "path_cost",
    "render_ids",
    "rigid_transform",
    "rigidity",
    "unproject_flow",
]
