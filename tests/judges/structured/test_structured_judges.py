"""The five readings of a structured answer, each against what the convention says in words."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.judges import FieldF1Judge, JSONObjectJudge, KeyCoverageJudge, OuterFormJudge, OutsideLength
from jurybox.judges.structured import deviation, read, structure_metrics, token_f1
from jurybox.rewards import structured_reward

KEYS = ["reasoning", "answer"]
REFERENCE = {"reasoning": "mix and bake", "answer": "bread 200 kcal"}
GOOD = json.dumps(REFERENCE)


# Which part of the text is read.


@pytest.mark.parametrize(
    ("text", "payload", "outer"),
    [
        (f"  {GOOD}\n", GOOD, "bare"),
        (f"```json\n{GOOD}\n```", GOOD, "fenced"),
        (f"```  \n{GOOD}```", GOOD, "fenced"),
        (f"Here:\n```json\n{GOOD}\n```\nEnjoy!", GOOD, ""),
        ("```\n1\n```\n```json\n2\n```x", "1", ""),
        ("```\n1\n```\n\n```\n2\n```", "1\n```\n\n```\n2", "fenced"),  # the expression alone decides
        (f"```json\n{GOOD}", f"```json\n{GOOD}", ""),  # never closed
        (f"```python\n{GOOD}\n```", f"```python\n{GOOD}\n```", ""),
        ("```json {}```", "```json {}```", ""),  # no line break behind the mark
        ("{'a': 1}", "{'a': 1}", "bare"),
        ('{"a": "```"}', '{"a": "```"}', ""),
        ("", "", ""),
    ],
)
def test_payload_and_outer_form(text: str, payload: str, outer: str) -> None:
    answer = read(text)
    assert (answer.payload, answer.outer) == (payload, outer)


# R_valid.


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD, "object"),
        ("{}", "object"),
        ('{"a": 1, "a": 2}', "object"),
        (f"so\n```\n{GOOD}\n```", "object"),
        (f"Sure! {GOOD}", "syntax error"),
        (GOOD[:-1], "syntax error"),
        ("{'a': 1}", "syntax error"),
        ('{"a": 1,}', "syntax error"),
        ("[1, 2]", "not an object"),
        ('"a"', "not an object"),
        ('{"a": NaN}', "not a finite number"),
        ('{"a": -Infinity}', "not a finite number"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "too deep"),
    ],
)
def test_validity(text: str, reason: str) -> None:
    verdict = JSONObjectJudge().verdict(text)
    assert (verdict.reason, verdict.score) == (reason, float(reason == "object"))


def test_of_equal_keys_the_last_counts() -> None:
    assert read('{"a": 1, "a": 2}').value == {"a": 2}


# R_struct.


@pytest.mark.parametrize(
    ("text", "score", "looked_in"),
    [
        (GOOD, 1.0, "object"),
        ('{"reasoning": 1}', 0.5, "object"),
        ('{"nested": {"reasoning": 1, "answer": 2}}', 0.0, "object"),  # only the top level
        (r'{"a": "\"answer\": 1", "reasoning": 0}', 0.5, "object"),  # nor what is quoted
        (GOOD[:-1], 1.0, "text"),
        (f"Sure! {GOOD}", 1.0, "text"),
        ('[{"answer" : 1}]', 0.5, "text"),  # JSON, and no object
        ("{answer: 1, 'reasoning': 2}", 0.0, "text"),
        ("", 0.0, "text"),
    ],
)
def test_key_coverage(text: str, score: float, looked_in: str) -> None:
    verdict = KeyCoverageJudge(KEYS).verdict(text)
    assert verdict.score == score
    assert verdict.evidence["looked_in"] == looked_in


def test_keys_are_no_expressions() -> None:
    assert KeyCoverageJudge(["a.b"]).verdict('["a.b": 1').score == 1.0
    assert KeyCoverageJudge(["a.b"]).verdict('["axb": 1').score == 0.0


def test_each_row_has_its_own_keys() -> None:
    judge = KeyCoverageJudge(keys_column="wanted")
    verdicts = judge.verdicts(['{"a": 1}'] * 5, wanted=[["a"], ["a", "b"], [], "a", None])
    assert [verdict.score for verdict in verdicts] == [1.0, 0.5, None, None, None]
    assert {verdict.reason for verdict in verdicts[2:]} == {"unusable keys"}


@pytest.mark.parametrize("keys", [[], "answer", [1], None])
def test_keys_that_are_none(keys: Any) -> None:
    with pytest.raises(ValueError, match="key"):
        KeyCoverageJudge(keys)


# R_format.


@pytest.mark.parametrize(("text", "outer"), [(GOOD, "bare"), (f"```\n{GOOD}\n```", "fenced"), (f"x {GOOD}", "")])
def test_outer_form(text: str, outer: str) -> None:
    scores = {form: OuterFormJudge(form).verdict(text).score for form in ("either", "bare", "fenced")}
    assert scores == {"either": float(outer != ""), "bare": float(outer == "bare"), "fenced": float(outer == "fenced")}


def test_an_unknown_form() -> None:
    with pytest.raises(ValueError, match="either, bare, fenced"):
        OuterFormJudge("xml")  # type: ignore[arg-type]


# R_correct.


def f1(a: str, b: str) -> float:
    """By hand: pair equal tokens off one by one."""
    left, right = (re.findall("[a-z0-9]+", text.lower()) for text in (a, b))
    rest, overlap = list(right), 0
    for token in left:
        if token in rest:
            rest.remove(token)
            overlap += 1
    return 1.0 if not left and not right else 2 * overlap / (len(left) + len(right))


@settings(max_examples=200, deadline=None)
@given(st.text("ab1 É.", max_size=12), st.text("ab1 É.", max_size=12))
def test_token_f1(a: str, b: str) -> None:
    assert token_f1(a, b) == pytest.approx(f1(a, b), abs=1e-15)
    assert token_f1(a, b) == token_f1(b, a)


@pytest.mark.parametrize(
    ("text", "reference", "score"),
    [
        (GOOD, REFERENCE, 1.0),
        ('{"reasoning": "mix"}', REFERENCE, 0.25),
        (GOOD[:-1], REFERENCE, 0.0),
        (GOOD, {}, 0.0),
        (GOOD, json.dumps(REFERENCE), 1.0),
        ('{"a": {"y": 2, "x": [1, "Ä"]}}', {"a": {"x": [1, "Ä"], "y": 2}}, 1.0),  # order of keys does not matter
        ('{"a": 12}', {"a": "12"}, 1.0),
        ('{"a": null}', {"a": None}, 1.0),
        ('{"a": "..."}', {"a": ""}, 1.0),  # both without a token
        (GOOD, None, None),
        (GOOD, "no json", None),
        (GOOD, [1], None),
        (GOOD, {"a": {1, 2}}, None),
    ],
)
def test_field_f1(text: str, reference: Any, score: float | None) -> None:
    verdict = FieldF1Judge().verdict(text, reference=reference)
    assert verdict.score == score
    assert verdict.status == ("skipped" if score is None else "scored")


# R_length.


@pytest.mark.parametrize(("n", "low", "high"), [(n, 3, 10) for n in range(26)] + [(0, 0, 1), (1, 1, 1)])
def test_outside_length(n: int, low: int, high: int) -> None:
    wanted = min(1, (n - high) / high) if n > high else min(1, (low - n) / low) if n < low else 0
    verdict = OutsideLength(low, high).verdict("", completion_ids=[7] * n)
    assert verdict.score == pytest.approx(wanted)
    assert verdict.evidence["unit"] == "tokens"
    assert verdict.reason == ("too long" if n > high else "too short" if n < low else "within")


@pytest.mark.parametrize(("low", "high"), [(3, 2), (-1, 2), (0, 0), (1, -1), (1, math.nan)])
def test_bounds_that_leave_nothing_free(low: int, high: Any) -> None:
    with pytest.raises(ValueError, match=r"m(in|ax)imum"):
        OutsideLength(low, high)


@pytest.mark.parametrize("n", [-1, math.nan])
def test_there_are_no_negative_lengths(n: Any) -> None:
    with pytest.raises(ValueError, match="n must be"):
        deviation(n, 1, 200)


# All of them.


def test_messages() -> None:
    turns = [{"role": "assistant", "content": "no"}, {"role": "tool", "content": "x"}]
    message = {"role": "assistant", "content": GOOD, "reasoning_content": "hm"}
    reward = structured_reward(KEYS)
    verdict = reward.verdict([*turns, message], reference=REFERENCE, completion_ids=[1] * 20)
    assert verdict.score == reward.verdict(GOOD, reference=REFERENCE, completion_ids=[1] * 20).score == 4.0


def bytes_as_text(count: int) -> list[str]:
    rng = random.Random(0)
    fragments = [b"{", b"}", b'"answer"', b":", b"```", b"json\n", b"\n", b'"', b",", b"1e999", b"NaN", GOOD.encode()]
    return [
        b"".join(rng.choice((rng.choice(fragments), rng.randbytes(3))) for _ in range(rng.randrange(12))).decode(
            "utf-8", rng.choice(("replace", "surrogateescape", "ignore"))
        )
        for _ in range(count)
    ]


def test_any_text_is_scored_in_range() -> None:
    texts = bytes_as_text(3000)
    reward = structured_reward(KEYS)
    ids = [[0] * (len(text) * 7 % 450) for text in texts]
    verdicts = reward.verdicts(texts, reference=[REFERENCE] * len(texts), completion_ids=ids)
    seen: Counter[str] = Counter()
    for verdict in verdicts:
        for name, part in zip(verdict.labels, verdict.parts, strict=True):
            assert part.status == "scored"
            assert (-1.0 if name == "length" else 0.0) <= part.score <= (0.0 if name == "length" else 1.0)
            seen[name] += bool(part.score)
    assert min(seen.values()) > 20, seen  # the texts are not all alike


def test_metrics_are_means_of_the_judges() -> None:
    texts = [GOOD, GOOD[:-1], '{"reasoning": 1}', f"```\n{GOOD}\n```", "", "[1]"]
    assert structure_metrics(texts, KEYS) == pytest.approx(
        {
            "json_validity": 3 / 6,
            "structural_accuracy": 3 / 6,
            "schema_compliance": 3.5 / 6,
            "format_consistency": 3 / 6,
        }
    )
    with pytest.raises(ValueError, match="completions is empty"):
        structure_metrics([], KEYS)
