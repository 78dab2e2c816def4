from __future__ import annotations

import subprocess
import sys

import pytest

from jurybox.rewards import Reward
from tests.judged import Counting, right, share, short

SCORES = {"completion": "0.5", "solution": "0.5"}


@pytest.mark.parametrize(
    ("reward", "score"),
    [
        (share + short, 1.5),
        (share + 1, 1.5),
        (1 + share, 1.5),
        (share - short, -0.5),
        (2 - share, 1.5),
        (share * 3, 1.5),
        (3 * share, 1.5),
        (share / 2, 0.25),
        (-share, -0.5),
        (share & short, 0.5),
        (share | short, 1.0),
        (~share, 0.5),
        (share.gate(short, otherwise=-1.0), 0.5),
        (share.clip(0, 0.25), 0.25),
        (share.scale(-1, 1), 0.0),
        (share.scale(4), 2.0),
        (share.schedule(lambda step: 3.0), 1.5),
        (share.standardize("s"), 0.5),
        (share.named("x"), 0.5),
        (sum([share, short, right]), 2.5),
        (share.as_reward(), 0.5),
    ],
    ids=repr,
)
def test_every_operator_makes_a_reward(reward, score):
    assert isinstance(reward, Reward)
    assert reward.verdict(**SCORES).score == score


def test_a_judge_explains_itself():
    text = Counting().explain("a", solution="a")
    assert str(text) == "Counting()\n✓ counting: 1  compared"


@pytest.mark.parametrize("other", ["text", None, [1], object()])
def test_other_operands_raise(other):
    with pytest.raises(TypeError, match="a reward is made of judges, rewards and numbers"):
        share + other


def test_judges_alone_never_load_rewards():
    program = (
        "import sys, jurybox.judges as j; f = j.judge(lambda completion: True); f.verdict('x'); "
        "assert 'jurybox.rewards' not in sys.modules; f + 1; assert 'jurybox.rewards' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
