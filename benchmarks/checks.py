"""What a run is worth at both ends and every so often in between, and the result that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .experiment import Result, Setting

Measures = Mapping[str, float]


class Checks:
    """Measures of one run; `setting.listen` is told of every step.

    every: how many steps apart; the first and the last step are measured anyway.
    """

    def __init__(self, setting: Setting, every: int = 1) -> None:
        self.setting = setting
        self.every = min(every, setting.steps)
        self.taken: list[tuple[int, Measures]] = []

    def at(self, step: int, measure: Callable[[], Measures]) -> None:
        """Measure if it is time to."""
        if step % self.every == 0 or step == self.setting.steps:
            self.taken.append((step, measure()))
        if self.taken:
            self.setting.listen(step, self.taken[-1][1])

    def result(self) -> Result:
        """All measures as curves; the start is that of step 0, if it was measured."""
        (first, start), (_, final) = self.taken[0], self.taken[-1]
        curves = {name: [(step, check[name]) for step, check in self.taken] for name in start}
        return Result(final=final, start=start if first == 0 else {}, curves=curves)


def follow(setting: Setting, measured: Iterable[Measures], *, every: int = 1, first: int = 0) -> Result:
    """The result of a loop that yields its measures at step `first` and after each step.

    >>> heard = []
    >>> halved = ({"height": 8.0 / 2**step} for step in range(4))
    >>> follow(Setting("arm", 0, 3, lambda step, shown: heard.append(step)), halved, every=2).curves
    {'height': [(0, 8.0), (2, 2.0), (3, 1.0)]}
    >>> heard
    [0, 1, 2, 3]
    """
    checks = Checks(setting, every)
    for step, measures in enumerate(measured, start=first):
        checks.at(step, lambda: measures)  # noqa: B023 - asked at once
    return checks.result()
