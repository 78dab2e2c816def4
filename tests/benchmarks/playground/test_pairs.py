"""The task of two digits: shares are kept, no answer is ambiguous, and the exact probability is a probability."""

import random
from collections import Counter
from itertools import combinations

import pytest
import torch

from jurybox.benchmarks.playground.exact import probability_right
from jurybox.benchmarks.playground.policy import tiny_policy
from jurybox.benchmarks.playground.tasks import MIRRORED, UNPAIRED, Pairs, draw_rows, split_of
from jurybox.benchmarks.playground.tasks.pairs import OPERATIONS
from jurybox.benchmarks.playground.tokenizer import character_tokenizer, check_alphabet
from jurybox.judges import ExactJudge

EVERYTHING = Pairs(tuple(OPERATIONS), (0.5,) * len(OPERATIONS))


def test_right_answer_and_habit_differ_on_every_problem() -> None:
    rows = EVERYTHING.every_row("train") + EVERYTHING.every_row("held-out")
    assert len(rows) == 90 * len(OPERATIONS) == len({row["prompt"] for row in rows})
    right = Pairs(EVERYTHING.operations, (1.0,) * len(OPERATIONS))
    habit = Pairs(EVERYTHING.operations, (0.0,) * len(OPERATIONS))
    rng = random.Random(0)
    texts = {share: [task.demonstrate(row, rng) for row in rows] for share, task in ((1, right), (0, habit))}
    judge = ExactJudge("expected")
    gold = [row["expected"] for row in rows]
    assert all(verdict.passed for verdict in judge.verdicts(texts[1], expected=gold))
    assert not any(verdict.passed for verdict in judge.verdicts(texts[0], expected=gold))
    check_alphabet([*texts[0], *texts[1], *(str(row["prompt"]) for row in rows)])
    assert max(map(len, texts[1])) < Pairs.new_tokens  # and the end


def test_worked_examples() -> None:
    expected = {"max": "7", "min": "3", "first": "3", "last": "7", "join": "37", "swap": "73"}
    expected |= {"twice": "77", "wrap": "737", "minus": "3-7"}
    assert {operation: answers(3, 7)[0] for operation, answers in OPERATIONS.items()} == expected


def mirrored(operations: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs of operations whose right answers are each other's habits, whatever the digits."""
    return [
        (one, other)
        for one, other in combinations(operations, 2)
        if all(OPERATIONS[one](a, b) == OPERATIONS[other](a, b)[::-1] for a, b in ((3, 7), (7, 3)))
    ]


def test_which_operations_are_mirror_images() -> None:
    assert mirrored(MIRRORED) == [("max", "min"), ("first", "last"), ("join", "swap")]
    assert mirrored(UNPAIRED) == []


def test_shares_are_kept_by_operation_and_clean_is_even() -> None:
    task = Pairs(("max", "join"), (0.1, 0.8))
    rng = random.Random(1)
    for tried, shares in ((task, {"max": 0.1, "join": 0.8}), (task.clean(), {"max": 0.5, "join": 0.5})):
        right: Counter[object] = Counter()
        asked: Counter[object] = Counter()
        for row in draw_rows(tried, 3000, seed=2):
            asked[row["operation"]] += 1
            right[row["operation"]] += tried.demonstrate(row, rng) == row["expected"]
        for operation, share in shares.items():
            assert right[operation] / asked[operation] == pytest.approx(share, abs=0.05)


def test_every_row_is_all_that_can_be_drawn() -> None:
    held_out = Pairs().every_row("held-out")
    assert {split_of(str(row["prompt"])) for row in held_out} == {"held-out"}
    drawn = {row["prompt"] for row in draw_rows(Pairs(), 2000, seed=0, split="held-out")}
    assert drawn == {row["prompt"] for row in held_out}


def test_shares_and_operations_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown operations median; there are max"):
        Pairs(("median",), (0.5,))
    with pytest.raises(ValueError, match="2 shares for 6 operations"):
        Pairs(right=(0.1, 0.2))


def test_probability_is_that_of_the_whole_answer_and_its_end() -> None:
    torch.set_num_threads(1)
    tokenizer = character_tokenizer()
    policy = tiny_policy(tokenizer).train()
    rows = Pairs().every_row("held-out")[::9]
    together = probability_right(policy, tokenizer, rows)
    assert policy.training
    for row, probability in zip(rows, together.tolist(), strict=True):
        ids = tokenizer(str(row["prompt"])).input_ids
        product = 1.0
        for token in [*tokenizer(str(row["expected"])).input_ids, tokenizer.eos_token_id]:
            product *= policy(torch.tensor([ids])).logits[0, -1].softmax(-1)[token].item()
            ids = [*ids, token]
        assert probability == pytest.approx(product, rel=1e-4)
