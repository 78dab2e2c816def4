"""The guardian's region: what share it keeps, what it does far away, and with numbers that are none."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jurybox.judges.guardian import Ellipsoid, Kernel, MinMax

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(97, 3))
REGIONS = {
    "kernel": lambda rows, alpha: Kernel(rows, alpha=alpha),
    "leave one out": lambda rows, alpha: Kernel(rows, alpha=alpha, leave_one_out=True),
    "ellipsoid": lambda rows, alpha: Ellipsoid(rows, alpha=alpha),
}


@pytest.mark.parametrize("make", REGIONS.values(), ids=REGIONS)
def test_far_away_is_outside_and_every_step_there_is_less_dense(make):
    region = make(ROWS, 0.05)
    ray = np.linspace(3, 40, 60)[:, None] * [0.6, -0.64, 0.48]
    densities = region.log_density(ray)
    assert (np.diff(densities) < 0).all()
    assert region.outside(ray[-1:]).all()
    assert region.outside([[1e200, 0, 0]]).all()


@pytest.mark.parametrize("make", [REGIONS["kernel"], REGIONS["ellipsoid"]], ids=["kernel", "ellipsoid"])
@pytest.mark.parametrize("alpha", [0.0, 0.05, 0.25, 0.9])
def test_the_share_of_training_rows_outside_is_alpha(make, alpha):
    region = make(ROWS, alpha)
    assert abs(region.outside(ROWS).mean() - alpha) <= 1 / len(ROWS)
    one_by_one = [region.outside(row[None])[0] for row in ROWS]  # equality must survive another batch
    assert one_by_one == region.outside(ROWS).tolist()


def test_left_out_of_its_own_density_a_row_says_what_a_new_one_would():
    """At this width the paper's form rejects twice as many new rows as it says."""
    fresh, rows = RNG.normal(size=(4000, 3)), RNG.normal(size=(300, 3))
    honest = Kernel(rows, sigma=0.2, alpha=0.1, leave_one_out=True).outside(fresh).mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        papers = Kernel(rows, sigma=0.2, alpha=0.1).outside(fresh).mean()
    assert abs(honest - 0.1) < 0.05 < 0.2 < papers


@settings(max_examples=30)
@given(arrays.arrays(float, (7, 2), elements=st.floats(-3, 3)), st.permutations(range(7)), st.floats(0.05, 2))
def test_the_order_of_the_training_rows_is_nothing(rows, order, sigma):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = Kernel(rows, sigma=sigma), Kernel(rows[order], sigma=sigma)
    query = np.array([[0.1, -0.3], [2.0, 2.0]])
    np.testing.assert_allclose(one.density(query), other.density(query), rtol=1e-10)
    assert one.threshold == pytest.approx(other.threshold, rel=1e-10)


def test_the_density_is_the_formula_s():
    sigma, query = 0.4, RNG.normal(size=(5, 3))
    squares = ((query[:, None] - ROWS[None]) ** 2).sum(-1)
    written_out = np.exp(-squares / (2 * sigma**2)).mean(1) / (sigma * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(Kernel(ROWS, sigma=sigma).density(query), written_out, rtol=1e-12)


@pytest.mark.parametrize("make", REGIONS.values(), ids=REGIONS)
def test_what_is_no_number_is_outside_and_cannot_be_fitted(make):
    region = make(ROWS, 0.0)
    assert region.outside([[math.nan, 0, 0], [math.inf, 0, 0], [0, 0, 0]]).tolist() == [True, True, False]
    with pytest.raises(ValueError, match="training row 1 has a feature that is not finite"):
        make([[0.0], [math.nan], [1.0]], 0.05)
    for rows in ([], [[]], [1.0, 2.0]):
        with pytest.raises(ValueError, match="give \\(n, D\\) features"):
            make(rows, 0.05)
    for alpha in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match="alpha"):
            make(ROWS, alpha)
    with pytest.raises(ValueError, match="give \\(m, 3\\) features"):
        region.outside([[0.0]])
    assert region.outside(np.zeros((0, 3))).tolist() == []


def test_a_width_that_sees_nothing_is_refused_or_warned_about():
    for sigma in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="sigma"):
            Kernel(ROWS, sigma=sigma)
    for leave_one_out in (False, True):
        with pytest.warns(UserWarning, match="take a larger sigma"):
            Kernel(ROWS, sigma=1e-4, leave_one_out=leave_one_out)


def test_a_feature_that_never_varies_is_left_out_by_both_scales():
    rows = np.column_stack([ROWS, np.full(len(ROWS), 7.0)])
    assert MinMax.fit(rows)([[0, 0, 0, 7.0], [0, 0, 0, 8.0]])[:, 3].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(
        Ellipsoid(rows).distance(np.column_stack([ROWS[:5], np.zeros(5)])), Ellipsoid(ROWS).distance(ROWS[:5])
    )
    assert math.isnan(MinMax.fit(rows)([[0, 0, 0, math.nan]])[0, 3])
