"""`jurybox demo --compose`, or with a checkpoint: compose a reward, look inside, train on it, see what it changed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .mistakes import Mistake
from .stages import Clock, stage_bars

if TYPE_CHECKING:
    from ..benchmarks.playground.heldout import HeldOut, Measurement
    from ..benchmarks.playground.record import RunRecord
    from ..benchmarks.playground.setups import Setup
    from ..rewards import Reward

CHECKS = 5  # held-out checks during training, besides the one before
EXAMPLES, WIDEST = 3, 160  # transcripts in the terminal, and their width in characters
WEIGHTS = {"accuracy": 1.0, "format": 0.2, "too long": -0.1}
LOWER_IS_BETTER = {"too long"}


def composed_reward(characters: int) -> Reward:
    """Return the demo's reward: right, in the asked-for format, and not longer than it needs to be."""
    from ..judges import FormatJudge, MathJudge, TooLong

    reward: Reward = (
        WEIGHTS["accuracy"] * MathJudge().named("accuracy")
        + WEIGHTS["format"] * FormatJudge().named("format")
        + WEIGHTS["too long"] * TooLong(characters, unit="characters").named("too long")
    )
    return reward


def compose_and_train(args: argparse.Namespace, console: Console) -> None:
    """Train `args.model`, or the playground's policy, on the demo's reward; leaves a plot and a record.

    Raises Mistake, saying how to mend it, when what was asked for cannot be had.
    """
    from ..benchmarks.playground.heldout import HeldOut
    from ..benchmarks.playground.plot import save_plot
    from ..benchmarks.playground.record import RunRecord

    clock = Clock()
    with clock.stage("prepare policy"):
        setup = _playground(args, console) if args.model is None else _checkpoint(args)
    reward = composed_reward(setup.characters)
    held_out = HeldOut(setup.held_out, reward, setup.plan.new_tokens, seed=args.seed)
    with clock.stage("measure before"):
        before = held_out.measure(setup.policy, setup.tokenizer)
    _show_reward(console, reward, held_out, before)
    with clock.stage("train"):
        history, measurements = _train(setup, reward, held_out, console)
    record = RunRecord(
        policy=setup.policy_name,
        data=setup.data_name,
        reward=repr(reward),
        weights=WEIGHTS,
        plan=setup.plan,
        history=history,
        measurements=[before, *measurements],
        seconds=clock.seconds,
    )
    _show_result(console, record, held_out)
    with clock.stage("plot"):
        save_plot(record, args.output / "demo.png")
    record.save(args.output / "demo.json")
    console.print(f"{sum(clock.seconds.values()):.0f} s · {args.output / 'demo.png'} · {args.output / 'demo.json'}")


def _playground(args: argparse.Namespace, console: Console) -> Setup:
    import torch

    from ..benchmarks.playground.setups import playground_setup
    from ..benchmarks.playground.warmstart import WarmStart

    torch.set_num_threads(1)  # so small a policy is no faster with more, and much slower on a busy machine
    recipe = WarmStart(seed=args.seed)
    with stage_bars(console) as bars:
        bar = bars.add_task("warm start", total=recipe.steps, note="supervised, kept for next time")
        setup = playground_setup(
            seed=args.seed, steps=args.steps, recipe=recipe, on_step=lambda done: bars.update(bar, completed=done)
        )
        if not bars.finished:
            bars.update(bar, completed=recipe.steps, note="from the cache")
    return setup


def _checkpoint(args: argparse.Namespace) -> Setup:
    from ..benchmarks.playground import setups, training

    try:
        plan = setups.REAL_PLAN
        chosen = training.Plan(
            steps=args.steps,
            prompts=plan.prompts,
            new_tokens=args.new_tokens or plan.new_tokens,
            learning_rate=args.learning_rate or plan.learning_rate,
            seed=args.seed,
        )
        return setups.real_setup(args.model, args.dataset, split=args.split, device=args.device, plan=chosen)
    except (OSError, ValueError) as error:
        raise Mistake(str(error)) from error


def _train(
    setup: Setup, reward: Reward, held_out: HeldOut, console: Console
) -> tuple[list[dict[str, float]], list[Measurement]]:
    """Return every step's log and the held-out measurements, the last one taken after the last step."""
    from ..benchmarks.playground.training import train

    steps = setup.plan.steps
    checks = {round(steps * (check + 1) / CHECKS) for check in range(CHECKS)}
    measurements: list[Measurement] = []
    with stage_bars(console) as progress:
        bar = progress.add_task("GRPO", total=steps, note="")

        def listen(step: int, logs: Mapping[str, float]) -> None:
            progress.update(bar, completed=step, note=_parts_of(logs))
            if step in checks:
                measurements.append(held_out.measure(setup.policy, setup.tokenizer, step=step))

        history = train(setup.policy, setup.tokenizer, reward, setup.rows, setup.plan, listen=listen)
    return history, measurements


def _parts_of(logs: Mapping[str, float]) -> str:
    return " · ".join(f"{name} {logs[f'{name}/score']:.2f}" for name in WEIGHTS if f"{name}/score" in logs)


def _show_reward(console: Console, reward: Reward, held_out: HeldOut, before: Measurement) -> None:
    """Print one completion of the untrained policy with the tree of verdicts behind its reward."""
    # A finished thought has something to say about every part of the reward.
    shown = next((i for i, text in enumerate(before.completions) if "</think>" in text), 0)
    row, completion = held_out.rows[shown], before.completions[shown]
    columns = {name: value for name, value in row.items() if name != "prompt"}
    console.print(Text(f"\n{_asked(row['prompt'])}  →  {completion}", style="bold"))
    console.print(Text(f"{reward.explain(completion, row['prompt'], **columns)}\n"), soft_wrap=True)


def _show_result(console: Console, record: RunRecord, held_out: HeldOut) -> None:
    table = Table(title=f"{len(held_out.rows)} held-out prompts, sampled", title_justify="left")
    for heading in ("mean", "before", f"after {record.plan.steps} steps", "change"):
        table.add_column(heading, justify="left" if heading == "mean" else "right")
    for label, old, new in record.rows():
        better = (new < old) if label in LOWER_IS_BETTER else (new > old)
        style = "" if label == "characters" or new == old else "green" if better else "red"
        table.add_row(label, f"{old:.3g}", f"{new:.3g}", Text(f"{new - old:+.3g}", style=style))
    console.print(table)
    for when, measurement in (("before", record.before), ("after", record.after)):
        for name, share in measurement.abstained.items():
            if share:
                console.print(f"{name} abstained on {share:.1%} of the completions {when}; its mean is over the rest")
    pairs = zip(held_out.rows, record.before.completions, record.after.completions, strict=True)
    changed = [(row, first, then) for row, first, then in pairs if first != then]
    for row, first, then in changed[:EXAMPLES]:
        console.print(Text(f"{_asked(row['prompt'])}\n  before  {first[-WIDEST:]}\n  after   {then[-WIDEST:]}"))


def _asked(prompt: object) -> str:
    """Return the words of a prompt, whether text or messages, on one line and not too wide."""
    text = str(prompt[-1]["content"] if isinstance(prompt, list) else prompt)
    return " ".join(text.split())[:WIDEST]
