"""What would change the training without a word is told."""

from __future__ import annotations

import logging
import pickle
import warnings
from types import SimpleNamespace

import pytest

from jurybox.judges import ExactJudge, JuryboxError, LengthJudge, MathJudge, judge
from jurybox.judges.silence import SilentJudge
from jurybox.rewards import Cascade, Linear, Route

SHORT = ["5", "6"]


def call(reward, completions=SHORT, **columns):
    return reward(prompts=["p"] * len(completions), completions=completions, **columns)


def test_a_part_that_only_abstains_is_told_once_and_then_ends_the_training():
    reward = MathJudge() + 0.2 * LengthJudge(30, unit="words")
    logged = {}
    with pytest.warns(UserWarning, match=r"math abstained on every row of a batch \(2\): unusable gold.*row 0.*None"):
        call(reward, solution=[None, None], log_metric=logged.__setitem__)
    assert (logged["math/abstained"], logged["length/abstained"]) == (1.0, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(6):
            call(reward, solution=[None, None])
    with pytest.raises(SilentJudge, match=r"math abstained.*batch 8 in a row, and max_silent_batches is 8") as raised:
        call(reward, solution=[None, None])
    assert isinstance(raised.value, JuryboxError)


@pytest.mark.filterwarnings("ignore:.*abstained on every row")
def test_one_row_with_a_score_starts_the_count_again():
    reward = (MathJudge() + LengthJudge(3, unit="words")).tolerate_silence(2)
    for golds in ([None, None], ["5", None], [None, None]):
        call(reward, solution=golds)
    with pytest.raises(SilentJudge):
        call(reward, solution=[None, None])
    patient = reward.tolerate_silence(None).named("patient")
    for _ in range(12):
        call(patient, solution=[None, None])
    assert patient.max_silent_batches is None
    with pytest.raises(ValueError, match="max_silent_batches is at least 1"):
        reward.tolerate_silence(0)


@pytest.mark.filterwarnings("ignore:.*abstained on every row")
def test_a_judge_by_itself_is_watched_too():
    alone = MathJudge()
    alone.max_silent_batches = 2
    call(alone, solution=[None, None])
    with pytest.raises(SilentJudge):
        call(pickle.loads(pickle.dumps(alone)), solution=[None, None])
    with pytest.raises(SilentJudge):
        call(alone, solution=[None, None])


def test_what_is_meant_to_abstain_is_not_told():
    cascade = Cascade(MathJudge(), ExactJudge("text")).tolerate_silence(1)
    assert cascade.named("c").tolerate_silence(1).label == "c"
    route = Route("task", math=MathJudge(), text=ExactJudge("text")).tolerate_silence(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(cascade, solution=[None, None], text=["5", "5"])
        call(route, task=["text", "text"], solution=[None, None], text=["5", "5"])
        reward = MathJudge() + 0.0
        reward.verdicts(SHORT, solution=[None, None])  # asked by hand, the verdicts themselves tell


def test_a_schedule_without_steps_is_told_once():
    reward = LengthJudge(3, unit="words").schedule(Linear(0.0, 1.0, steps=10))
    with pytest.warns(UserWarning, match="stand at step 0"):
        assert call(reward) == [0.0, 0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(reward)
        call(1.0 * LengthJudge(3, unit="words"))
        fresh = LengthJudge(3, unit="words").schedule(Linear(0.0, 1.0, steps=10))
        assert call(fresh, trainer_state=SimpleNamespace(global_step=5)) == [0.5, 0.5]


@pytest.mark.parametrize("wrap", [lambda j: j, lambda j: 1.0 * j])
def test_a_judge_that_raises_prints_one_traceback_a_batch(wrap, caplog):
    @judge
    def broken(completion):
        raise KeyError(completion)

    with caplog.at_level(logging.WARNING, "jurybox"):
        wrap(broken).verdicts(["a", "b", "c"])
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.getMessage() == "judge broken raised \"KeyError: 'a'\" (and on 2 more rows of the batch)"
