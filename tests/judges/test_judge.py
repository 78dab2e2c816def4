from __future__ import annotations

import asyncio
import copy
import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from jurybox.judges import Judge, Verdict
from jurybox.judges.sample import MissingColumn
from tests.judged import Counting, InProcess


class Half(Judge):
    threshold = 0.5

    def _judge(self, sample):
        return Verdict(0.5)


class Loose(Judge):
    def _judge(self, sample):
        return True if sample.row == 1 else Verdict(1.0)


class Forgetful(Judge):
    def _judge_batch(self, samples):
        return [Verdict(1.0)] * (len(samples) - 1)


class HTTPStatusJudge(Judge):
    pass


class Dice(Judge):
    repeatable = False

    def __init__(self):
        self.rolls = 0

    def _judge(self, sample):
        self.rolls += 1
        return Verdict(1.0, evidence={"roll": self.rolls})


def test_one_is_a_batch_of_one():
    judge = Counting()
    assert judge.verdict("a", solution="a").score == 1.0
    assert [verdict.score for verdict in judge.verdicts(["a", "b"], solution=["a", "a"])] == [1.0, 0.0]
    assert judge(completions=["a", "b"], solution=["a", "a"]) == [1.0, 0.0]
    assert judge.verdicts([], solution=[]) == []


def test_order_is_that_of_the_rows_and_duplicates_are_judged_once():
    judge = Counting()
    completions = ["a", "b", "a", "c", "b", "a"]
    verdicts = judge.verdicts(completions, solution=["a"] * 6)
    assert [verdict.score for verdict in verdicts] == [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    assert judge.asked == ["a", "b", "c"]


def test_equal_completions_with_other_columns_are_other_rows():
    judge = Counting()
    assert judge(completions=["a", "a", "a"], solution=["a", "b", "a"]) == [1.0, 0.0, 1.0]
    assert judge.asked == ["a", "a"]


def test_a_judge_that_rolls_dice_rolls_for_every_row():
    judge = Dice()
    judge.verdicts(["a"] * 5)
    assert judge.rolls == 5


def test_an_exception_stays_with_its_row(caplog):
    with caplog.at_level(logging.WARNING, logger="jurybox"):
        good, bad, other = Counting().verdicts(["a", "boom", "c"], solution=["a"] * 3)
    assert (good.score, other.score) == (1.0, 0.0)
    assert (bad.score, bad.status, bad.reason, bad.passed) == (0.0, "scored", "exception", False)
    assert bad.evidence["error"] == "RuntimeError: this completion is cursed"
    assert bad.evidence["judge"] == "counting"
    assert bad.evidence["where"].startswith("_judge:")
    assert "judge counting raised" in caplog.text


def test_an_error_that_cannot_tell_what_it_is():
    class MuteError(Exception):
        def __str__(self):
            raise ValueError

    class Breaks(Judge):
        def _judge(self, sample):
            raise MuteError

    assert Breaks().verdict("a").evidence["error"] == "MuteError: "


def test_only_a_connection_that_failed_makes_a_judge_abstain():
    class Asks(Judge):
        def _judge(self, sample):
            try:
                raise {"refused": ConnectionRefusedError, "late": TimeoutError}[sample.text]
            except (ConnectionError, TimeoutError) as error:
                raise RuntimeError("the client's own error") from error

    assert [verdict.score for verdict in Asks().verdicts(["refused", "late", "else"])] == [None, 0.0, 0.0]


def test_a_batch_that_breaks_is_judged_without_the_rows_that_break_it(caplog):
    class Together(Judge):
        def _judge_batch(self, samples):
            texts = [sample.text for sample in samples]
            if "boom" in texts:
                raise RuntimeError("cursed")
            return [Verdict(len(set(texts)) / 8) for _ in texts]

    texts = ["a", "boom", "b", "c"]
    with caplog.at_level(logging.WARNING, logger="jurybox"):
        verdicts = Together().verdicts(texts)
    assert [verdict.score for verdict in verdicts] == [3 / 8, 0.0, 3 / 8, 3 / 8]
    assert [verdict.reason for verdict in verdicts] == ["", "exception", "", ""]
    assert caplog.text.count("Traceback") == 1
    with ThreadPoolExecutor(1) as pool:
        assert [v.score for v in Together().on(pool, chunk=4).verdicts(texts)] == [3 / 8, 0.0, 3 / 8, 3 / 8]


def test_interrupts_are_not_swallowed():
    class Interrupted(Judge):
        def _judge(self, sample):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Interrupted().verdict("a")


def test_a_missing_column_names_those_there_are_before_any_work():
    judge = Counting()
    with pytest.raises(MissingColumn, match=r"counting reads the column 'solution'.*\(it has: answer, task\)"):
        judge(completions=["a"], answer=["a"], task=["math"])
    assert judge.asked == []


def test_what_the_author_of_a_judge_got_wrong():
    with pytest.raises(TypeError, match=r"Loose\._judge returned bool for row 1; it returns a Verdict"):
        Loose().verdicts(["a", "b"])
    with pytest.raises(ValueError, match="forgetful returned 1 verdicts for 2 completions"):
        Forgetful().verdicts(["a", "b"])
    assert HTTPStatusJudge().verdict("a").evidence["error"] == (
        "NotImplementedError: HTTPStatusJudge must define _judge or _judge_batch"
    )


def test_names_come_from_classes():
    assert HTTPStatusJudge.name == "http_status"
    assert Counting.name == "counting"
    assert Counting().__name__ == "counting"


def test_a_threshold_below_one():
    assert Half().verdict("a").passed is True
    assert Half().verdict("a").score == 0.5


def test_time_is_taken():
    assert Counting().verdict("a", solution="a").seconds > 0.0


def test_the_trainer_protocol():
    logged: dict[str, float] = {}
    scores = Counting()(
        ["p", "p"],
        ["a", "boom"],
        [[1], [2]],
        solution=["a", "a"],
        other=[1, 2],
        log_metric=lambda name, value: logged.update({name: value}),
        log_extra=lambda name, values: None,
        trainer_state=SimpleNamespace(global_step=3),
        environments=None,
    )
    assert scores == [1.0, 0.0]
    assert logged["counting/score"] == 0.5
    assert logged["counting/passed"] == 0.5
    assert logged["counting/abstained"] == 0.0
    with pytest.raises(TypeError, match="counting judges completions"):
        Counting()(["p"], solution=["a"])


def test_conversational_completions():
    completion = [{"role": "assistant", "content": "a"}]
    assert Counting()(prompts=[[{"role": "user", "content": "?"}]], completions=[completion], solution=["a"]) == [1.0]


def test_pickles_and_copies_forget_the_executor():
    with ThreadPoolExecutor(1) as pool:
        judge = Counting("w", strict=True).on(pool, chunk=5)
        for again in (pickle.loads(pickle.dumps(judge)), copy.deepcopy(judge)):
            assert again.executor is None
            assert again == judge
        assert copy.copy(judge).executor is pool


def test_on_wants_an_executor():
    with pytest.raises(TypeError, match=r"on\(\) takes a concurrent.futures.Executor, not int"):
        Counting().on(4)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="a chunk has at least 1 row"):
        Counting().on(pool, chunk=0)


def test_inside_an_event_loop_and_from_many_threads():
    async def main():
        return Counting()(completions=["a"], solution=["a"])

    assert asyncio.run(main()) == [1.0]
    judge = InProcess()
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda i: judge.verdict(str(i)).evidence["text"], range(50)))
    assert texts == [str(i) for i in range(50)]


def test_is_a_context_manager():
    closed = []

    class Owner(InProcess):
        def close(self):
            closed.append(True)

    with Owner() as judge:
        assert judge.verdict("a").passed
    assert closed == [True]
