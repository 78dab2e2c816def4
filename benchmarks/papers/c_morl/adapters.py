r"""Two rewards of a language model that cannot both be had: a sum worked out on paper, and a short answer.

    7+8=15;3+4+1=8;\boxed{85}      worked 1, brief .48
    \boxed{85}                     worked 0, brief .79

Which answer is better depends on the weights alone, so every weighting ends at one of the two: policies between them
are on no convex hull's corner, and stage 1 cannot find them. Extension with a threshold can.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback

from ....trainers.papers.c_morl import CMORLConfig, CMORLTrainer, FrontSearch, discover_front, keeps_others
from ....trainers.papers.c_morl.adapters import AdapterFront
from ....trainers.papers.c_morl.barrier import T
from ....trainers.papers.c_morl.picture import draw_front
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.cache import cached_warm_start, load_warm_start
from ...playground.fitting import QUIET
from ...playground.small_png import with_palette
from ...playground.tasks import Arithmetic, draw_rows
from ...playground.warmstart import WarmStart

NEW_TOKENS, HELD_OUT = 48, 96
REFERENCE = (0.0, 0.0)
FIRST_SEED = 100
WORKING = re.compile(r"\d\+\d=\d+;\d\+\d(\+1)?=\d+;")

SETTINGS: Mapping[str, Any] = {
    **QUIET,
    "per_device_train_batch_size": 32,
    "per_device_eval_batch_size": HELD_OUT,
    "num_generations": 8,
    "num_generations_eval": 1,
    "max_completion_length": NEW_TOKENS,
    "learning_rate": 2e-3,
    "lr_scheduler_type": "constant",
    "loss_type": "dapo",
    "temperature": 1.0,
    "top_k": 0,
    "beta": 0.0,
}


def worked(completions: Sequence[str], **_: Any) -> list[float]:
    """1 where the answer begins with both sums of a working, whether they are right or not."""
    return [float(WORKING.match(text) is not None) for text in completions]


def brief(completions: Sequence[str], **_: Any) -> list[float]:
    """1 for nothing, 0 for as much as there is room for."""
    return [max(0.0, 1 - len(text) / NEW_TOKENS) for text in completions]


def warm_start(seed: int) -> WarmStart:
    """A policy that works about two of three sums out, once or more often."""
    return WarmStart(tasks=(Arithmetic(),), seed=seed, steps=160, batch=32, warmup=20)


def prepare(seed: int) -> None:
    """The warm start is the same for every arm."""
    cached_warm_start(warm_start(FIRST_SEED + seed))


class Told(TrainerCallback):
    """Counts the steps of all trainings of an arm for its progress bar."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.steps = setting, 0

    def on_step_end(self, *args: Any, **named: Any) -> None:
        self.steps += 1
        self.setting.listen(min(self.steps, self.setting.steps), {})


def started(setting: Setting) -> tuple[Any, dict[str, Any]]:
    """The warm-started policy, and what every trainer of an arm is given."""
    from peft import LoraConfig

    seed = FIRST_SEED + setting.seed
    policy, tokenizer = load_warm_start(cached_warm_start(warm_start(seed)))
    lora = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    held_out = draw_rows(Arithmetic(), HELD_OUT, seed=seed, split="held-out")
    return policy, {
        "train_dataset": Dataset.from_list(draw_rows(Arithmetic(), 1500, seed=seed)),
        "eval_dataset": Dataset.from_list(held_out),
        "processing_class": tokenizer,
        "peft_config": lora,
        "callbacks": [Told(setting)],
    }


class Quiet(CMORLTrainer):
    """Prints nothing."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.remove_callback(PrinterCallback)


# -- the front ------------------------------------------------------------------------------------------------------

STEPS, CHUNK = 100, 10
# name -> (label, step of the grid of weights, share of the steps for stage 1)
FRONTS = {"weightings": ("5 weightings", 0.25, 1.0), "extension": ("2 weightings and extension", 1.0, 0.3)}


def run_front(setting: Setting) -> Result:
    """Train one arm's adapters."""
    _, delta, share = FRONTS[setting.arm]
    policy, given = started(setting)
    policies = round(1 / delta) + 1
    chunk = CHUNK if setting.steps >= STEPS else 2
    archive = chunk // 2
    stage_one = max(archive, round(setting.steps * share / policies) // archive * archive)
    search = FrontSearch(
        REFERENCE,
        stage_one_steps=stage_one,
        extension_steps=setting.steps - stage_one * policies if share < 1 else 0,
        delta=delta,
        chunk_steps=chunk,
        archive_every=archive,
        num_select=2,
        tolerance=0.02,
    )
    with tempfile.TemporaryDirectory() as output:
        args = CMORLConfig(output, seed=FIRST_SEED + setting.seed, **SETTINGS)
        front = discover_front(policy, [worked, brief], args, search, trainer_class=Quiet, **given)
        assert all(Path(front.adapter_for([w, 1 - w])).is_dir() for w in (0.0, 0.5, 1.0))
        return Result(final=measured(front), notes={"front": front.values.round(4).tolist()})


def measured(front: AdapterFront) -> dict[str, float]:
    """The front's metrics, and its largest gap in the rate of workings."""
    rates = np.sort(np.append(front.values[:, 0], [0.0, 1.0]))
    metrics = front.metrics
    return {
        "volume": metrics["hypervolume"],
        "policies": metrics["policies"],
        "gap": float(np.diff(rates).max()),
        "utility": metrics["expected_utility"],
    }


def picture(document: Mapping[str, Any], path: Path) -> None:
    """The fronts of the first seed."""
    from PIL import Image  # matplotlib brings it

    first = min(run["seed"] for run in document["runs"])
    fronts = {run["arm"]: run["notes"]["front"] for run in document["runs"] if run["seed"] == first}
    draw_front({document["arms"][arm]: fronts[arm] for arm in FRONTS if arm in fronts}, ("worked", "brief"), path)
    with Image.open(path) as drawn:
        small = with_palette(drawn)
    small.save(path, optimize=True)


FRONT = Experiment(
    name="c-morl",
    title="Adapters for two rewards that cannot both be had",
    arms={name: label for name, (label, _, _) in FRONTS.items()},
    measures={
        "volume": Measure("hypervolume", ".3f"),
        "policies": Measure("adapters on the front", ".0f"),
        "gap": Measure("largest gap in the rate of workings"),
        "utility": Measure("expected utility", ".3f"),
    },
    run=run_front,
    steps=STEPS,
    quick_steps=14,
    claims=(
        Claim("extension covers more volume at equal steps", above("extension", "weightings", "volume")),
        Claim("its front has five adapters or more", lambda results: results["extension"].final["policies"] >= 5),
        Claim(
            "its largest gap is smaller",
            lambda results: results["extension"].final["gap"] < results["weightings"].final["gap"],
        ),
    ),
    prepare=prepare,
    picture=picture,
)

# -- one extension --------------------------------------------------------------------------------------------------

PARENT_STEPS, CHILD_STEPS = 20, 30
CHILDREN = {"no-barrier": ("no barrier: brief alone", math.inf), "barrier": ("barrier, t = 20", T)}


def run_child(setting: Setting) -> Result:
    """Train the parent for workings alone, and a child of it for brevity."""
    policy, given = started(setting)
    seed = FIRST_SEED + setting.seed
    child_steps = round(setting.steps * CHILD_STEPS / (PARENT_STEPS + CHILD_STEPS))
    with tempfile.TemporaryDirectory() as output:

        def trained(model: Any, steps: int, seed: int, **stage: Any) -> CMORLTrainer:
            args = CMORLConfig(output, max_steps=steps, seed=seed, **{**SETTINGS, **stage})
            more = given if "preference" in stage else {k: v for k, v in given.items() if k != "peft_config"}
            trainer = Quiet(model, [worked, brief], args, **more)
            trainer.train()
            trainer.evaluate()
            return trainer

        parent = trained(policy, setting.steps - child_steps, seed, preference=[1.0, 0.0])
        assert parent.values is not None
        value = parent.values.mean.tolist()
        child = trained(
            parent.accelerator.unwrap_model(parent.model),
            child_steps,
            seed + 1000,
            objective=1,
            parent_value=value,
            barrier_t=CHILDREN[setting.arm][1],
        )
        assert child.values is not None
    kept = keeps_others(child.values.mean, value, 1, margin=child.values.standard_error)
    names = ("worked", "brief")
    return Result(
        final={**dict(zip(names, child.values.mean.tolist(), strict=True)), "kept": float(kept)},
        start=dict(zip(names, value, strict=True)),
    )


def _kept(arm: str, value: float) -> Callable[[Mapping[str, Result]], bool]:
    return lambda results: results[arm].final["kept"] == value


CHILD = Experiment(
    name="c-morl-child",
    title="One extension: a policy that works sums out is made brief",
    arms={name: label for name, (label, _) in CHILDREN.items()},
    measures={
        "worked": Measure("worked", ".3f"),
        "brief": Measure("brief", ".3f"),
        "kept": Measure("above the threshold, up to 1 s.e.", ".1f"),
    },
    run=run_child,
    steps=PARENT_STEPS + CHILD_STEPS,
    quick_steps=6,
    claims=(
        Claim("with the barrier at least .9 of the workings are kept", _kept("barrier", 1.0)),
        Claim(
            "and the answers get shorter",
            lambda results: results["barrier"].final["brief"] > results["barrier"].start["brief"],
        ),
        Claim("without it they are not kept", _kept("no-barrier", 0.0)),
    ),
    prepare=prepare,
)
