"""Whatever a model writes gets a verdict: 10 000 random and hostile completions through every judge."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

import jurybox.judges
from jurybox.judges import ExactJudge, FunctionJudge, Judge, LengthJudge, Sample, Verdict, judge
from jurybox.judges.llm import Scripted
from tests.judges.hostile import GOLDS, completions

COUNT = 10_000
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string", "pattern": "^(x+x+)+y$"}},
    "required": ["a"],
}
RULES = ["no_commas", "lowercase", "json", "quoted", {"rule": "sentences", "args": {"count": 3}}]
TRUTH = {"cwe_id": "CWE-787", "cve_desc": "an overflow", "commit_msg": "check n", "patch": "+ if (n > 8) return;"}
CHECKLIST = {"prediction": "an overflow", "localization": "the copy", "reasoning": "n has no bound"}


def flags(sample: Sample) -> dict[str, str]:
    """A rule that grades a report about vulnerable code."""
    return {"prediction": "CORRECT" if "HAS_VUL" in sample.text else "INCORRECT"}


# What to make a judge with; one that is not listed is made without arguments.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "FormatJudge": [{}, {"pattern": r"^(a+)+$"}, {"tags": ["think", "answer"]}, {"pattern": r"(?s)<think>.*</think>"}],
    "JSONJudge": [
        {},
        {"schema": SCHEMA},
        {"schema": SCHEMA, "level": "repair", "credit": "partial"},
        {"level": "strict"},
    ],
    "ExactJudge": [{}, {"choices": "ABCD"}, {"unicode": "NFKC", "ignore_punctuation": True, "ignore_case": True}],
    "LengthJudge": [
        {"maximum": 20},
        {"target": 100, "tolerance": 50, "unit": "characters"},
        {"maximum": 9, "cosine": True},
    ],
    "TooLong": [{"maximum": 20}],
    "RepetitionJudge": [{}, {"n": 1, "max_share": 0.5}],
    "CodeJudge": [{"allow_bare": True}],
    "IFEvalJudge": [{}],
    "InstructionJudge": [{}],
    "LLMJudge": [{"complete": Scripted("no"), "template": "Is {{completion}} good? Answer {{labels}}."}],
    "LLMVulnerabilityJudge": [{"complete": Scripted("CORRECT / PARTIALLY CORRECT / CORRECT"), "end": None}],
    "MixtureOfJudges": [{"judges": [ExactJudge(), LengthJudge(maximum=20)]}],
    "KeyCoverageJudge": [{"keys": ["a", "answer"]}],
    "OutsideLength": [{"maximum": 20, "unit": "characters"}],
    "MathJudge": [{}, {"boxes": "last", "strict": False, "units": "required"}],
    "RuleVulnerabilityJudge": [{"grade": flags, "end": None}],
}


@judge
def says_so(completion, solution):
    return completion == solution


def exported() -> list[type[Judge]]:
    found = (getattr(jurybox.judges, name) for name in jurybox.judges.__all__)
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, Judge)]


def judges() -> Iterator[Judge]:
    yield says_so
    for kind in exported():
        if kind not in (Judge, FunctionJudge):
            yield from (kind(**arguments) for arguments in ARGUMENTS.get(kind.__name__, [{}]))


@pytest.fixture(scope="module")
def batch() -> dict[str, list[Any]]:
    rng = random.Random(1)
    return {
        "completions": completions(COUNT),
        "solution": [rng.choice(GOLDS) for _ in range(COUNT)],
        "tests": [[{"stdin": "1", "stdout": "2"}]] * COUNT,
        "instructions": [RULES] * COUNT,
        "instruction_id_list": [["punctuation:no_comma", "detectable_format:json_format"]] * COUNT,
        "kwargs": [[{}, {}]] * COUNT,
        "reference": [{"a": 1, "answer": "x"}] * COUNT,
        "is_vulnerable": [bool(place % 2) for place in range(COUNT)],
        "checklist": [CHECKLIST] * COUNT,
        **{name: [value] * COUNT for name, value in TRUTH.items()},
    }


@pytest.mark.slow
@pytest.mark.parametrize("judge", list(judges()), ids=repr)
def test_every_completion_gets_a_verdict(judge, batch):
    start = time.monotonic()
    verdicts = judge.verdicts(**batch)
    seconds = time.monotonic() - start
    assert len(verdicts) == COUNT
    broken = [
        (
            completion if len(str(completion)) < 200 else f"{str(completion)[:80]}… ({len(str(completion))})",
            gold,
            verdict,
        )
        for completion, gold, verdict in zip(batch["completions"], batch["solution"], verdicts, strict=True)
        if not isinstance(verdict, Verdict) or verdict.status == "error"
    ]
    assert broken == []  # an isolated exception would be the judge's bug, not the completion's fault
    for verdict in verdicts[::10]:
        json.dumps(verdict.to_dict(), allow_nan=False)
        assert "\n" not in repr(verdict)
    assert seconds < 40, f"{judge!r} took {seconds:.1f} s"


def test_no_judge_is_forgotten():
    assert {kind.__name__ for kind in exported()} >= {"MathJudge", "JSONJudge", "FormatJudge", "ExactJudge"}
    assert len(completions(COUNT)) == COUNT
    assert completions(50, seed=3)[0] == completions(50, seed=3)[0]
