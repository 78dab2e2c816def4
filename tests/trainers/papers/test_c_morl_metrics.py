"""C-MORL's fronts: the volume against a count of grid cells, filters, crowding, preferences."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.trainers.papers.c_morl import (
    Child,
    ParetoBuffer,
    assign_policy,
    crowding_distance,
    evaluation_weights,
    expected_utility,
    extend_front,
    hypervolume,
    keeps_others,
    pareto_indices,
    simplex_grid,
    sparsity,
)
from jurybox.trainers.papers.c_morl.hypervolume import _pymoo, _sliced


def cells(points: np.ndarray) -> float:
    """The union of the boxes [0, p], counted cell by cell of the grid that all coordinates make."""
    edges = [np.unique(np.append(column, 0.0)) for column in points.T]
    volume = 0.0
    for cell in product(*(range(len(edge) - 1) for edge in edges)):
        upper = [edge[k + 1] for edge, k in zip(edges, cell, strict=True)]
        if (points >= upper).all(1).any():
            volume += float(np.prod([edge[k + 1] - edge[k] for edge, k in zip(edges, cell, strict=True)]))
    return volume


@pytest.mark.parametrize(("m", "n"), [(1, 5), (2, 12), (3, 9), (4, 7)])
def test_the_volume_is_that_of_the_cells(m: int, n: int) -> None:
    rng = np.random.default_rng(m)
    for rounded in (9, 1):  # with one decimal, coordinates are often equal
        points = rng.random((n, m)).round(rounded) + 0.1
        assert hypervolume(points - 2, [-2.0] * m) == pytest.approx(cells(points), rel=1e-9)


def test_slicing_and_pymoo_agree() -> None:
    pytest.importorskip("pymoo")
    rng = np.random.default_rng(0)
    for m in (3, 4, 5):
        points = rng.random((12, m)) + 0.1
        assert _pymoo(points) == pytest.approx(_sliced(points), rel=1e-9)
    assert hypervolume(points, [0.0] * 5) == pytest.approx(_sliced(points), rel=1e-9)


sets = st.integers(1, 4).flatmap(
    lambda m: st.lists(st.lists(st.integers(-2, 6).map(float), min_size=m, max_size=m), min_size=1, max_size=8)
)


@settings(max_examples=60, deadline=None)
@given(sets, st.randoms())
def test_what_does_not_change_a_front(objs: list[list[float]], random: object) -> None:
    reference = [0.0] * len(objs[0])
    volume = hypervolume(objs, reference)
    shuffled = sorted(objs, key=lambda _: random.random())  # type: ignore[attr-defined]
    beaten = [[x - 1 for x in point] for point in objs]
    assert hypervolume(shuffled + beaten + objs, reference) == pytest.approx(volume)

    kept = pareto_indices(objs, reference)
    front = np.array(objs)[kept]
    assert pareto_indices(front, reference).tolist() == list(range(len(kept)))
    assert hypervolume(front, reference) == pytest.approx(volume)


def test_nothing_and_one() -> None:
    assert hypervolume([], [0.0, 0.0]) == 0.0
    assert hypervolume([[-1, 5], [0, 7]], [0.0, 0.0]) == 0.0  # not above the reference everywhere
    assert sparsity([]) == sparsity([[1.0, 2.0]]) == 0.0
    assert pareto_indices([], [0.0, 0.0]).tolist() == []
    assert crowding_distance([]).tolist() == []
    for function in (expected_utility, lambda objs: assign_policy(objs, [[0.5, 0.5]])):
        with pytest.raises(ValueError, match="empty"):
            function([])


@pytest.mark.parametrize("wrong", [[[1.0, float("nan")]], [[1.0, float("inf")]], [1.0, 2.0], [[1.0, None]]])
def test_objectives_that_are_none(wrong: list[object]) -> None:
    for function in (
        lambda objs: pareto_indices(objs, [0.0, 0.0]),
        lambda objs: hypervolume(objs, [0.0, 0.0]),
        expected_utility,
        sparsity,
        crowding_distance,
        lambda objs: ParetoBuffer[int]([0.0, 0.0]).add(objs, [0]),
    ):
        with pytest.raises(ValueError, match="objs"):
            function(wrong)


@pytest.mark.parametrize("weights", [[0.5, 0.6], [-0.1, 1.1], [1.0], [0.2, 0.3, 0.5]])
def test_weights_that_are_none(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        assign_policy([[1.0, 2.0]], weights)


def test_a_grid_counts_every_point() -> None:
    for m, delta, count in [(1, 0.5, 1), (2, 0.01, 101), (3, 0.1, 66), (6, 0.5, 21), (6, 1.0, 6)]:
        grid = simplex_grid(m, delta)
        assert grid.shape == (count, m)
        assert len(np.unique(grid, axis=0)) == count
        assert np.abs(grid.sum(1) - 1).max() < 1e-12
    assert evaluation_weights(2).shape == (101, 2)
    assert (len(evaluation_weights(3)), len(evaluation_weights(4))) == (66, 10)
    with pytest.raises(ValueError, match="delta"):
        simplex_grid(2, 0.0)


def test_distances_without_a_range() -> None:
    distance = crowding_distance([[1, 7], [2, 7], [4, 7]])
    assert distance.tolist() == [np.inf, 1.0, np.inf]
    assert crowding_distance([[1, 1]]).tolist() == [np.inf]


def test_no_vector_is_selected_twice_and_a_full_buffer_keeps_the_loneliest() -> None:
    rng = np.random.default_rng(3)
    buffer: ParetoBuffer[str] = ParetoBuffer([0.0, 0.0], capacity=6)
    seen: list[tuple[float, ...]] = []
    for k in range(12):
        angles = rng.random(5) * np.pi / 2
        values = np.stack([np.cos(angles), np.sin(angles)], 1)
        buffer.add(values, [f"{k}.{i}" for i in range(5)])
        assert len(buffer) == len(buffer.values) <= 6
        assert (np.diff(buffer.values[:, 0]) >= 0).all()
        seen += [tuple(buffer.values[i]) for i in buffer.select(4)]
    assert len(set(seen)) == len(seen)


def test_a_tolerance_sees_through_noise() -> None:
    exact, tolerant = (ParetoBuffer[int]([0.0, 0.0], tolerance=tolerance) for tolerance in (0.0, 0.01))
    for buffer, again in ((exact, 1), (tolerant, 0)):
        buffer.add([[1.0, 1.0]], [0])
        assert buffer.select(3) == [0]
        buffer.add([[1.001, 1.001]], [1])
        assert len(buffer.select(3)) == again


def test_extension_goes_on_until_the_budget_or_the_parents_are_spent() -> None:
    def extended(budget: int) -> tuple[list[tuple[object, int]], ParetoBuffer[str]]:
        buffer: ParetoBuffer[str] = ParetoBuffer([0.0, 0.0])
        buffer.add([[1.0, 3.0], [3.0, 1.0]], ["a", "b"])
        asked: list[tuple[object, int]] = []

        def extend(policy: str, value: np.ndarray, objective: int) -> list[tuple[np.ndarray, str]]:
            asked.append((policy, objective))
            step = np.array([0.5, -0.25])[:: 1 if objective == 0 else -1]
            return [(value + step, f"{policy}{objective}")] if len(policy) < 3 else []

        extend_front(buffer, extend, num_select=2, may_go_on=lambda: len(asked) < budget)
        return asked, buffer

    asked, buffer = extended(3)
    assert asked == [("a", 0), ("a", 1), ("b", 0)]
    assert set(buffer.policies) == {"a", "b", "a0", "a1", "b0"}
    asked, _ = extended(1000)
    assert len(asked) < 100
    with pytest.raises(ValueError, match="num_select"):
        extend_front(buffer, lambda *_: [], num_select=0, may_go_on=lambda: True)


def test_a_child_is_accepted_by_its_last_snapshot() -> None:
    buffer: ParetoBuffer[int] = ParetoBuffer([0.0, 0.0])
    buffer.add([[1.0, 1.0]], [0])
    ends = {0: [[1.2, 0.5], [1.4, 0.95]], 1: [[1.0, 1.2], [0.8, 1.4]]}
    heard: list[Child] = []
    children = extend_front(
        buffer,
        lambda policy, value, objective: [(value, k) for k, value in enumerate(ends[objective])],
        num_select=1,
        may_go_on=lambda: len(heard) < 2,
        tell=heard.append,
    )
    assert heard == children
    assert [(child.objective, child.accepted) for child in children] == [(0, True), (1, False)]
    assert keeps_others([0.8, 1.4], [1.0, 1.0], 1, margin=[0.1, 0.0])
