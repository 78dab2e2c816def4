"""3DFlowAction: rigid fits at their edges, chunks under penalties, points from pixels, and the closed loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.benchmarks.papers.flow_action.experiments import Motion, attempt
from jurybox.judges import judge, render_and_judge
from jurybox.judges.flow.rigid import homogeneous
from jurybox.trainers.papers.flow_action import (
    SE3ActionChunkOptimizer,
    action_chunk,
    add_noise,
    farthest_point_sampling,
    flow_objective,
    linear_betas,
    moving_points,
    path_cost,
    rigid_transform,
    rigidity,
    unproject_flow,
)
from jurybox.trainers.papers.flow_action.refine import exponential, squared_twist


def pose(rng: np.random.Generator) -> np.ndarray:
    return homogeneous(Motion.random(rng).turn(), rng.normal(size=3))


def task(seed: int, points: int = 8, steps: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints of an object, and a noisy flow of them."""
    rng = np.random.default_rng(seed)
    cloud = rng.uniform(-0.06, 0.06, (points, 3)) + np.array([0, 0, 0.7])
    flow = Motion.random(rng).flow(cloud)[:steps]
    return cloud, flow + rng.normal(scale=0.003, size=flow.shape)


# Rigid fits.


def test_the_worked_example() -> None:
    chunk = action_chunk(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0]],
        [[[1, 0, 0], [1, 1, 0], [0, 0, 0]]],
        homogeneous(np.eye(3), np.array([0.5, 0, 0])),
    )
    np.testing.assert_allclose(
        chunk.ee_poses[0], [[0, -1, 0, 1], [1, 0, 0, 0.5], [0, 0, 1, 0], [0, 0, 0, 1]], atol=1e-12
    )
    assert chunk.residual[0] == pytest.approx(0, abs=1e-20)


def test_a_thousand_fits_are_rotations_also_of_planes_and_mirrors() -> None:
    rng = np.random.default_rng(0)
    for number in range(1000):
        a, b = rng.normal(size=(2, int(rng.integers(1, 7)), 3))
        if number % 3 == 0:
            a[:, 2] = b[:, 1] = 0
        if number % 3 == 1:
            b = a * [-1, 1, 1]
        fit = rigid_transform(a, b, rng.uniform(size=len(a)))
        np.testing.assert_allclose(fit.rotation @ fit.rotation.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(fit.rotation) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("degrees", [0, 30, 180])
def test_a_line_is_turned_by_the_smallest_rotation(degrees: int) -> None:
    angle = np.deg2rad(degrees)
    line = np.outer(np.linspace(-1, 1, 5), [1.0, 0, 0])
    turned = np.outer(np.linspace(-1, 1, 5), [np.cos(angle), np.sin(angle), 0]) + 3
    fit = rigid_transform(line, turned)
    np.testing.assert_allclose(fit(line), turned, atol=1e-9)
    assert (np.trace(fit.rotation) - 1) / 2 == pytest.approx(np.cos(angle), abs=1e-9)


def test_points_without_weight_or_number_do_not_count() -> None:
    a = np.random.default_rng(1).normal(size=(6, 3))
    b = a + 1
    b[0], b[1] = np.nan, 99
    fit = rigid_transform(a, b, [1, 0, 1, 1, 1, 1])
    np.testing.assert_allclose(fit.translation, 1)
    np.testing.assert_array_equal(rigid_transform(a, b, np.zeros(6)).matrix, np.eye(4))
    np.testing.assert_allclose(rigid_transform(a[:1] * 1e4, a[:1] * 1e4 + 2).rotation, np.eye(3))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_no_motion_nearby_fits_better_and_rigidity_is_what_is_left(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 5, 3))
    fit = rigid_transform(a, b)
    small = exponential(torch.from_numpy(rng.normal(scale=0.05, size=(1, 6))))[0].numpy() @ fit.matrix
    assert ((a @ small[:3, :3].T + small[:3, 3] - b) ** 2).sum() >= fit.residual - 1e-12
    assert rigidity(np.stack([a, b])) == pytest.approx(np.sqrt(fit.residual / 10), abs=1e-6)


# Chunks.


def test_moving_the_frame_moves_everything_alike() -> None:
    keys, flow = task(2)
    rng = np.random.default_rng(3)
    frame, grasp = pose(rng), pose(rng)
    there = np.linalg.inv(frame)
    plain = action_chunk(keys, flow, grasp)
    moved = action_chunk(*(x @ frame[:3, :3].T + frame[:3, 3] for x in (keys, flow)), frame @ grasp)
    np.testing.assert_allclose(moved.object_transforms, frame @ plain.object_transforms @ there, atol=1e-9)
    np.testing.assert_allclose(moved.ee_poses, frame @ plain.ee_poses, atol=1e-9)
    np.testing.assert_allclose(np.linalg.multi_dot([*plain.world_deltas[::-1]]), plain.object_transforms[-1], atol=1e-9)


def test_a_step_of_which_too_little_is_seen_only_translates() -> None:
    keys, flow = task(4)
    weights = np.ones(flow.shape[:2])
    weights[1, 2:] = 0
    flow[2] = np.nan
    chunk = action_chunk(keys, flow, np.eye(4), weights)
    assert chunk.underdetermined.tolist() == [False, True, True, False]
    np.testing.assert_array_equal(chunk.object_transforms[1, :3, :3], np.eye(3))
    np.testing.assert_allclose(chunk.object_transforms[1, :3, 3], (flow[1, :2] - keys[:2]).mean(0))
    np.testing.assert_array_equal(chunk.object_transforms[2], np.eye(4))


@pytest.mark.parametrize(
    ("keys", "flow"), [((3, 3), (0, 3, 3)), ((0, 3), (2, 0, 3)), ((3, 3), (2, 4, 3)), ((3, 2), (2, 3, 2))]
)
def test_shapes_that_are_none(keys: tuple[int, ...], flow: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="keypoints are"):
        action_chunk(np.zeros(keys), np.zeros(flow), np.eye(4))


def test_the_search_finds_the_closed_form_and_returns_it_without_penalties() -> None:
    keys, flow = task(5)
    flow[1, 0] = np.nan
    closed = action_chunk(keys, flow, np.eye(4))
    searched = SE3ActionChunkOptimizer()(keys, flow, np.eye(4), start=np.tile(np.eye(4), (4, 1, 1)))
    assert searched.residual.sum() == pytest.approx(closed.residual.sum(), abs=1e-8)
    at_once = SE3ActionChunkOptimizer()(keys, flow, np.eye(4))
    np.testing.assert_array_equal(at_once.object_transforms, closed.object_transforms)
    transforms = torch.from_numpy(closed.object_transforms).requires_grad_()
    cost = flow_objective(transforms, torch.from_numpy(keys), torch.from_numpy(flow))
    assert cost.item() == pytest.approx(closed.residual.sum())
    cost.backward()
    assert transforms.grad is not None
    assert transforms.grad.isfinite().all()


def test_more_smoothness_goes_a_shorter_way() -> None:
    keys, flow = task(6)
    chunks = [SE3ActionChunkOptimizer(smoothness=lam)(keys, flow, np.eye(4)) for lam in (0, 0.003, 0.03, 0.3)]
    costs = [path_cost(torch.from_numpy(chunk.object_transforms)).item() for chunk in chunks]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.8 * costs[0]
    residuals = [chunk.residual.sum() for chunk in chunks]
    assert residuals == sorted(residuals)


def test_penalties_keep_the_gripper_in_its_box_and_the_object_off_the_table() -> None:
    keys, flow = task(7)
    flow = flow + np.linspace(0, 0.2, len(flow))[:, None, None] * np.array([0, 1.0, 0])  # down, through the table
    free = SE3ActionChunkOptimizer()(keys, flow, np.eye(4))
    lowest = flow[..., 1].max() - 0.1

    def above_the_table(points: torch.Tensor) -> torch.Tensor:
        return lowest - points[:, 1]

    held = SE3ActionChunkOptimizer(collision=1e3, sdf=above_the_table, margin=0.0)(keys, flow, np.eye(4))
    deepest = [(chunk.object_transforms @ np.c_[keys, np.ones(len(keys))].T)[:, 1].max() for chunk in (free, held)]
    assert deepest[0] > lowest + 0.05
    assert deepest[1] < lowest + 0.003
    hand = homogeneous(np.eye(3), keys.mean(0))
    high = [1, hand[1, 3] + 0.05, 2]
    boxed = SE3ActionChunkOptimizer(box=1e4, low=[-1, -1, -1], high=high)(keys, flow, hand)
    assert boxed.ee_poses[:, 1, 3].max() < high[1] + 0.002


@pytest.mark.parametrize(
    ("options", "said"),
    [({"collision": 1}, "needs sdf"), ({"box": 1}, "low and high"), ({"smoothness": -1}, "0 or more")],
)
def test_an_optimizer_that_cannot_work_says_so(options: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SE3ActionChunkOptimizer(**options)


def test_the_length_of_a_step_is_that_of_its_twist_also_at_rest() -> None:
    dice = torch.Generator().manual_seed(0)
    twists = torch.randn(60, 6, generator=dice, dtype=torch.float64) * 0.8
    twists[0], twists[1], twists[2] = 0, twists[1] * 1e-3, twists[2] * 1e-2
    twists.requires_grad_()
    moved = exponential(twists)
    length = squared_twist(moved[:, :3, :3], moved[:, :3, 3])
    torch.testing.assert_close(length, twists.square().sum(1), rtol=1e-9, atol=1e-12)
    (slope,) = torch.autograd.grad(length.sum(), twists)
    torch.testing.assert_close(slope, 2 * twists, rtol=1e-6, atol=1e-9)


# Points.


def test_a_track_outside_of_the_picture_has_no_point() -> None:
    tracks = np.array([[[[-0.5, 1, 0], [3.9, 3.9, 0], [4.0, 1, 0], [np.nan, 1, 0]]]])
    points = unproject_flow(np.full((1, 4, 4), 2.0), tracks)
    assert np.isfinite(points[0, 0]).all(1).tolist() == [False, True, False, False]
    f = 2 / np.tan(np.deg2rad(27.5))
    np.testing.assert_allclose(points[0, 0, 1], [2 / f, 2 / f, 2.0])


def test_clips_without_a_moved_object_are_rejected() -> None:
    still = np.tile(np.array([[10.0, 10], [200, 200]]), (8, 1, 1))
    assert moving_points(still).reason == "little_motion"
    gripper = still + np.arange(8)[:, None, None]
    assert moving_points(gripper).reason == "no_points"
    late = still.copy()
    late[6:] += 20
    large = moving_points(late)
    assert (large.rejected, large.reason, large.bbox) == (True, "large_area", (10, 10, 200, 200))
    late[7, 1] = np.nan
    assert moving_points(late).mask.tolist() == [True, False]


def test_sampling_takes_no_point_twice_and_none_that_is_not_there() -> None:
    assert sorted(farthest_point_sampling(np.zeros((4, 3)), n=4, start=2)) == [0, 1, 2, 3]
    cloud = np.array([[0.0, 0, 0], [np.nan, 0, 0], [1, 0, 0]])
    assert farthest_point_sampling(cloud, n=2) == [0, 2]
    with pytest.raises(ValueError, match="there are 2 points"):
        farthest_point_sampling(cloud, n=3)


def test_noise_is_that_of_diffusers() -> None:
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="linear")
    x0, noise = torch.randn(2, 3, 4, 2, 2, 2, generator=torch.Generator().manual_seed(0))
    steps = torch.tensor([0, 500, 999])
    wanted = scheduler.add_noise(x0, noise, steps)
    torch.testing.assert_close(add_noise(x0, noise, steps, linear_betas()), wanted, rtol=1e-5, atol=1e-5)


# The closed loop.


def test_looking_at_plans_first_is_worth_it_and_needs_depth() -> None:
    success = {arm: sum(attempt(arm, seed)[0] for seed in range(30)) / 30 for arm in ("open", "closed", "closed-2d")}
    assert success["closed"] >= success["open"] + 0.25
    assert success["closed-2d"] < 0.1


def test_the_loop_accepts_as_often_as_so_many_tries_do_and_stops() -> None:
    rng = np.random.default_rng(0)

    @judge(repeatable=False)
    def sometimes(completion):
        return bool(rng.random() < 0.3)

    loops = [render_and_judge(str, sometimes, 4) for _ in range(600)]
    assert sum(loop.accepted for loop in loops) / 600 == pytest.approx(1 - 0.7**4, abs=0.06)
    assert {loop.tries for loop in loops if not loop.accepted} == {4}


def test_the_best_of_what_was_rejected_is_kept_and_an_abstention_is_no_rejection() -> None:
    @judge
    def graded(completion):
        return {"0": 0.2, "1": 0.6, "2": 0.6, "3": 0.1}.get(completion)

    loop = render_and_judge(str, graded, 4)
    assert (loop.candidate, loop.accepted, loop.tries) == ("1", False, 4)
    assert render_and_judge(str, graded, 4, threshold=0.5).tries == 2
    unseen = render_and_judge(lambda number: str(number + 3), graded, 4)
    assert (unseen.candidate, unseen.accepted, unseen.tries, len(unseen.verdicts)) == (None, None, 1, 2)
    with pytest.raises(ValueError, match="at least 1"):
        render_and_judge(str, graded, 0)
