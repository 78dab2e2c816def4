"""Fares, stops, masks and departures: the corners that golden numbers leave out."""

from __future__ import annotations

import math

import pytest

from jurybox.judges.fleet import action_mask, departures, fare, flight_profit, stay

BAD = (-1.0, math.nan, math.inf, None, "1", True)


def test_the_fare_begins_to_grow_at_ten_times_e():
    assert fare(10, 0).demand_factor == fare(10, 27.18).demand_factor == 1
    assert fare(10, 27.19).demand_factor > 1
    assert fare(10, 5e-324).demand_factor == 1


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_numbers_that_cannot_be_are_named(bad):
    calls = {
        "miles": lambda: fare(bad, 1),
        "demand": lambda: fare(1, bad),
        "demand_initial": lambda: flight_profit(1, bad, 1),
        "demand_left": lambda: flight_profit(1, 1, bad),
        "battery": lambda: stay(bad, 15, True),
        "minutes": lambda: stay(1, bad, True),
        "miles_from_origin": lambda: mask(miles_from_origin=[0, bad]),
        "park_capacity": lambda: mask(park_capacity=[bad, 1]),
        "separation_min": lambda: departures([], bad),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match=name):
            call()


def mask(**changed):
    given = {
        "origin": 0,
        "battery": 110.0,
        "miles_from_origin": [0, 10.0],
        "route_closed": [0, 0],
        "committed_location": [0, 1],
        "alive": [1, 1],
        "park_capacity": 2,
    }
    return action_mask(**{**given, **changed})


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        ({}, True),
        ({"route_closed": [0, 1]}, False),
        ({"route_closed": [1, 0]}, True),
        ({"committed_location": [0, 1, 1], "alive": [1, 1, 1]}, False),  # one of them is still in flight
        ({"committed_location": [0, 1, 1], "alive": [1, 1, 0]}, True),
        ({"battery": 29.0, "kwh_per_mile": 1.8}, True),  # just enough
        ({"battery": math.nextafter(29.0, 0), "kwh_per_mile": 1.8}, False),
        ({"battery": 0.0}, False),
        ({"park_capacity": 0}, False),
    ],
)
def test_what_a_mask_forbids(changed, allowed):
    assert mask(**changed) == [True, allowed]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"origin": 2}, "origin"),
        ({"origin": -1}, "origin"),
        ({"committed_location": [0, 2]}, "committed_location"),
        ({"alive": [1]}, "alive"),
        ({"route_closed": [0]}, "route_closed"),
        ({"park_capacity": [1]}, "park_capacity"),
        ({"battery": math.nan}, "battery"),
    ],
)
def test_a_mask_of_what_is_not_there(changed, words):
    with pytest.raises(ValueError, match=words):
        mask(**changed)


def test_a_battery_that_just_suffices_suffices_whatever_is_rounded():
    for miles in (0.1, 3.3, 15.9, 47.123):
        enough = 110 / 60 * miles + 11.0
        assert mask(battery=enough, miles_from_origin=[0, miles]) == [True, True]
        assert mask(battery=math.nextafter(enough, 0), miles_from_origin=[0, miles]) == [True, False]


def test_a_battery_holds_no_more_than_it_can():
    with pytest.raises(ValueError, match="more than battery_max"):
        stay(111.0, 15, True)
    assert stay(110.0, 0, True).reward == 0


def test_departures_refuse_what_is_no_time():
    for ready, delay in ((math.nan, 0.0), (0.0, math.inf)):
        with pytest.raises(ValueError, match="finite"):
            departures([(ready, delay, 0, 1)])
    assert departures([(0.0, 0.0, 0, 1), (0.0, 0.0, 1, 0)]) == [0.0, 0.0]  # the way back is another route
