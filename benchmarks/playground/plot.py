"""The picture of a run: reward parts while training, the same on held-out prompts, before against after."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .record import RunRecord
from .small_png import save_figure

# Okabe and Ito's palette: told apart with any colour vision; each part has a marker and a dash of its own too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, FAINT, BEFORE = "#222222", "#DDDDDD", "#BBBBBB"
WINDOW = 10  # steps of the running mean


def save_plot(record: RunRecord, path: Path) -> None:
    """Write the figure as PNG; no display is needed, and no global matplotlib state is changed."""
    with matplotlib.rc_context({"font.size": 10, "axes.titlesize": 11, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(13, 4.8), dpi=150, layout="constrained")
        training, held_out, table = figure.subplots(1, 3, width_ratios=(1.15, 1.15, 1))
        _draw_training(training, record)
        _draw_held_out(held_out, record)
        _draw_before_after(table, record)
        figure.suptitle(_title(record), fontsize=12, color=INK)
        handles, labels = held_out.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def running_mean(values: Sequence[float], window: int = WINDOW) -> list[float]:
    """Return the mean of each value and the up to `window - 1` before it.

    >>> running_mean([0.0, 1.0, 2.0], window=2)
    [0.0, 0.5, 1.5]
    """
    tails = (values[max(end - window, 0) : end] for end in range(1, len(values) + 1))
    return [sum(tail) / len(tail) for tail in tails]


def _title(record: RunRecord) -> str:
    sum_of_parts = "".join(_term(name, weight) for name, weight in record.weights.items()).removeprefix(" + ")
    return (
        f"GRPO on the reward  {sum_of_parts}\n"
        f"{record.policy} · {record.data} · seed {record.plan.seed} · {record.plan.steps} steps"
    )


def _term(name: str, weight: float) -> str:
    size = "" if abs(weight) == 1 else f"{abs(weight):g} "
    return f" {'−' if weight < 0 else '+'} {size}{name}"


def _draw_training(axes: Axes, record: RunRecord) -> None:
    for index, name in enumerate(record.before.parts):
        points = [(entry["step"], entry[f"{name}/score"]) for entry in record.history if f"{name}/score" in entry]
        if not points:
            continue
        steps, scores = zip(*points, strict=True)
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(steps, scores, color=colour, alpha=0.25, linewidth=1)
        axes.plot(steps, running_mean(scores), color=colour, linewidth=2)
    axes.set_title(f"In training, running mean of {WINDOW} steps", loc="left")
    _dress(axes, record)


def _draw_held_out(axes: Axes, record: RunRecord) -> None:
    steps = [measurement.step for measurement in record.measurements]
    for index, name in enumerate(record.before.parts):
        axes.plot(
            steps,
            [measurement.parts[name] for measurement in record.measurements],
            color=COLOURS[index % len(COLOURS)],
            marker=MARKERS[index % len(MARKERS)],
            markersize=6,
            linewidth=2,
            clip_on=False,
            label=name,
        )
    axes.set_title(f"On {len(record.before.completions)} held-out prompts, sampled", loc="left")
    _dress(axes, record)


def _draw_before_after(axes: Axes, record: RunRecord) -> None:
    names = list(record.before.parts)
    for index, name in enumerate(names):
        pair = (record.before.parts[name], record.after.parts[name])
        fills = (BEFORE, COLOURS[index % len(COLOURS)])
        for offset, value, fill in zip((-0.2, 0.2), pair, fills, strict=True):
            axes.bar(index + offset, value, width=0.38, color=fill)
            axes.annotate(f"{value:.2f}", (index + offset, value), (0, 3), textcoords="offset points", ha="center")
    axes.set_xticks(range(len(names)), names)
    axes.set_title("Held-out, before (grey) and after", loc="left")
    axes.set_ylabel("mean score (0 to 1)")
    axes.set_ylim(0, 1.12)
    _clean(axes)


def _dress(axes: Axes, record: RunRecord) -> None:
    axes.set_xlabel("training step")
    axes.set_ylabel("mean score (0 to 1)")
    axes.set_xlim(0, record.plan.steps)
    axes.set_ylim(-0.02, 1.05)
    _clean(axes)


def _clean(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
