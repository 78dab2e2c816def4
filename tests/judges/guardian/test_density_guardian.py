"""Texts inside and outside of what references support; and the data sets that are sorted by it."""

from __future__ import annotations

import json
import math
import pickle
import random
import string
import subprocess
import sys

import numpy as np
import pytest
from datasets import Dataset

from jurybox.judges import DensityGuardian, LengthJudge, judge, within
from jurybox.judges.guardian import NGrams, Projection
from jurybox.rewards import Constrained

NOUNS = ["tea", "soup", "bread", "wine", "cake", "rice", "fish", "pasta", "salad", "coffee"]
WORDS = ["warm", "fresh", "mild", "rich", "sweet", "salty", "crisp", "light", "dark", "soft", "good"]


def sentences(count, seed):
    rng = random.Random(seed)
    return [
        f"the {rng.choice(NOUNS)} is {' and '.join(rng.sample(WORDS, rng.choice((1, 2, 2, 3))))}." for _ in range(count)
    ]


REFERENCES, FRESH = sentences(300, 0), sentences(600, 1)
STRANGE = [
    "", " ", "good good good good good", "good and good and good and good and good and good and good", "x" * 10**6,
    "the tea is good." * 50, "\ud800\x00", "".join(random.Random(2).sample(string.printable, 40)), "def f(x): return x",
    "THE TEA IS WARM AND MILD.", "日本語のお茶は温かいです。", "42",
]  # fmt: skip


@pytest.fixture(scope="module", params=["kernel", "ellipsoid"])
def guardian(request):
    return DensityGuardian(REFERENCES, region=request.param)


def test_new_texts_like_the_references_are_inside_but_for_a_share_of_alpha(guardian):
    outside = np.mean([not verdict.passed for verdict in guardian.verdicts(FRESH)])
    assert outside < 0.15  # alpha is 0.05; 150 rows tell it only roughly


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_what_no_reference_resembles_is_outside(guardian, text):
    verdict = guardian.verdict(text)
    assert (verdict.score, verdict.reason) == (0.0, "outside")
    assert verdict.evidence["margin"] < 0
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_a_verdict_is_the_same_alone_and_in_a_batch(guardian):
    texts = FRESH[:40] + STRANGE
    together = guardian.verdicts(texts)
    assert [guardian.verdict(text).score for text in texts] == [verdict.score for verdict in together]
    assert pickle.loads(pickle.dumps(guardian)).verdicts(texts)[3].evidence == together[3].evidence


def test_equal_ones_are_equal_and_print_without_their_references(guardian):
    arrays = DensityGuardian(np.eye(9), column="embedding", alpha=0.1)
    assert arrays == DensityGuardian(np.eye(9), column="embedding", alpha=0.1)
    assert arrays != DensityGuardian(2 * np.eye(9), column="embedding", alpha=0.1)
    assert arrays != guardian
    assert repr(arrays) == "DensityGuardian(<9 references>, column='embedding', alpha=0.1)"
    reward = Constrained(judge(len), costs={"outside": ~guardian}, limits={"outside": 0.1})
    assert "costs={'outside': ~DensityGuardian(<300 references>, region=" in repr(reward)


def test_any_embedding_will_do():
    def counts(texts):
        return [[text.count("a"), text.count("b"), math.nan if "?" in text else 1.0] for text in texts]

    guardian = DensityGuardian(["a" * n + "b" * n for n in range(1, 20)], embed=counts)
    said = guardian.verdicts(["aaabbb", "aaaaaaaaaaaabb", "ab?"])
    assert [(v.score, v.reason) for v in said] == [(1.0, "inside"), (0.0, "outside"), (0.0, "no embedding")]
    assert not guardian.beside_model


def test_an_embedding_that_raises_on_a_text_costs_that_text_alone():
    def fragile(texts):
        return [[1 / len(text), 1.0] for text in texts]

    guardian = DensityGuardian(["ab" * n for n in range(1, 20)], embed=fragile)
    said = guardian.verdicts(["abab", "", "ababab"])
    assert [(v.score, v.reason) for v in said] == [(1.0, "inside"), (0.0, "exception"), (1.0, "inside")]


def test_a_column_of_embeddings_that_cannot_be_used_makes_it_abstain():
    guardian = DensityGuardian(np.random.default_rng(0).normal(size=(60, 3)), column="embedding", alpha=0.0)
    rows = [[0.0, 0.0, 0.0], [9.0, 9.0, 9.0], [math.nan, 0.0, 0.0], [0.0], None, "no"]
    said = guardian.verdicts(["x"] * len(rows), embedding=rows)
    assert [v.score for v in said] == [1.0, 0.0, None, None, None, None]
    assert said[-1].reason == "unusable embedding"
    with pytest.raises(ValueError, match=r"unusable embedding: row 1 \(1 of 2\)"):
        guardian.preflight([{"prompt": "?", "embedding": value} for value in (rows[0], rows[2])])


@pytest.mark.parametrize(("arguments", "words"), [
    ({"references": ["one", "two"]}, "references are 8 texts or more"),
    ({"references": "a string of letters"}, "references are 8 texts or more"),
    ({"references": REFERENCES, "region": "box"}, "region must be one of kernel, ellipsoid"),
    ({"references": REFERENCES, "embed": len, "column": "e"}, "not both"),
    ({"references": REFERENCES, "region": "ellipsoid", "sigma": 1.0}, "sigma goes with"),
    ({"references": REFERENCES, "alpha": 1.0}, "alpha=1.0"),
    ({"references": REFERENCES, "dimensions": 1}, "dimensions=1"),
    ({"references": [[0.0, math.nan]] * 9, "column": "e"}, "training row 0 has a feature that is not finite"),
])  # fmt: skip
def test_wrong_options_are_told_at_once(arguments, words):
    with pytest.raises(ValueError, match=words):
        DensityGuardian(**arguments)


# The features.


def test_features_are_the_same_in_another_process():
    program = "from jurybox.judges.guardian import NGrams; print(NGrams(8, 2)(['so ä 😀'])[0].round(9).tolist())"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == NGrams(8, 2)(["so ä 😀"])[0].round(9).tolist()


def test_a_long_text_is_counted_as_if_it_were_in_one_piece(monkeypatch):
    text = "".join(random.Random(0).choices("abcde ", k=1000))
    whole = NGrams(64)([text])
    monkeypatch.setattr("jurybox.judges.guardian.features.CHUNK", 17)
    np.testing.assert_allclose(NGrams(64)([text]), whole)
    assert np.linalg.norm(whole[0, :64]) == pytest.approx(1.0)


def test_a_projection_sees_what_is_new_along_none_of_its_directions():
    rows = np.random.default_rng(0).normal(size=(50, 6)) * [3, 2, 1, 0.1, 0.1, 0]
    projection = Projection.fit(rows, 4)
    inside = projection(rows)
    assert inside.shape == (50, 4)
    shifted = projection(rows + np.array([0, 0, 0, 0, 0, 5.0]))
    np.testing.assert_allclose(shifted[:, :3], inside[:, :3])
    assert (shifted[:, 3] > 4.9).all()


# Data sets.

PAIRS = [
    {"prompt": "?", "chosen": REFERENCES[0], "rejected": REFERENCES[1]},
    {"prompt": "?", "chosen": REFERENCES[2], "rejected": "good good good"},
    {"prompt": "?", "chosen": "xyz", "rejected": REFERENCES[3]},
]


@pytest.mark.parametrize("make", [list, Dataset.from_list], ids=["list", "data set"])
def test_rows_with_a_text_outside_are_left_out(make):
    guardian = DensityGuardian(REFERENCES, alpha=0.0)
    kept = within(make(PAIRS), guardian)
    assert list(kept) == PAIRS[:1]
    assert type(kept) is type(make(PAIRS))
    assert len(within(make(PAIRS), guardian, of=["chosen"])) == 2
    spoken = [{"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": row["chosen"]}]}
              for row in PAIRS]  # fmt: skip
    assert len(within(make(spoken), guardian)) == 2


def test_any_judge_sorts_with_the_columns_it_reads():
    rows = [{"text": "ab", "solution": "ab"}, {"text": "ab", "solution": "b"}, {"text": "ab", "solution": ""}]

    @judge
    def right(completion, solution):
        return completion == solution if solution else None

    assert within(rows, right) == rows[:1]
    assert within([], right) == []
    with pytest.raises(ValueError, match=r"the rows need a column with texts; name it, of=.*; they have solution"):
        within([{"solution": "x"}], right)
    with pytest.raises(ValueError, match="the rows need the columns answer; they have text, solution"):
        within(rows, LengthJudge(3), of=["answer"])
