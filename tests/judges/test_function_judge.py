from __future__ import annotations

import asyncio
import copy
import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from jurybox.judges import FunctionJudge, Verdict, judge
from jurybox.judges.sample import MissingColumn
from tests import judged


def test_a_bare_function():
    assert judged.right.verdict("4", solution="4").replace(seconds=0.0) == Verdict(1.0)
    assert judged.right(completions=["4", "5"], solution=["4", "4"]) == [1.0, 0.0]
    assert (judged.right.name, judged.right.__name__, repr(judged.right)) == ("right", "right", "right")
    assert judged.share.__doc__ == "The number the completion is, 1 at most, abstaining when it is none."


def test_columns_are_the_parameters():
    @judge
    def f(completion, gold, *, margin, bonus=2, **_):
        return True

    assert f.columns == ("gold", "margin")
    assert f.optional == ("bonus",)
    with pytest.raises(MissingColumn, match=r"f reads the column 'margin'.*it has: gold"):
        f.verdict("x", gold=1)


def test_optional_columns_fall_back_to_the_default():
    @judge
    def f(completion, bonus=0.25):
        return bonus

    assert f.verdict("x").score == 0.25
    assert f.verdict("x", bonus=0.75).score == 0.75
    assert f(completions=["x", "x"], bonus=[0.0, 1.0]) == [0.0, 1.0]


def test_all_columns():
    seen = []

    @judge
    def f(text, **columns):
        seen.append(columns)
        return True

    f(prompts=["p"], completions=["x"], completion_ids=[[1, 2]], a=[1], b=[[3]])
    assert seen == [{"a": 1, "b": [3], "completion_ids": [1, 2]}]


def test_the_prompt_is_given_as_text_and_tells_rows_apart():
    seen = []

    @judge
    def f(completion, prompt):
        seen.append(prompt)
        return prompt == completion

    chat = [{"role": "user", "content": "x"}]
    assert f(prompts=[chat, "y", "y"], completions=["x", "x", "x"]) == [1.0, 0.0, 0.0]
    assert seen == ["x", "y"]


def test_coroutines():
    assert judged.awaited.is_async
    assert judged.awaited(completions=["a", "b", "a"], solution=["a"] * 3) == [1.0, 0.0, 1.0]

    class Later:
        async def __call__(self, completion):
            return True

    assert judge(Later()).verdict("x").score == 1.0


def test_a_coroutine_that_is_late_is_cancelled_and_scores_the_least():
    cancelled = []

    @judge(timeout=0.05)
    async def slow(completion):
        try:
            await asyncio.sleep(0.0 if completion == "quick" else 30)
        except asyncio.CancelledError:
            cancelled.append(completion)
            raise
        return True

    quick, late = slow.verdicts(["quick", "late"])
    assert quick.score == 1.0
    assert (late.score, late.status, late.reason) == (0.0, "timeout", "timeout")
    assert cancelled == ["late"]


def test_a_coroutine_that_raises_stays_with_its_row():
    @judge
    async def f(completion):
        return 1 / int(completion)

    assert f(completions=["1", "0", "x", "2"]) == [1.0, 0.0, 0.0, 0.5]


def test_a_coroutine_whose_endpoint_is_down_abstains():
    @judge
    async def f(completion):
        raise ConnectionRefusedError

    verdict = f.verdict("a")
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", "exception")


def test_inside_a_running_event_loop():
    async def main():
        return judged.awaited(completions=["a"], solution=["a"])

    assert asyncio.run(main()) == [1.0]


def test_batches():
    assert judged.above_mean(completions=["a", "bbb", "a"]) == [0.0, 1.0, 0.0]
    assert judged.above_mean.verdicts([]) == []

    @judge(batch=True)
    async def f(completions, gold):
        return [text == g for text, g in zip(completions, gold, strict=True)]

    assert f(completions=["a", "a"], gold=["a", "b"]) == [1.0, 0.0]


def test_groups_are_neighbours_with_one_prompt():
    sizes = []

    @judge(group=True)
    def f(completions, prompts):
        sizes.append((len(completions), set(prompts)))
        return [True] * len(completions)

    f(prompts=["p", "p", "q", "q", "q", "p"], completions=list("abcdef"))
    assert sizes == [(2, {"p"}), (3, {"q"}), (1, {"p"})]
    assert judged.longest(prompts=["p", "p", "q"], completions=["a", "bb", "c"]) == [0.0, 1.0, 1.0]


def test_a_batch_function_that_raises_scores_zero_and_one_that_miscounts_is_told():
    @judge(batch=True)
    def raises(completions):
        raise LookupError("no")

    @judge(batch=True)
    def miscounts(completions):
        return [1.0]

    assert raises(completions=["a", "b"]) == [0.0, 0.0]
    sizes = []

    @judge(batch=True)
    def needs_all(completions):
        sizes.append(len(completions))
        return [1 / len(completions[place]) <= len(completions) / 10 for place in range(len(completions))]

    verdicts = needs_all.verdicts(["", *(f"{n:02}" for n in range(5)), "", "long enough"])
    assert [v.score for v in verdicts] == [0.0, *[1.0] * 5, 0.0, 1.0]  # as in a batch of six, not in smaller ones
    assert sizes[-1] == 6
    with pytest.raises(ValueError, match="judge miscounts returned 1 values for 2 completions"):
        miscounts.verdicts(["a", "b"])


@pytest.mark.parametrize("options", [{}, {"batch": True}])
def test_a_wrong_return_type_names_the_row_of_the_batch(options):
    def f(completion):
        values = ["words" if text == "b" else 1.0 for text in completion]
        return values if options else values[0]

    with pytest.raises(TypeError, match="judge f returned str for row 3"):
        judge(**options)(f).verdicts(["a", "a", "a", "b"])


def test_what_functions_may_return():
    @judge
    def f(completion, value):
        return value

    values = [True, 0.5, None, math.nan, (0.25, {"k": 1}), Verdict(0.75, reason="mine")]
    verdicts = f.verdicts(["x"] * len(values), value=values)
    assert [verdict.score for verdict in verdicts] == [1.0, 0.5, None, None, 0.25, 0.75]
    assert [verdict.reason for verdict in verdicts[2:4]] == ["abstained", "not a finite number"]
    assert verdicts[4].evidence == {"k": 1}
    assert verdicts[5].reason == "mine"


def test_options():
    f = judge(name="n", threshold=0.5, repeatable=False)(lambda completion: 0.5)
    assert (f.name, f.verdict("x").passed) == ("n", True)
    calls = []
    dice = judge(repeatable=False)(lambda completion: calls.append(1) or True)
    dice.verdicts(["a", "a"])
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: judge(5), TypeError, "@judge decorates a function, not int"),
        (lambda: judge(lambda: True), TypeError, "the completion's text, but it takes none"),
        (lambda: judge(lambda **k: True), TypeError, r"the completion's text, not \*\*k"),
        (lambda: judge(lambda prompts, completions: True), TypeError, "the completion's text, not prompts"),
        (lambda: judge(lambda c, gold, /: True), TypeError, "gets its columns by name.*gold"),
        (lambda: judge(lambda text, completion: True), TypeError, "gets its columns by name.*completion"),
        (lambda: judge(batch=True, group=True)(len), ValueError, "not both"),
        (lambda: judge(timeout=0)(judged.begins_with), ValueError, "timeout is a positive number"),
        (lambda: judge(threshold=0.0)(judged.begins_with), ValueError, r"threshold must be in \(0, 1\]"),
        (lambda: judge(timeout=1, batch=True)(judged.nap), ValueError, "only single rows can be killed"),
        (lambda: judge(timeout=1)(lambda c: True), ValueError, "cannot be found by a worker process"),
        (lambda: FunctionJudge(len, "rows"), ValueError, "kind must be one of row, batch, group, not 'rows'"),
    ],
)
def test_mistakes_raise_when_the_judge_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_late_row_scores_zero_and_does_not_delay_the_others():
    late, quick, broken = judged.patient.verdicts(["30", "0", "soon"])
    assert (late.score, late.status, late.reason) == (0.0, "timeout", "timeout")
    assert (quick.score, quick.status) == (1.0, "scored")
    assert quick.seconds < 0.3
    assert (broken.score, broken.status, broken.reason) == (0.0, "scored", "exception")
    assert "ValueError" in broken.evidence["error"]


@pytest.mark.parametrize("name", ["right", "awaited", "patient", "longest", "above_mean"])
def test_a_decorated_function_pickles_as_its_name(name):
    decorated = getattr(judged, name)
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert len(pickle.dumps(decorated)) < 100


def test_a_copy_of_a_decorated_function_stays_a_copy():
    with ThreadPoolExecutor(1) as pool:
        copied = judged.right.on(pool, chunk=3)
        again = pickle.loads(pickle.dumps(copied))
    assert again is not judged.right
    assert (again.chunk, again.executor, again.function) == (3, None, judged.right.function)
    assert judged.right.executor is None
    assert copy.copy(judged.right) == judged.right


def test_partials_and_callable_objects_pickle():
    for original in (judged.begins_with_a, judged.shouts):
        again = pickle.loads(pickle.dumps(original))
        assert again(completions=["a", "A"]) == original(completions=["a", "A"])
    assert judged.begins_with_a.columns == ()
    assert judged.begins_with_a.optional == ("letter",)


def test_a_function_inside_a_function_says_that_it_cannot_be_pickled():
    @judge
    def inner(completion):
        return True

    with pytest.raises((pickle.PicklingError, AttributeError), match="inner"):
        pickle.dumps(inner)
