"""CGPO's three optimizers against GRPO and DPO on a reward model that can be hacked.

    python -m jurybox.benchmarks.cgpo --seeds 3

Every method starts from the same warm start, sees the same prompts and draws the same number of completions. What is
measured are 256 held-out prompts of each stratum, sampled: what the reward model thinks (proxy), how many answers are
right (accuracy), and how many violate a judge (violations). Finished runs are kept in `cgpo.json`, so that an
interrupted benchmark goes on where it was.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rich.console import Console
from rich.table import Table

from .playground.cache import cached_warm_start
from .playground.hacking import METHODS, STRATA, World, learned_proxy, warm_start
from .playground.hacking.parallel import Job, run_jobs
from .playground.quiet import quieten
from .playground.record import versions

RESULTS = Path(__file__).parent / "results"
STEPS, EVERY = 100, 20
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
MEASURES = ("proxy", "accuracy", "violations")


def main(argv: Sequence[str] | None = None) -> None:
    """Run what is missing, print the table, write table and picture."""
    import torch

    args = _arguments().parse_args(argv)
    torch.set_num_threads(1)
    quieten()
    console, path = Console(), args.output / "cgpo.json"
    runs = _load(path, args.steps)
    jobs = [
        Job(method, seed, args.steps, EVERY)
        for seed in range(args.seeds)
        for method in args.methods
        if not any(run["method"] == method and run["seed"] == seed for run in runs)
    ]
    seeds = sorted({job.seed for job in jobs})
    worlds = {seed: World.made(cached_warm_start(warm_start(seed=seed)), seed=seed) for seed in seeds}
    proxies = {seed: learned_proxy(seed=seed) for seed in seeds}
    for run in run_jobs(jobs, worlds, proxies, workers=args.workers) if jobs else ():
        runs.append(run.as_data())
        _save(path, runs, args.steps)
        console.print(f"{run.method}, seed {run.seed}: {run.seconds:.0f} CPU seconds")
    console.print(table(runs))
    from .playground.hacking.picture import save_picture

    save_picture(runs, args.output / "cgpo.png")
    if args.page is not None:
        write_page(args.page, runs)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 on (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, help="optimizer steps of a run (default: %(default)s)")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS), metavar="NAME")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of table, JSON and picture")
    parser.add_argument("--page", type=Path, help="a Markdown page whose results are to be replaced by these")
    return parser


def write_page(path: Path, runs: Sequence[dict[str, Any]]) -> None:
    """Replace what stands between the page's two marks by the table in Markdown."""
    before, found, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{path} needs the lines {BEGIN} and {END}, between which the results go")
    path.write_text(f"{before}{BEGIN}\n\n{markdown(runs)}\n\n{END}{after}", encoding="utf-8")


def markdown(runs: Sequence[dict[str, Any]]) -> str:
    """The table, and how many seeds each line rests on."""
    heads = ["method", "seeds", *(f"{task}: {measure}" for task in STRATA for measure in MEASURES)]
    lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
    lines += [" | ".join([label, str(seeds), *cells]) for label, seeds, cells in rows(runs)]
    return "\n".join(f"| {line} |" for line in lines)


def table(runs: Sequence[dict[str, Any]]) -> Table:
    """Mean over seeds (and standard deviation) of what held-out prompts show after the last step."""
    shown = Table(title="Held-out prompts after training, mean over seeds ± standard deviation", title_justify="left")
    shown.add_column("method")
    shown.add_column("seeds", justify="right")
    for task in STRATA:
        for measure in MEASURES:
            shown.add_column(f"{task}\n{measure}", justify="right")
    for label, seeds, cells in rows(runs):
        shown.add_row(label, str(seeds), *cells)
    return shown


def rows(runs: Sequence[dict[str, Any]]) -> list[tuple[str, int, list[str]]]:
    """The lines of the table: the warm start, then each method."""
    starts = list({run["seed"]: run for run in runs}.values())
    lines = [("warm start", len(starts), _cells([run["checkups"][0] for run in starts]))]
    for name, method in METHODS.items():
        if own := [run["checkups"][-1] for run in runs if run["method"] == name]:
            lines.append((method.title, len(own), _cells(own)))
    return lines


def _cells(checkups: Sequence[dict[str, Any]]) -> list[str]:
    return [
        _spread([checkup["strata"][task][measure] for checkup in checkups], signed=measure == "proxy")
        for task in STRATA
        for measure in MEASURES
    ]


def _spread(values: Sequence[float], *, signed: bool) -> str:
    mean = f"{fmean(values):+.2f}" if signed else f"{fmean(values):.2f}"
    return f"{mean} ± {stdev(values):.2f}" if len(values) > 1 else mean


def _load(path: Path, steps: int) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    saved = json.loads(path.read_text(encoding="utf-8"))
    return list(saved["runs"]) if saved["steps"] == steps else []


def _save(path: Path, runs: Sequence[dict[str, Any]], steps: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    order = list(METHODS)
    ordered = sorted(runs, key=lambda run: (order.index(run["method"]), run["seed"]))
    data = {"steps": steps, "versions": versions(), "runs": ordered}
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
