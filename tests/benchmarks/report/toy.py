"""An experiment that takes no time, in a module of its own because its runs happen in spawned processes."""

from __future__ import annotations

from jurybox.benchmarks.experiment import Claim, Experiment, Measure, Result, Setting

SLOPES = {"grpo": 1.0, "ours": 2.0, "broken": float("nan")}


def run(setting: Setting) -> Result:
    curve = []
    for step in range(setting.steps + 1):
        curve.append((step, SLOPES[setting.arm] * step + setting.seed))
        setting.listen(step, {"height": curve[-1][1]})
    return Result(final={"height": curve[-1][1]}, curves={"height": curve}, start={"height": curve[0][1]})


def fails(setting: Setting) -> Result:
    raise RuntimeError(f"{setting.arm} cannot be run")


def misnamed(setting: Setting) -> Result:
    return Result(final={"width": 1.0})


TOY = Experiment(
    name="toy",
    title="Two slopes",
    arms={"grpo": "GRPO", "ours": "Ours", "broken": "Not a number"},
    measures={"height": Measure("height: end", ".1f", curve=True)},
    run=run,
    steps=4,
    quick_steps=2,
    claims=(
        Claim("ours is higher", lambda results: results["ours"].final["height"] > results["grpo"].final["height"]),
        Claim("seed 1 is 5 high", lambda results: results["grpo"].final["height"] == 5.0),
    ),
    step_name="moves",
)
