"""Judges of flows: what a completion may be, what a row may lack, and what a rendered goal is worth."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from jurybox.judges import FlowConsistencyJudge, RenderJudge, Verdict
from jurybox.judges.flow import Camera, GoalRenderer

TARGET = [[[0.0, 0.0, 0.5], [0.1, 0.0, 0.5]], [[0.0, 0.1, 0.5], [0.1, 0.1, 0.5]]]
NEAR = (np.array(TARGET) + np.array([0, 0, 0.05])).tolist()
say = partial(FlowConsistencyJudge().verdict, flow=TARGET)


@pytest.mark.parametrize(
    "completion",
    [
        np.array(NEAR),
        NEAR,
        json.dumps(NEAR),
        f"So:\n```json\n{json.dumps(NEAR)}\n```",
        json.dumps({"flow": NEAR}),
        [{"role": "assistant", "content": f"It goes {json.dumps(NEAR)}"}],
    ],
    ids=["array", "list", "text", "fence", "object", "message"],
)
def test_a_flow_in_any_form_is_judged_alike(completion):
    verdict = say(completion)
    assert verdict.score == pytest.approx(math.exp(-1))
    assert verdict.passed
    assert verdict.evidence == {"ade": 0.05, "fde": 0.05, "rigidity": 0.0}


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (json.dumps(TARGET[:1]), "wrong shape"),
        ("[[[0, 0], [0, 0]]]", "not a flow"),
        ('[[["0", 0, 1], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]]', "not a flow"),
        ("[[[true, 0, 1], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]]", "not a flow"),
        (f"[[[{10**400}, 0, 1], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]]", "out of range"),
        ("[[[1e300, 0, 1], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]]", "out of range"),
        (np.full((2, 2, 3), np.nan), "out of range"),
        (np.array([["a"]]), "not a flow"),
        ([], "not a flow"),
        ("[" * 100_000, None),
        ("no flow at all", None),
        ("", None),
        (None, None),
        (7, "not a flow"),
    ],
)
def test_what_is_no_such_flow_scores_nothing_and_never_abstains(completion, reason):
    verdict = say(completion)
    assert verdict.score == 0.0
    assert verdict.status == "scored"
    assert reason is None or verdict.reason == reason


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"flow": [[1, 2]]}, "unusable flow"),
        ({"flow": None}, "unusable flow"),
        ({"flow": TARGET, "visibility": [[1, -1], [1, 1]]}, "unusable visibility"),
        ({"flow": TARGET, "visibility": [[0, 0], [0, 0]]}, "nothing visible"),
        ({"flow": np.full((2, 2, 3), np.nan)}, "nothing visible"),
    ],
)
def test_a_row_that_cannot_be_used_abstains_whatever_the_completion(columns, reason):
    judge = FlowConsistencyJudge()
    for completion in (json.dumps(NEAR), "nothing"):
        assert judge.verdict(completion, **columns).reason == reason
        assert judge.verdict(completion, **columns).abstains


def test_hidden_points_do_not_count_nor_does_a_last_step_that_nobody_saw():
    far = (np.array(TARGET) + np.array([[[0, 0, 0], [0, 0, 9]], [[0, 0, 9], [0, 0, 9]]])).tolist()
    verdict = FlowConsistencyJudge().verdict(json.dumps(far), flow=TARGET, visibility=[[1, 0], [0, 0]])
    assert verdict.score == 1.0
    assert "fde" not in verdict.evidence
    json.dumps(verdict.to_dict(), allow_nan=False)


def left_half(image, instruction):
    return bool((image[:, :8] == 1).any())


def renderer(scene=()):
    return GoalRenderer(Camera.of(16, 16), object=[[0.1, 0.0, 1.0]], scene=scene)


MOVE = "[[[0.1, 0, 1], [0.2, 0, 1]], [[-0.2, 0, 1], [-0.1, 0, 1]]]"
STAY = "[[[0.1, 0, 1], [0.2, 0, 1]], [[0.1, 0, 1], [0.2, 0, 1]]]"
STRETCH = "[[[0.1, 0, 1], [0.2, 0, 1]], [[-0.4, 0, 1], [0.2, 0, 1]]]"


def test_a_goal_is_rendered_and_looked_at():
    judge = RenderJudge(renderer(), left_half, max_residual=0.05)
    verdicts = judge.verdicts([MOVE, STAY, STRETCH, "hm"], instruction=["to the left"] * 4)
    assert [verdict.score for verdict in verdicts] == [1, 0, 0, 0]
    assert [verdict.reason for verdict in verdicts[:3]] == ["judged", "judged", "not rigid"]
    assert pickle.loads(pickle.dumps(judge)).verdict(MOVE, instruction="to the left").passed


def test_what_stands_before_the_object_hides_it():
    judge = RenderJudge(renderer(scene=[[-0.1, 0, 0.5]]), left_half)
    assert judge.verdict(MOVE, instruction="to the left").score == 0


def test_a_look_that_abstains_abstains_and_its_own_verdict_is_kept():
    unsure = RenderJudge(renderer(), lambda image, instruction: None)
    assert unsure.verdict(MOVE, instruction="").abstains
    assert unsure.verdict("hm", instruction=None).reason == "unusable instruction"
    sure = RenderJudge(renderer(), lambda image, instruction: Verdict(1.0, reason="seen", evidence={"by": instruction}))
    assert sure.verdict(MOVE, instruction="me").evidence == {"by": "me", "rigidity": 0.0}
    with pytest.raises(TypeError, match="look is a function"):
        RenderJudge(renderer(), "a model")


def test_without_numpy_it_names_the_extra():
    program = "import sys; sys.modules['numpy'] = None\nfrom jurybox.judges import FlowConsistencyJudge"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'jurybox[guardian]'" in done.stderr
