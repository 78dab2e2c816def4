"""The rules of SECURITY.md as properties of every judge and every node that ships.

Rules 1, 4 and 6: whatever a completion is, there is a verdict with a score, the same alone and beside others, in less
than a second of CPU. Rule 2 is in `tests/rewards/test_abstention.py`; rule 7 is below and in `json/test_credit.py`.
"""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jurybox.benchmarks.redteam.corpus import BOMBS, completions
from jurybox.benchmarks.redteam.hunt import Tally, examine
from jurybox.benchmarks.redteam.mutation import mutated
from jurybox.benchmarks.redteam.targets import Target, targets
from jurybox.judges import FieldF1Judge, InstructionJudge, KeyCoverageJudge, RubricJudge
from jurybox.judges.llm import Scripted

CORPUS = completions(400, seed=9)
TEXTS = [text for text in CORPUS if isinstance(text, str) and len(text) < 2_000]

hostile = (
    st.sampled_from(CORPUS)
    | st.text(max_size=60)
    | st.builds(lambda text, seed: mutated(text, TEXTS, random.Random(seed)), st.sampled_from(TEXTS), st.integers())
    | st.builds(lambda bomb, size: bomb(size), st.sampled_from(BOMBS), st.sampled_from((5, 330, 3_000)))
)


@pytest.fixture(scope="module")
def hunted() -> list[Target]:
    return targets()


@pytest.mark.slow
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(batch=st.lists(hostile, min_size=1, max_size=6), seed=st.integers())
def test_whatever_a_completion_is_every_judge_and_node_says_what_it_is_worth(hunted, batch, seed):
    for target in hunted:
        tally = Tally(target.name)
        examine(target, batch, target.rows(len(batch), random.Random(seed)), tally)
        assert tally.violations == []


names = st.sets(st.sampled_from("abcdef"))
junk = st.dictionaries(st.sampled_from(["x", "y", "z", "A", "a ", "ａ"]), st.integers(), max_size=6)


@given(names, names.filter(bool), junk)
def test_no_junk_makes_up_for_a_key_or_a_field_that_is_missing(present, required, junk):

    text = json.dumps({**dict.fromkeys(sorted(present), 1), **junk})
    share = len(present & required) / len(required)
    assert KeyCoverageJudge(sorted(required)).verdict(text).score <= share + 1e-12
    found = FieldF1Judge().verdict(text, reference=dict.fromkeys(sorted(required), 1)).score
    assert found <= 2 * share / (1 + share) + 1e-12  # what F1 is where nothing is there that should not be


@given(names, names.filter(bool), st.text("xyz ", max_size=40))
def test_no_junk_makes_up_for_a_rule_that_is_broken(present, required, junk):
    text = " ".join(f"{letter}{letter}{letter}" for letter in sorted(present)) + " " + junk
    rules = [{"rule": "required_words", "args": {"words": [letter * 3]}} for letter in sorted(required)]
    score = InstructionJudge(credit="fraction").verdict(text, instructions=rules).score
    assert score == pytest.approx(len(present & required) / len(required))


@given(st.lists(st.booleans(), min_size=1, max_size=4), st.lists(st.booleans(), max_size=4))
def test_no_other_criterion_makes_up_for_a_required_one(required, others):
    criteria = {f"r{n}": {"question": "?", "required": True} for n in range(len(required))}
    criteria |= {f"o{n}": {"question": "?", "weight": 100} for n in range(len(others))}
    met = {**{f"r{n}": one for n, one in enumerate(required)}, **{f"o{n}": one for n, one in enumerate(others)}}
    said = ", ".join(f'"{name}": "{"yes" if one else "no"}"' for name, one in met.items())
    judge = RubricJudge(Scripted(f"{{{said}}}"), criteria, template="{{criteria}}\n{{completion}}\n{{form}}")
    score = judge.verdict("It is so.").score
    assert score == 0.0 if not all(required) else score > 0.0
