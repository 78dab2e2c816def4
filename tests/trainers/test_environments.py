"""Environments and tools: who speaks when, what is learnt of it, and that no call does harm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seam_tiny import tiny_tokenizer
from test_seam_chains import TEMPLATE

from jurybox.judges.math.calculate import calculate
from jurybox.trainers import ObjectiveTrainer, Policy
from jurybox.trainers.environments import PythonTool, Reply, Tools, calculator, play, turn

EOS = 1


@dataclass
class Counting:
    """Says "on" so many times, and keeps what it heard."""

    turns: int = 2
    heard: list[str] = field(default_factory=list)

    def step(self, said: str) -> Reply:
        self.heard.append(said)
        return Reply("on", reward=len(self.heard), done=len(self.heard) == self.turns)


@pytest.fixture
def trainer(build: Any) -> Any:
    return build(ObjectiveTrainer, max_completion_length=24, top_k=1, generation_kwargs=None)


def test_model_and_environment_speak_in_turns(trainer: Any) -> None:
    policy = Policy(trainer)
    chains = policy.chains(["say e", "say o"])
    rooms = [Counting(1), Counting(3)]
    exchanges = play(chains, policy, rooms, 9, tokens=4)
    assert [len(each) for each in exchanges] == [1, 3]
    assert [exchange.reply.reward for exchange in exchanges[1]] == [1.0, 2.0, 3.0]
    assert rooms[1].heard == [policy.decode(exchange.segment.ids) for exchange in exchanges[1]]
    told = len(tiny_tokenizer()("on")["input_ids"])
    assert chains[0].trained == [True] * 4, "nobody listens to the last reply"
    assert chains[1].trained == [*[True] * 4, *[False] * told] * 2 + [True] * 4
    assert [exchange.start for exchange in exchanges[1]] == [0, 4 + told, 8 + 2 * told]
    assert chains[1].completion == "\n".join(rooms[1].heard), "the model's own words"


def test_the_last_turn_earns_its_reward_and_a_full_chain_is_over(trainer: Any) -> None:
    policy = Policy(trainer)
    (chain,) = policy.chains(["say e"])
    ((first, second),) = play([chain], policy, [Counting(9)], 2, tokens=4)
    assert (first.reply.reward, second.reply.reward, chain.trained[-1]) == (1, 2, True)
    (full,) = policy.chains(["say e"])
    (only,) = play([full], policy, [Counting(9)], 9)[0]
    assert (only.end, only.reply.done, only.reply.reward) == (24, True, 1.0)
    assert [exchange.reply for exchange in turn([full], policy, [Counting()])] == [Reply(done=True)]


def test_in_a_conversation_a_reply_is_a_message_of_the_template(build: Any) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = TEMPLATE + "{% if add_generation_prompt %}: {% endif %}"
    trainer = build(
        ObjectiveTrainer, max_completion_length=24, top_k=1, generation_kwargs=None, processing_class=tokenizer
    )
    policy = Policy(trainer)
    (chain,) = policy.chains([[{"role": "user", "content": "e"}]])
    play([chain], policy, [Counting(2)], 9, tokens=4)
    assert chain.ids[4] == EOS, "a message cut short is closed, and that is not learnt"
    suffix = tokenizer("u on : ")["input_ids"]
    assert chain.ids[5 : 5 + len(suffix)] == suffix
    assert not any(chain.trained[4 : 5 + len(suffix)])
    assert [message["role"] for message in chain.completion] == ["assistant", "user", "assistant"]
    assert chain.completion[1]["content"] == "on"


def test_turns_without_end_or_sense_are_refused(trainer: Any) -> None:
    policy = Policy(trainer)
    chains = policy.chains(["say e", "say o"])
    with pytest.raises(ValueError, match="max_turns=0"):
        play(chains, policy, [Counting()] * 2, 0)
    with pytest.raises(ValueError, match="2 chains came with 1 environments"):
        play(chains, policy, [Counting()], 1)


# ---- tools ------------------------------------------------------------------------------------------------


def shout(text: str) -> str:
    if not text:
        raise KeyError("nothing")
    return text.upper()


def test_a_tool_answers_the_call_that_ends_the_words() -> None:
    tools = Tools({"calculator": calculator, "shout": shout}, max_characters=8)
    assert tools.stop == ("</calculator>", "</shout>")
    said = ["so <calculator>3*4</calculator>", "12", "<shout>hi</shout>.", "<shout></shout>", "9</calculator>",
            "<calculator>1<calculator>2</calculator>", "<shout>a long word</shout>"]  # fmt: skip
    replies = tools.steps(said)
    assert [reply.text for reply in replies] == [
        "<result>12</result>",
        "",
        "<result>HI</result>",
        "<result>error: K…</result>",
        "<result>9</result>",
        "<result>2</result>",
        "<result>A LONG W…</result>",
    ]
    assert [reply.done for reply in replies] == [place == 1 for place in range(len(said))]
    assert {reply.role for reply in replies[:1]} == {"tool"}


@pytest.mark.parametrize("wrong", [{}, {"a b": shout}, {"": shout}])
def test_tools_have_names(wrong: Any) -> None:
    with pytest.raises(ValueError, match="a name is a word"):
        Tools(wrong)
    with pytest.raises(ValueError, match="max_characters"):
        Tools({"shout": shout}, max_characters=0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("37*48", "1776"), ("2**10", "1024"), ("(1+2)/4 =", "0.75"), ("0.1+0.2", "0.3"), ("2/3", "0.666666666667"),
        ("-7", "-7"), ("1,000+1", "1001"), ("10^(-3)", "0.001"), ("2^100", str(2**100)),
        ("2^1000", "1.07150860719e+301"),
        ("sqrt(16)", "4"), ("(-8)^(1/3)", "-2"), (r"\frac{1}{2}+1", "1.5"), ("1/0", "error: no value"),
        ("9**9**9**9", "error: no value"), ("sqrt(-1)", "error: no value"), ("x+1", "error: no value"),
        ("__import__('os')", "error: no value"), ("", "error: no formula"), ("((1", "error: no formula"),
    ],
)  # fmt: skip
def test_the_calculator(text: str, value: str) -> None:
    assert calculator(text) == value


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.sampled_from("+-*"))
def test_the_calculator_is_exact_on_integers(a: int, b: int, sign: str) -> None:
    assert calculate(f"({a}){sign}({b})") == str({"+": a + b, "-": a - b, "*": a * b}[sign])


@given(st.text(alphabet="0123456789+-*/^%().,= episqrtln\\{}[]!x\ud800é", max_size=40))
def test_no_text_makes_the_calculator_raise(text: str) -> None:
    assert isinstance(calculator(text), str)


def test_a_program_prints_or_says_what_went_wrong() -> None:
    tool = PythonTool()
    programs = [
        "print(6*7)\nprint('é')",
        "1/0",
        "x =",
        "print('</think>')",
        "open('/etc/passwd')",
        "print(6*7)\nprint('é')",
    ]
    results = tool.many(programs)
    assert results[0] == results[5] == "42\né"
    assert results[1] == "error: ZeroDivisionError: division by zero"
    assert results[2].startswith("error: SyntaxError")
    assert results[3] == "</think>"
    assert "Error" in results[4], "nothing of the machine can be read"
    assert tool("") == ""
    tool.judge.close()
