"""From rows and a judge to a data set in TRL's preference format."""

from __future__ import annotations

import json
import re

import datasets
import pytest

from jurybox.judges import ExactJudge, Verdict, judge
from jurybox.judges.pairwise import PairwiseFunction
from jurybox.rewards import preferences

ROWS = [{"prompt": f"p{number}", "goal": number} for number in range(6)]
SCORES = ("0.0", "0.25", "0.5", "1.0")


@judge
def number(completion):
    """The number a completion is; abstains on "?"."""
    return Verdict(None, "skipped", "no number") if completion == "?" else float(completion)


def all_scores(prompts, k):
    return [list(SCORES[:k]) for _ in prompts]


def fixed(*candidates):
    return lambda prompts, k: [list(candidates) for _ in prompts]


def wins(prompt, first, second):
    """Higher numbers win, and what stands first gets a little more."""
    return min(1.0, max(0.0, 0.5 + (float(first) - float(second)) / 4 + 0.1))


class Comparing:
    """A judge of somebody else's."""

    def compare(self, prompt, a, b):
        return wins(prompt, a, b)


def test_best_and_worst():
    made = preferences(ROWS, number, generate=all_scores, k=4)
    assert isinstance(made, datasets.Dataset)
    assert made["prompt"][:] == [row["prompt"] for row in ROWS]
    assert set(made["chosen"]) == {"1.0"}
    assert set(made["rejected"]) == {"0.0"}
    assert made[2]["row"] == 2
    assert made[2]["candidates"] == 4
    assert json.loads(made[0]["chosen_verdict"])["passed"] is True
    assert "seconds" not in made[0]["chosen_verdict"]


@pytest.mark.parametrize(
    ("select", "pairs"), [("best_worst", 1), ("first_round", 2), ("tournament", 3), ("rso", 1), ("rso_tournament", 2)]
)
@pytest.mark.parametrize("reward", [number, PairwiseFunction(wins), Comparing()], ids=["score", "pairwise", "compare"])
def test_every_way_of_pairing(reward, select, pairs):
    made = preferences(ROWS, reward, generate=all_scores, k=4, select=select, keep=3 if "rso" in select else None)
    assert len(made) == pairs * len(ROWS)
    assert all(float(pair["chosen"]) > float(pair["rejected"]) for pair in made)
    assert all(pair["chosen_score"] > pair["rejected_score"] for pair in made)
    again = preferences(ROWS, reward, generate=all_scores, k=4, select=select, keep=3 if "rso" in select else None)
    assert again.to_list() == made.to_list()


def test_a_preference_for_a_place_makes_no_pair_when_both_orders_are_asked():
    def first(prompt, a, b):
        return 0.9

    options = {"generate": all_scores, "k": 4, "select": "first_round"}
    assert len(preferences(ROWS, PairwiseFunction(first), **options)) == 0
    assert len(preferences(ROWS, PairwiseFunction(first), both_orders=False, **options)) == 12


def test_many_matches_are_asked_at_once():
    sizes = []

    class Counting(PairwiseFunction):
        def _first_wins(self, pairs):
            sizes.append(len(pairs))
            return super()._first_wins(pairs)

    preferences(ROWS, Counting(wins), generate=all_scores, k=4, select="tournament")
    assert sizes == [6 * 2 * 2, 6 * 2]  # prompts × matches × orders


def test_abstentions_ties_and_duplicates_make_no_pair():
    made = preferences(ROWS, number, generate=fixed("?", "0.5", "0.5", "?"), k=4)
    assert len(made) == 0
    assert made.column_names[:3] == ["prompt", "chosen", "rejected"]
    assert "6 duplicates" not in made.info.description.split(";")[0]
    assert "12 duplicates" in made.info.description
    assert "6 candidates abstained on" in made.info.description
    kept = preferences(ROWS, number, generate=fixed("?", "0.5", "0.5", "?"), k=4, merge_duplicates=False)
    assert len(kept) == 0
    assert "6 pairs tied" in kept.info.description
    assert len(preferences(ROWS, number, generate=fixed("0.5", "0.25", "0.5"), min_margin=0.25)) == 0
    assert len(preferences(ROWS, number, generate=fixed("0.5", "0.25", "0.5"), min_margin=0.24)) == 6


def test_a_pairwise_judge_that_abstains_makes_no_pair():
    for select in ("best_worst", "tournament", "rso"):
        made = preferences(ROWS, PairwiseFunction(lambda p, a, b: None), generate=all_scores, k=4, select=select)
        assert len(made) == 0


def test_a_composed_reward_and_a_plain_function():
    made = preferences(ROWS, 2.0 * number - 5.0, generate=all_scores, k=4)
    assert made[0]["chosen_score"] == -3.0

    def brevity(completions, goal, **columns):
        return [None if g == 3 else -len(text) for text, g in zip(completions, goal, strict=True)]

    made = preferences(ROWS, brevity, generate=fixed("a", "bbb"))
    assert made["chosen"][:] == ["a"] * 5
    assert 3 not in made["row"]


def test_messages_stay_messages():
    rows = [{"prompt": [{"role": "user", "content": "1+1?"}], "solution": "2"}]
    thinking = {"role": "assistant", "content": "2", "reasoning_content": "hm"}
    made = preferences(rows, ExactJudge(), generate=fixed("3", [thinking]))
    assert made[0]["rejected"][0]["content"] == "3"
    assert made[0]["rejected"][0]["role"] == "assistant"
    assert made[0]["chosen"] == [thinking]
    assert made[0]["prompt"] == rows[0]["prompt"]
    with pytest.raises(TypeError, match="the prompt is text and a candidate is messages"):
        preferences(ROWS, number, generate=fixed([thinking], "1"))


def test_data_sets_streaming_and_not():
    listed = preferences(ROWS, number, generate=all_scores, k=4, columns=["goal"])
    table = datasets.Dataset.from_list(ROWS)
    for dataset in (table, table.to_iterable_dataset(), iter(ROWS)):
        made = preferences(dataset, number, generate=all_scores, k=4, columns=["goal"], chunk=4)
        assert made.to_list() == listed.to_list()
    assert listed["goal"][:] == [0, 1, 2, 3, 4, 5]


def test_a_stream_is_read_a_chunk_at_a_time():
    read = []

    def endless():
        for row in range(100):
            read.append(row)
            yield {"prompt": str(row)}

    def failing(prompts, k):
        if "8" in prompts:
            raise RuntimeError("the server is gone")
        return all_scores(prompts, k)

    with pytest.raises(RuntimeError, match="gone"):
        preferences(endless(), number, generate=failing, k=4, chunk=4)
    assert read == list(range(12))


def test_candidates_of_a_column():
    rows = [{"prompt": "p", "sampled": ["0.5", "1.0", "0.0"]}, {"prompt": "q", "sampled": ["0.25"]}]
    made = preferences(rows, number, generate="sampled")
    assert made["chosen"][:] == ["1.0"]
    assert "1 prompts without a pair" in made.info.description


def test_values_that_only_some_chunks_have(tmp_path):
    rows = [{"prompt": str(row), "note": None if row < 3 else {"a": row}} for row in range(6)]
    made = preferences(rows, number, generate=all_scores, k=4, chunk=2, columns=["note"], output=tmp_path)
    assert made["note"][2] is None
    assert made["note"][3] == {"a": 3}


def test_halves_of_characters_can_be_written(tmp_path):
    made = preferences(ROWS, lambda completions, **_: [len(c) for c in completions], generate=fixed("a\ud800", "b"),
                       output=tmp_path)  # fmt: skip
    assert made[0]["chosen"] == "a?"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"k": 1}, ValueError, "k=1: a pair takes 2"),
        ({"select": "best"}, ValueError, "select='best': give 'best_worst', "),
        ({"beta": -1}, ValueError, "beta=-1"),
        ({"keep": 1}, ValueError, "keep=1"),
        ({"select": "rso", "keep": 4, "k": 4}, ValueError, "keep=4 of k=4 candidates rejects none"),
        ({"min_margin": float("nan")}, ValueError, "min_margin=nan"),
        ({"chunk": 0}, ValueError, "chunk=0"),
        ({"columns": "goal"}, ValueError, "columns='goal': give a list"),
        ({"columns": ["gaol"]}, KeyError, "row 0 has no column 'gaol'; it has: goal, prompt"),
        ({"prompt": "question"}, KeyError, "row 0 has no column 'question'; it has: goal, prompt"),
        ({"generate": 3}, TypeError, "generate is a function .* not int"),
        ({"generate": "sampled"}, KeyError, "no column 'sampled' with candidates"),
        ({"generate": lambda prompts, k: ["1.0"] * len(prompts)}, TypeError, "for one prompt: give a list"),
        ({"generate": lambda prompts, k: [["1.0"]]}, ValueError, "gave 1 lists of completions for 6 prompts"),
        ({"generate": lambda prompts, k: [[1.0]] * len(prompts)}, TypeError, "not float"),
        ({"reward": 3}, TypeError, "not int"),
        ({"dataset": {"train": ROWS}}, TypeError, "a split, not a mapping of splits"),
        ({"dataset": 3}, TypeError, "not int"),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", str(value))[:60],
)
def test_what_is_refused(options, error, message):
    given = {"dataset": ROWS, "reward": number, "generate": all_scores, "k": 4, **options}
    with pytest.raises(error, match=message):
        preferences(given.pop("dataset"), given.pop("reward"), **given)


def test_the_bar_is_drawn_when_asked_for(capsys):
    preferences(ROWS, number, generate=all_scores, k=4, progress=True)
    assert "6 pairs of 6 prompts, 24 candidates" in " ".join(capsys.readouterr().err.split())
    preferences(ROWS, number, generate=all_scores, k=4)
    assert capsys.readouterr().err == ""
