from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jurybox.judges.format import FormatJudge, matches
from jurybox.judges.patterns import affordable, degree
from jurybox.judges.workers.pool import shared_pool


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<think>a</think> b", "form kept"),
        ("\n<think>\na < b\n</think>\nb", "form kept"),
        ("b", "tag missing"),
        ("<think>b", "tag missing"),
        ("a</think>b", "tag missing"),
        ("<think>a</think> ", "no answer"),
        ("Sure: <think>a</think>b", "text outside"),
        ("<think>a</think>b<think>c</think>d", "tag out of place"),
        ("<think><think>a</think>b", "tag out of place"),
        ("</think>a<think>b", "tag out of place"),
        ("", "tag missing"),
    ],
)
def test_default_form(text, reason):
    verdict = FormatJudge().verdict(text)
    assert verdict.reason == reason
    assert verdict.passed is (reason == "form kept")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<think>a</think>\n<answer>b</answer>\n", "form kept"),
        ("<answer>b</answer><think>a</think>", "tag out of place"),
        ("<think>a</think><answer>b</answer>.", "text outside"),
        ("<think>a</think>so<answer>b</answer>", "text outside"),
        ("<think>a</think><answer>b</answer><answer>c</answer>", "tag out of place"),
        ("<think>a<answer>b</answer></think>", "tag out of place"),
        ("<think>a</think><answer>b", "tag missing"),
    ],
)
def test_exact_tags(text, reason):
    assert FormatJudge.tags("think", "answer").verdict(text).reason == reason


def test_a_tag_the_template_opened():
    assert FormatJudge(opened=True).verdict("a</think>b").passed
    assert FormatJudge.tags("think", "answer", opened=True).verdict("a</think><answer>b</answer>").passed


def test_pattern_matches_the_whole_text():
    judge = FormatJudge(pattern=r"Answer: \d+")
    assert judge.verdict("Answer: 42").passed
    assert judge.verdict("Answer: 42\n").reason == "no match"
    assert pickle.loads(pickle.dumps(judge)) == judge


# Items that may match nothing, in one way or several, each under a few repeats: what doubles, and what only looks so.
_atoms = st.sampled_from(["a", "b", "[ab]", "(?:)", "\\b", "^", "(?=a)", "(?!b)", "(?<=a)"])
_repeats = st.sampled_from(["", "?", "??", "*", "+", "{3}", "{30}", "{0,30}", "{9}?", "*+", "?+"])
_patterns = st.recursive(
    st.builds(lambda atom, repeat: f"(?:{atom}){repeat}", _atoms, _repeats),
    lambda inner: (
        st.builds(lambda x, y, r: f"(?:{x}|{y}){r}", inner, inner | st.just(""), _repeats)
        | st.builds(lambda x, y, r: f"({x}{y}){r}", inner, inner, _repeats)
        | st.builds(lambda x: f"(?={x})", inner)
        | st.builds(lambda x: f"(?>{x})", inner)
    ),
    max_leaves=5,
)


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(_patterns, st.text("ab", max_size=40))
@example("(?:|a){30}b", "")
@example("(?:a*|b*){30}c", "a")
@example("(?=(?:|a){30}b)", "")
@example("(?:(?:b?){9}b?){9}c", "bb")
@example("(?:a?){30}a{30}", "a" * 29)
@example("(?:a|a|a|ab|a.){30}c", "a" * 6)
def test_what_may_be_run_here_ends_soon(pattern, text):
    if affordable(degree(pattern, search=False), len(text)):
        assert shared_pool().submit(matches, pattern, 0, text, timeout=3.0).result() in (True, False)


@pytest.mark.parametrize("pattern", ["(?:|a){30}b", "(?:a?){30}a{30}", r"(?=(a?)+\1b)", "(?:(?:b?){9}b?){9}c"])
def test_optional_siblings_are_killed_at_their_deadline(pattern):
    for text in ("", "a" * 29, "b" * 40):
        start = time.process_time()
        assert FormatJudge(pattern, timeout=0.3).verdict(text).score == 0.0
        assert time.process_time() - start < 1.0


def test_degree_of_patterns():
    assert degree(r"^\d{4}-\d{2}$") == 1
    assert degree(r"^[a-z]+@[a-z]+\.[a-z]+$") == 3
    assert degree(r"(ab)*c", search=False) == 1
    assert degree(r"(a|aa)+b") == float("inf")
    assert degree(r"(a)\1+") == float("inf")
    assert affordable(2, 1_000)
    assert not affordable(3, 1_000)


@pytest.mark.slow
def test_a_pattern_that_backtracks_is_stopped():
    judge = FormatJudge(pattern=r"(a+)+", timeout=0.5)
    verdicts = judge.verdicts(["a" * 40 + "!", "aaa", "b"])
    assert [verdict.reason for verdict in verdicts] == ["timeout", "form kept", "no match"]
    assert verdicts[0].score == 0.0


def test_hostile_text_gets_a_verdict():
    for text in ("\x00", "\ud800", "<think>" * 50_000, "<" * 300_000, "</think>" * 50_000):
        assert FormatJudge().verdict(text).score == 0.0
    assert FormatJudge().verdict([{"role": "assistant", "content": None}]).score == 0.0


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["("], {}),
        (["a"], {"tags": ["think"]}),
        ([], {"tags": []}),
        ([], {"tags": "think"}),
        ([], {"tags": ["<think>"]}),
        ([], {"tags": ["a", "a"]}),
        (["a"], {"timeout": 0}),
    ],
)
def test_bad_options_raise(arguments, options):
    with pytest.raises(ValueError, match=r"\w"):
        FormatJudge(*arguments, **options)
