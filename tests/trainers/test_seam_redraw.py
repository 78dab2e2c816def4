"""Dynamic sampling: groups without a signal are drawn again until the batch is full."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from seam_runs import redrawn, scripted_config, trained
from seam_tiny import count_letter

from jurybox.trainers import ObjectiveConfig, ObjectiveTrainer
from jurybox.trainers.seam._redraw import FreshPrompts, Slots, loud_groups, merged, rows_from
from tests.trainers.launching import launch

NAN = float("nan")


def test_a_group_is_loud_when_two_completions_differ():
    scores = torch.tensor([1.0, 1.0, 0.0, 1.0, NAN, NAN, NAN, 1.0, 2.0, NAN, 0.1 + 0.2, 0.3])
    assert loud_groups(scores, 2, 2) == [[False, True, False], [False, False, False]]
    assert loud_groups(torch.tensor([1.0, NAN, 2.0]), 3, 1) == [[True]]


def test_slots_take_what_is_loud_and_drop_the_rest():
    slots = Slots([[True, False, False], [False, True, True]])
    assert (slots.wanted, slots.silent) == (2, 3)
    slots.fill([[False, True], [True, True]])
    assert slots.sources == [[(0, 0), (1, 1), (0, 2)], [(1, 0), (0, 1), (0, 2)]]
    assert (slots.wanted, slots.silent, slots.drawn) == (1, 1, 10)
    slots.fill([[True], [False]])
    assert slots.sources[0] == [(0, 0), (1, 1), (2, 0)]
    assert slots.wanted == 0


def test_fresh_prompts_are_the_same_after_a_resume_and_shared_out():
    data = [{"prompt": str(n)} for n in range(10)]

    def prompts(process, step=0):
        return [rows[0]["prompt"] for rows in FreshPrompts(data, 1, step, process, 2).rows(2)]

    assert prompts(0) == prompts(0)
    assert sorted(prompts(0) + prompts(1)) == [str(n) for n in range(10)]
    assert prompts(0) != prompts(0, step=4)
    first, second = next(FreshPrompts(data, 1, 0, 0, 2).rows(2))
    assert first == second
    assert first is not second  # a rollout writes into rows


def test_rounds_of_different_widths_become_one_batch():
    def output(prompts, ids):
        return {
            "prompt_ids": torch.tensor(prompts),
            "prompt_mask": torch.ones(len(prompts), len(prompts[0])),
            "completion_ids": torch.tensor(ids),
            "completion_mask": torch.ones(len(ids), len(ids[0])),
            "advantages": torch.arange(float(len(ids))),
            "num_items_in_batch": torch.tensor(4),
            "texts": [str(row) for row in ids],
            "images": None,
        }

    first, second = output([[1], [2]], [[5, 6], [7, 8]]), output([[3, 4]], [[9]])
    together = merged([first, second], [(0, 1), (1, 0)], padding=0)
    assert together["prompt_ids"].tolist() == [[0, 2], [3, 4]]
    assert together["prompt_mask"].tolist() == [[0, 1], [1, 1]]
    assert together["completion_ids"].tolist() == [[7, 8], [9, 0]]
    assert together["completion_mask"].tolist() == [[1, 1], [1, 0]]
    assert together["advantages"].tolist() == [1.0, 0.0]
    assert together["texts"] == ["[7, 8]", "[9]"]
    assert together["images"] is None
    assert rows_from([(2, 1)], 3) == [(2, 3), (2, 4), (2, 5)]
    with pytest.raises(ValueError, match="'pixel_values' together"):
        merged([first | {"pixel_values": torch.zeros(7, 3)}, second], [(0, 0)], padding=0)


def test_rounds_are_at_least_one():
    with pytest.raises(ValueError, match="max_redraws=0"):
        ObjectiveConfig("x", max_redraws=0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scale_rewards": "batch"}, "leave scale_rewards"),
        ({"num_generations": 12}, "is not a multiple of num_generations"),
    ],
)
def test_what_cannot_be_drawn_again_is_refused(model_dir, tmp_path, settings, said):
    rows = 3 if "num_generations" in settings else 6
    config = scripted_config(str(tmp_path), rows, dynamic_sampling=True, **{"steps_per_generation": 4, **settings})
    config.per_device_train_batch_size = 1 if "num_generations" in settings else rows
    with pytest.raises(ValueError, match=said):
        trained(ObjectiveTrainer, model_dir, count_letter, config)


@pytest.mark.slow
def test_every_group_that_is_trained_on_has_a_signal(model_dir, tmp_path):
    result = redrawn(model_dir, str(tmp_path), 6)
    for generation in result["seen"]:
        groups = torch.tensor(generation["rewards"]).view(-1, 4)
        assert (groups.amax(1) > groups.amin(1)).all()
        assert set(generation["letters"]) <= set("en")
        assert generation["slots"] == [0, 1, 2, 3] * 3
        assert max(map(abs, generation["advantages"])) > 0.5
    counted = [row for row in result["logs"] if row]
    assert len(counted) == 2
    assert all(row["redraw/groups_silent"] == 0.0 for row in counted)
    drawn = sum(row["redraw/groups_drawn"] for row in counted)
    assert drawn == 6 + sum(row["redraw/groups_dropped"] for row in counted)
    assert drawn > 6
    assert result["state"]["letters"]["count"] == 4 * drawn, "each completion that was judged is remembered once"


@pytest.mark.slow
def test_two_processes_agree_about_what_is_drawn_again(model_dir, tmp_path):
    first, second = launch(
        Path(__file__).with_name("seam_runs.py"), "redrawn", model_dir, str(tmp_path / "two"), "4",
        processes=2, out=tmp_path / "two",
    )  # fmt: skip
    assert first["seen"] == second["seen"]
    assert first["weights"] == second["weights"]
    assert first["state"] == second["state"]
    for generation in first["seen"]:
        groups = torch.tensor(generation["rewards"]).view(-1, 4)
        assert (groups.amax(1) > groups.amin(1)).all()
        assert all(len(set(generation["letters"][start : start + 4])) == 1 for start in range(0, 16, 4))
