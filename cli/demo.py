"""`jurybox demo`: a reward model is hacked, and what judges change about it.

Without options everything is made on the spot: a half-million-parameter policy, a reward model, and two runs side by
side. With `--model` (and `--dataset`) a composed reward is trained on a real checkpoint and real problems instead.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from .mistakes import Mistake, missing_extra

STORY_STEPS, MODEL_STEPS = 100, 70


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `jurybox demo`."""
    parser.add_argument(
        "--compose", action="store_true", help="instead of the story: compose a reward, train on it, before and after"
    )
    parser.add_argument("--model", metavar="NAME", help="the same with a checkpoint by hub name or path")
    parser.add_argument("--dataset", metavar="NAME", help="a JSONL file or OWNER/NAME:CONFIGURATION; needs --model")
    parser.add_argument("--split", default="train", help="split of a hub data set (default: %(default)s)")
    parser.add_argument(
        "--device", default="cpu", choices=("cpu", "cuda"), help="where --model runs (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of problems, warm start and sampling (default: %(default)s)"
    )
    parser.add_argument(
        "--steps", type=int, help=f"training steps (default: {STORY_STEPS}, with --compose or --model {MODEL_STEPS})"
    )
    parser.add_argument("--new-tokens", type=int, metavar="N", help="longest completion of --model (default: 512)")
    parser.add_argument("--learning-rate", type=float, metavar="LR", help="of --model (default: 2e-6)")
    parser.add_argument("--output", type=Path, default=Path("runs/demo"), help="folder for the plot and the record")


def run(args: argparse.Namespace) -> int:
    """Run the demo and return 0.

    Raises Mistake, saying how to mend it, when an extra is missing or what was asked for cannot be had.
    """
    _check(args)
    try:
        _run(args, Console())
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error
    return 0


def _run(args: argparse.Namespace, console: Console) -> None:
    import matplotlib  # noqa: F401 - better missed now than after the training

    from ..benchmarks.playground.quiet import quieten

    quieten()
    args.output.mkdir(parents=True, exist_ok=True)  # better refused now than after the training
    if args.model is None and not args.compose:
        from .story import tell

        tell(console, seed=args.seed, steps=args.steps, output=args.output)
    else:
        from .composing import compose_and_train

        compose_and_train(args, console)


def _check(args: argparse.Namespace) -> None:
    """Fill in the number of steps; refuse what only a checkpoint can have."""
    only_real = {
        "--dataset": args.dataset,
        "--device cuda": args.device == "cuda",
        "--new-tokens": args.new_tokens,
        "--learning-rate": args.learning_rate,
    }
    if args.model is None and (given := [option for option, value in only_real.items() if value]):
        raise Mistake(f"{given[0]} needs --model: the playground's policy only knows its own small tasks")
    if args.steps is None:
        args.steps = MODEL_STEPS if args.model or args.compose else STORY_STEPS
    if args.steps < 1:
        raise Mistake(f"a run needs at least one step, got {args.steps}")
