"""Everything this project claims, to run again.

python -m jurybox.benchmarks                    list it
python -m jurybox.benchmarks ngrpo --seeds 3    one paper against its baseline: progress, tables, JSON, a plot
python -m jurybox.benchmarks judges.math        one comparison of speed
python -m jurybox.benchmarks --all --quick      everything, small
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .report.catalogue import Paper, Speed, papers, speeds

RESULTS = Path(__file__).parent / "results"
OUTPUT = Path("runs/benchmarks")


def main(argv: Sequence[str] | None = None) -> int:
    """List, run, or write the pages; the exit status is 2 for what the user can mend."""
    args = _parser().parse_args(argv)
    console = Console()
    known: dict[str, Paper | Speed] = {**papers(), **speeds()}
    if unknown := [name for name in args.names if name not in known]:
        print(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = list(known.values()) if args.all else [known[name] for name in args.names]
    if not chosen and args.pages is None:
        console.print(_listing(known.values()))
        return 0
    started = perf_counter()
    for number, entry in enumerate(chosen, start=1):
        console.rule(f"[{number}/{len(chosen)}] {entry.name}", align="left")
        _run(entry, args, console)
    if len(chosen) > 1:
        console.print(f"{len(chosen)} benchmarks in {(perf_counter() - started) / 60:.1f} minutes")
    if args.pages is not None:
        from .report.pages import write_pages

        for page in write_pages(args.pages, RESULTS, {name: paper.title for name, paper in papers().items()}):
            console.print(f"wrote {page}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jurybox.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to run; nothing lists what there is")
    parser.add_argument("--all", action="store_true", help="run everything")
    parser.add_argument("--quick", action="store_true", help="small runs, one seed: to see that it works, not to judge")
    parser.add_argument("--seeds", type=int, help="how many, from 0 on (default: 3, with --quick 1)")
    parser.add_argument("--arms", nargs="+", metavar="ARM", help="only these (default: all)")
    parser.add_argument("--steps", type=int, help="instead of the experiment's own number")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side (default: %(default)s)")
    parser.add_argument("--resume", action="store_true", help="keep the runs that are in the output folder already")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for JSON and plots (default: %(default)s)")
    parser.add_argument(
        "--pages", type=Path, metavar="DOCS", help="write the checked-in results into this folder of documentation"
    )
    return parser


def _run(entry: Paper | Speed, args: argparse.Namespace, console: Console) -> None:
    if isinstance(entry, Speed):
        entry.main(list(entry.quick) if args.quick else [])
        return
    import torch

    from .playground.quiet import quieten
    from .report.picture import save_picture
    from .report.running import run_experiment
    from .report.table import claims, terminal

    torch.set_num_threads(1)
    quieten()
    for experiment in entry.experiments():
        arms = [arm for arm in experiment.arms if args.arms is None or arm in args.arms]
        if not arms:
            console.print(f"{experiment.name} has none of these arms; it has: {', '.join(experiment.arms)}")
            continue
        path = args.output / f"{experiment.name}.json"
        document = run_experiment(
            experiment,
            seeds=range(args.seeds or (1 if args.quick else 3)),
            arms=arms,
            steps=args.steps or (experiment.quick_steps if args.quick else experiment.steps),
            quick=args.quick,
            workers=args.workers,
            path=path,
            resume=args.resume,
            console=console,
        )
        console.print(terminal(document))
        for text, held, seeds in claims(document):
            console.print(f"  {text}: on {held} of {seeds} seeds" + (" (quick: no evidence)" if args.quick else ""))
        console.print(f"  saved {path}")
        if experiment.name == entry.name:  # one picture a paper: what else it measures is in tables
            (experiment.picture or save_picture)(document, path.with_suffix(".png"))
            console.print(f"  saved {path.with_suffix('.png')}")
        console.print()


def _listing(entries: Iterable[Paper | Speed]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("NAME", no_wrap=True)
    table.add_column("WHAT IT COMPARES")
    for entry in entries:
        table.add_row(entry.name, entry.title)
    return table


if __name__ == "__main__":
    sys.exit(main())
