"""TGPO: robustness, grounding, Metropolis-Hastings, the stage reward, logic over events."""

from __future__ import annotations

from typing import Any

from jurybox.judges.trajectory.events import EventTrace
from jurybox.judges.trajectory.logic import Formula, from_data, horizon, robustness, satisfied, to_data
from jurybox.judges.trajectory.logic.robustness import evaluate
from jurybox.trainers.papers.tgpo import (
    Alternative,
    Invariant,
    Reach,
    StageWeights,
    Time,
    TimeVariable,
    best_grounding,
    ground,
    mh_accept,
    mh_chain,
    mh_probability,
    smooth_robustness,
    stage_rewards,
)

from ..case import Case


def _stl_robustness(case: Case) -> dict[str, Any]:
    formula, params = from_data(case["formula"]), case.params
    options = {"short_trace": params.get("short_trace", "truncate"), "form": params.get("until", "left_exclusive")}
    found = robustness(formula, case["signals"], **options)
    at_0 = None if found is None else found[0]
    decided = None if at_0 is None else satisfied(at_0, strict=bool(params.get("strict", False)))
    return {"robustness": found, "at_0": at_0, "satisfied": decided, "horizon": horizon(formula)}


def _smooth(case: Case) -> dict[str, Any]:
    signals = {name: case.tensor("signals", name) for name in case["signals"]}
    return {"at_0": smooth_robustness(from_data(case["formula"]), signals, **case.params)[0]}


def _ground(case: Case) -> dict[str, Any]:
    formula = from_data(case["formula"])
    alternatives = ground(formula, **case.params)
    found: dict[str, Any] = {"alternatives": [_written(alternative) for alternative in alternatives]}
    if "signals" in case.inputs:
        best = best_grounding(alternatives, case["signals"])
        values = robustness(formula, case["signals"])
        assert best is not None
        assert values is not None
        found |= {"best_grounded_robustness": best.robustness, "best_alternative": best.alternative}
        found |= {"a_best_assignment": best.times, "formula_robustness": values[0]}
    return found


def _written(alternative: Alternative) -> dict[str, Any]:
    return {
        "vars": [{"name": v.name, "lo": _time(v.lo), "hi": _time(v.hi)} for v in alternative.variables],
        "reach": [{"pred": to_data(goal.pred), "at": _time(goal.at)} for goal in alternative.reach],
        "invariant": [
            {"pred": to_data(kept.pred), "from": _time(kept.start), "to": _time(kept.end)}
            for kept in alternative.invariants
        ],
    }


def _time(time: Time) -> dict[str, Any]:
    return {"var": time.var, "offset": time.offset}


def _alternative(data: dict[str, Any]) -> Alternative:
    return Alternative(
        tuple(TimeVariable(v["name"], Time(**v["lo"]), Time(**v["hi"])) for v in data["vars"]),
        tuple(Reach(from_data(goal["pred"]), Time(**goal["at"])) for goal in data["reach"]),
        tuple(
            Invariant(from_data(kept["pred"]), Time(**kept["from"]), Time(**kept["to"])) for kept in data["invariant"]
        ),
    )


def _stage_reward(case: Case) -> dict[str, Any]:
    alternative = _alternative(case["alternative"])
    rewards, stages = stage_rewards(alternative, case["times"], case["signals"], StageWeights(**case.params))
    return {"reward": rewards, "stage": stages, "return": sum(rewards)}


def _mh_accept(case: Case) -> dict[str, Any]:
    rows = [{**row, "proposed": row["value_proposed"]} for row in case["rows"]]
    asked = [{name: row[name] for name in ("value", "proposed", "temperature", "inside")} for row in rows]
    return {
        "accept": [mh_accept(u=row["u"], **one) for row, one in zip(rows, asked, strict=True)],
        "probability": [mh_probability(**one) for one in asked],
    }


def _mh_chain(case: Case) -> dict[str, Any]:
    chain = mh_chain(case["values"], case.params["temperature"])
    return {"stationary": chain.stationary.tolist(), "transition": chain.transition.tolist()}


def _event_trace_logic(case: Case) -> dict[str, Any]:
    formula: Formula = from_data(case["formula"])
    trace = EventTrace(case["trace"], formula)
    values = evaluate(formula, trace.margin, len(trace))
    return {"satisfied": satisfied(values[0], strict=True), "robustness_sign_trace": values}


FUNCTIONS = {
    "event_trace_logic": _event_trace_logic,
    "ground_formula": _ground,
    "mh_accept": _mh_accept,
    "mh_chain": _mh_chain,
    "stage_reward": _stage_reward,
    "stl_robustness": _stl_robustness,
    "stl_smooth_robustness": _smooth,
}
