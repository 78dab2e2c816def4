from __future__ import annotations

import pickle

import numpy as np
import pytest

from jurybox.judges import Judge, JuryboxError, MixtureOfJudges, Sample, Verdict, judge
from jurybox.judges.conversation import ToolCall, messages_of
from jurybox.judges.errors import NotText
from jurybox.judges.sample import samples_of


def call(name, arguments, **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def conversation(*tools, end="It is done."):
    calls = [call(tool, {"x": 1}) for tool in tools]
    replies = [{"role": "tool", "name": tool, "content": f"{tool} ran"} for tool in tools]
    return [{"role": "assistant", "content": "", "tool_calls": calls}, *replies, {"role": "assistant", "content": end}]


class Searched(Judge):
    """Reads what it likes, and says nothing about it."""

    def _judge(self, sample):
        return Verdict(float(any(call.name == "search" for call in sample.tool_calls)))


class SearchedInMessages(Searched):
    reads = "messages"


class SearchedInCalls(Searched):
    reads = ("tool_calls",)


@judge(reads="tool_calls")
def searched(calls):
    return any(call.name == "search" for call in calls)


@judge(reads="completion")
def searched_by_hand(completion, **columns):
    return any(call["function"]["name"] == "search" for m in completion for call in m.get("tool_calls", []))


@pytest.mark.parametrize("reader", [Searched(), SearchedInMessages(), SearchedInCalls(), searched, searched_by_hand])
def test_conversations_with_the_same_last_words_are_judged_apart(reader):
    good, bad = conversation("search"), conversation("delete")
    alone = [reader.verdict(good).score, reader.verdict(bad).score]
    assert alone == [1.0, 0.0]
    assert [verdict.score for verdict in reader.verdicts([good, bad])] == alone
    assert reader(prompts=["p", "p"], completions=[good, bad]) == alone
    assert [v.score for v in (1.0 * reader).verdicts([good, bad, good])] == [1.0, 0.0, 1.0]
    assert [v.score for v in MixtureOfJudges([reader]).verdicts([good, bad])] == alone


def test_conversations_that_are_equal_to_a_judge_are_judged_once():
    asked = []

    class Counting(Judge):
        def _judge(self, sample):
            asked.append(sample.row)
            return Verdict(1.0)

    class CountingText(Counting):
        reads = "text"

    rows = [conversation("search"), conversation("delete"), conversation("search")]
    Counting().verdicts(rows)
    assert asked == [0, 1]
    asked.clear()
    CountingText().verdicts(rows)
    assert asked == [0]


def test_a_judge_that_says_nothing_may_read_the_prompt():
    class Repeats(Judge):
        def _judge(self, sample):
            return Verdict(float(sample.prompt_text == sample.text))

    assert [v.score for v in Repeats().verdicts(["a", "a"], ["a", "b"])] == [1.0, 0.0]


def test_what_is_read_is_checked_when_the_class_is_made():
    with pytest.raises(ValueError, match="Wrong reads 'txt', but reads is one or more of text, messages"):
        type("Wrong", (Judge,), {"reads": "txt"})
    with pytest.raises(ValueError, match="reads is one of text, messages, turns, tool_calls, completion, not 'prompt'"):
        judge(reads="prompt")(len)


# What is no text at all.


@pytest.mark.parametrize("thing", [np.arange(3.0), {"states": [1, 2]}, [0.5, 0.7], 3, [{"obs": 1}], object()])
def test_what_is_no_text_reaches_the_judges_that_ask_for_it(thing):
    seen = []

    @judge(reads="completion")
    def looks(completion):
        seen.append(completion)
        return True

    assert looks.verdicts([thing, thing])[1].passed
    assert len(seen) == 1
    assert seen[0] is thing  # the very same thing is judged once
    for reader in (SearchedInMessages(), Searched(), judge(len)):
        with pytest.raises(TypeError, match="row 1: a completion") as raised:
            reader.verdicts(["text", thing])
        assert isinstance(raised.value, JuryboxError)


def test_arrays_are_equal_to_themselves_only():
    @judge(reads="completion")
    def mean(signal):
        return float(signal.mean())

    one, other = np.zeros(4), np.ones(4)
    assert mean(completions=[one, other, one]) == [0.0, 1.0, 0.0]
    assert mean(completions=np.stack([one, other])) == [0.0, 1.0]


def test_a_deep_completion_is_equal_to_itself_only_and_nothing_breaks():
    deep = "x"
    for _ in range(100_000):
        deep = [deep]
    message = {"role": "assistant", "content": "", "tool_calls": [call("search", {"x": deep})]}
    assert [v.score for v in Searched().verdicts([[message], [message]])] == [1.0, 1.0]
    while isinstance(deep, list):  # taken apart by hand: a destructor that goes so deep would crash some Pythons
        deep = deep.pop()


# Messages, turns, calls.


def test_messages_are_always_a_list():
    message = {"role": "assistant", "content": "a"}
    assert messages_of("a") == messages_of(message) == messages_of([message]) == messages_of((message,)) == [message]
    assert messages_of(None) == messages_of([]) == []
    with pytest.raises(NotText, match="not int"):
        messages_of(5)


def test_turns_hold_the_calls_and_the_replies():
    first, tool, last = conversation("search")
    (sample,) = samples_of([[{"role": "system", "content": "s"}, first, tool, last]], None, {})
    one, two = sample.turns
    assert (one.message, one.replies, one.text) == (first, (tool,), "")
    assert (two.message, two.replies, two.text, two.tool_calls) == (last, (), "It is done.", ())
    assert one.tool_calls == (ToolCall("search", {"x": 1}, "search ran"),) == tuple(sample.tool_calls)
    assert pickle.loads(pickle.dumps(sample)).turns == sample.turns
    assert Sample("text", None, {}, 0).tool_calls == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"q": "x"}', {"q": "x"}),
        ({"q": "x"}, {"q": "x"}),
        ("", {}),
        (None, {}),
        ("{'q': 1", None),
        ("[1]", None),
        (5, None),
        ("[" * 100_000, None),
        ('{"n": ' + "9" * 10_000 + "}", None),
    ],
)
def test_arguments_are_parsed(written, read):
    (sample,) = samples_of([[{"role": "assistant", "tool_calls": [call("f", written)]}]], None, {})
    (said,) = sample.tool_calls
    assert (said.name, said.arguments, said.result) == ("f", read, None)
    assert said.error == (None if read is not None else "the arguments are no JSON object")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"content": "fine"}, None),
        ({"content": "{'error': \"no city 'X'\"}"}, "no city 'X'"),  # TRL's way
        ({"content": '{"error": "rate limit"}'}, "rate limit"),
        ({"content": '{"error": null, "rows": 3}'}, None),
        ({"content": '{"rows": 3, "error": "x"}'}, None),
        ({"content": "{'error': broken"}, None),
        ({"content": "{'error': " + "[" * 50_000}, None),
        ({"content": "boom", "is_error": True}, "boom"),
        ({"content": [{"type": "text", "text": "boom"}], "status": "error"}, "boom"),
    ],
)
def test_errors_of_tools_are_told(reply, error):
    completion = [{"role": "assistant", "tool_calls": [call("f", {})]}, {"role": "tool", **reply}]
    (sample,) = samples_of([completion], None, {})
    (said,) = sample.tool_calls
    assert said.error == error
    assert said.result is not None


def test_replies_find_their_calls_by_id_else_in_order():
    calls = [call("a", {}, id="1"), call("b", {}, id="2"), call("c", {})]
    replies = [
        {"role": "tool", "tool_call_id": "2", "content": "of b"},
        {"role": "tool", "content": "of a"},
        {"role": "tool", "content": "of c"},
        {"role": "tool", "tool_call_id": "2", "content": "too many"},
    ]
    (sample,) = samples_of([[{"role": "assistant", "tool_calls": calls}, *replies]], None, {})
    assert [(said.name, said.result) for said in sample.tool_calls] == [("a", "of a"), ("b", "of b"), ("c", "of c")]


@pytest.mark.parametrize("calls", [None, 5, "f", [None], [{}], [{"function": None}], [{"name": "f", "arguments": {}}]])
def test_broken_calls_break_nothing(calls):
    (sample,) = samples_of([[{"role": "assistant", "content": "", "tool_calls": calls}]], None, {})
    assert all(isinstance(said, ToolCall) for said in sample.tool_calls)
