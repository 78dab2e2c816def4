"""3DFlowAction: points, rigid fits, action chunks, the picture, how far two flows are apart, and the noise loss."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from jurybox.trainers.papers.flow_action import (
    Camera,
    action_chunk,
    add_noise,
    farthest_point_sampling,
    flow_consistency,
    flow_diffusion_loss,
    flow_objective,
    linear_betas,
    moving_points,
    render_ids,
    rigid_transform,
    unproject_flow,
)

from ..case import Case


def _rigid_transform(case: Case) -> dict[str, Any]:
    fit = rigid_transform(**case.inputs)
    det = float(np.linalg.det(fit.rotation))
    return {"R": fit.rotation.tolist(), "t": fit.translation.tolist(), "residual": fit.residual, "det": det}


def _action_chunk(case: Case) -> dict[str, Any]:
    chunk = action_chunk(**case.inputs)
    names = ("object_transforms", "ee_poses", "world_deltas", "residual")
    return {name: getattr(chunk, name).tolist() for name in names}


def _farthest_point_sampling(case: Case) -> dict[str, Any]:
    return {"indices": farthest_point_sampling(case["points"], **case.params)}


def _flow_objective(case: Case) -> dict[str, Any]:
    return {"cost": flow_objective(**{name: case.tensor(name) for name in case.inputs})}


def _unproject_flow(case: Case) -> dict[str, Any]:
    return {"points": unproject_flow(**case.inputs, **case.params).tolist()}


def _flow_consistency(case: Case) -> dict[str, Any]:
    return flow_consistency(**case.inputs, **case.params)._asdict()


def _render_ids(case: Case) -> dict[str, Any]:
    return {"image": render_ids(case["points"], case["ids"], Camera(**case.params)).tolist()}


def _moving_points(case: Case) -> dict[str, Any]:
    found = asdict(moving_points(case["tracks"], **case.params))
    return found | {"mask": found["mask"].tolist(), "bbox": found["bbox"] and list(found["bbox"])}


def _flow_diffusion_loss(case: Case) -> dict[str, Any]:
    params = case.params
    betas = linear_betas(params["beta_start"], params["beta_end"], params["train_steps"])
    noise = case.tensor("noise")
    noisy = add_noise(case.tensor("x0"), noise, torch.tensor(case["timesteps"]), betas)
    return {"noisy": noisy, "loss": flow_diffusion_loss(case.tensor("model_pred", gradient="pred"), noise)}


FUNCTIONS = {
    "action_chunk": _action_chunk,
    "farthest_point_sampling": _farthest_point_sampling,
    "flow_consistency": _flow_consistency,
    "flow_diffusion_loss": _flow_diffusion_loss,
    "flow_objective": _flow_objective,
    "moving_points": _moving_points,
    "render_ids": _render_ids,
    "rigid_transform": _rigid_transform,
    "unproject_flow": _unproject_flow,
}
