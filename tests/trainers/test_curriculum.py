"""In which order the parts of a reward rose."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jurybox.trainers.curriculum import Curriculum, rise_of, rises


def ramp(begin: int, end: int, steps: int = 200) -> list[float]:
    return [min(max((step - begin) / (end - begin), 0.0), 1.0) for step in range(1, steps + 1)]


def log_of(**curves: list[float]) -> list[dict[str, float]]:
    steps = len(next(iter(curves.values())))
    rows = [{"step": step, **{name: curve[step - 1] for name, curve in curves.items()}} for step in range(1, steps + 1)]
    return [*rows, {"step": steps, "train_runtime": 1.0}]  # the summary at the end has none of the parts


def test_the_moving_average_reaches_half_of_the_gain() -> None:
    # A jump at step 61 lifts an average over 20 values to one half with its tenth value.
    jump = rise_of("valid", [(step, float(step > 60)) for step in range(1, 201)])
    assert (jump.step, jump.start, jump.end) == (70, 0.0, 1.0)


def test_a_line_is_halfway_in_the_middle_of_its_averages() -> None:
    rise = rise_of("valid", [(step, step / 100) for step in range(1, 101)], window=20)
    means = {end: sum(range(end - 19, end + 1)) / 2000 for end in range(20, 101)}
    middle = (means[20] + means[100]) / 2
    assert rise.step == min(end for end, mean in means.items() if mean >= middle)


def test_one_lucky_batch_is_no_rise() -> None:
    values = [0.0] * 10 + [1.0] + [0.0] * 89 + [0.5] * 100
    rise = rise_of("valid", list(enumerate(values, start=1)))
    assert rise.step is not None
    assert rise.step > 100


@pytest.mark.parametrize("values", [[0.5] * 30, [1.0] * 15 + [0.0] * 15])
def test_what_gained_nothing_has_no_step(values: list[float]) -> None:
    rise = rise_of("valid", list(enumerate(values)))
    assert rise.step is None
    assert str(rise).endswith("no gain")


def test_order_and_the_two_names_in_the_log() -> None:
    log = log_of(
        **{
            "rewards/correct/mean": ramp(100, 180),
            "rewards/valid/mean": ramp(0, 80),
            "struct/score": ramp(20, 120),
            "rewards/flat/mean": [0.3] * 200,
        }
    )
    found = rises(log, ["correct", "valid", "struct", "flat", "unheard of"])
    assert [rise.name for rise in found] == ["valid", "struct", "correct", "flat"]
    assert rises(log[:10], ["valid"]) == []  # too short to say


def test_the_callback_reads_the_log_when_training_ends() -> None:
    curriculum = Curriculum(["correct", "valid"])
    log = log_of(**{"rewards/correct/mean": ramp(100, 180), "rewards/valid/mean": ramp(0, 80)})
    curriculum.on_train_end(None, SimpleNamespace(log_history=log, is_world_process_zero=False), None)
    assert [rise.name for rise in curriculum.rises] == ["valid", "correct"]
    with pytest.raises(ValueError, match="window"):
        Curriculum(["valid"], window=0)
    with pytest.raises(ValueError, match="has 1"):
        rise_of("valid", [(1, 0.0)])
