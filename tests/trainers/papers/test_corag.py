"""The search of CORAG finds what exhaustive search finds, stays in its budget, and asks about nothing twice."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM

from jurybox.benchmarks.papers.corag.experiments import instance
from jurybox.benchmarks.playground.tokenizer import character_tokenizer
from jurybox.judges import judge
from jurybox.trainers.papers.corag import (
    BM25,
    ChunkSearch,
    Likelihood,
    Settings,
    beam,
    exhaustive,
    greedy,
    mcts_search,
    of_reward,
    random_search,
    top_k,
    with_context,
)

SEARCHES = {
    "paper": lambda s, c, b: mcts_search(s, c, b),
    "code": lambda s, c, b: mcts_search(s, c, b, Settings(variant="code", C=0.1)),
    "top_k": top_k,
    "greedy": greedy,
    "beam": beam,
    "random": lambda s, c, b: random_search(s, c, b, 50),
    "exhaustive": exhaustive,
}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("chunks", [1, 3, 5])
def test_with_enough_iterations_it_is_exhaustive(seed: int, chunks: int) -> None:
    score, costs = instance(seed, chunks)
    budget = max(min(costs), 0.6 * sum(costs))
    found = mcts_search(score, costs, budget, Settings(iterations=10_000, C=0.3))
    best = exhaustive(score, costs, budget)
    assert (found.score, found.scored) == (best.score, best.scored)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("seed", range(10))
def test_no_search_spends_more_than_the_budget_or_says_a_chunk_twice(name: str, seed: int) -> None:
    score, costs = instance(seed, 6)
    budget = random.Random(seed).randint(1, sum(costs))
    found = SEARCHES[name](score, costs, budget)
    assert found.cost <= budget
    assert len(set(found.order)) == len(found.order)
    if not found.order:
        assert min(costs) > budget
        assert (found.score, found.cost) == (None, 0)


@pytest.mark.parametrize("variant", ["paper", "code"])
def test_every_sequence_is_asked_about_once_in_one_batch_an_expansion(variant: Any) -> None:
    score, costs = instance(3, 6)
    batches: list[list[tuple[int, ...]]] = []

    def counted(orders: Sequence[tuple[int, ...]]) -> list[float | None]:
        batches.append(list(orders))
        return score(orders)

    found = mcts_search(counted, costs, 40, Settings(iterations=12, variant=variant))
    assert max(Counter(order for batch in batches for order in batch).values()) == 1
    assert len(batches) <= 12
    assert all(len({order[:-1] for order in batch}) == 1 for batch in batches)
    assert found.scored == sum(map(len, batches))


def test_without_exploration_it_goes_on_where_the_mean_is_best() -> None:
    scores = {(0,): 0.5, (1,): 0.4, (0, 1): 0.1, (1, 0): 0.9}
    found = mcts_search(lambda o: [scores[one] for one in o], [1, 1], 2, Settings(C=0.0, lam=0.0, iterations=2))
    assert found.scored == 3
    assert found.order == (0,)


def test_a_larger_lambda_never_costs_more_where_the_whole_tree_is_known() -> None:
    for seed in range(10):
        score, costs = instance(seed, 5)
        spent = [
            mcts_search(score, costs, 45, Settings(C=0.3, lam=lam, iterations=10_000, final="utility")).cost
            for lam in (0.0, 0.3, 1.0, 10.0)
        ]
        assert spent == sorted(spent, reverse=True)


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf])
def test_what_cannot_be_scored_is_never_the_answer(nothing: float | None) -> None:
    score, costs = instance(1, 4)
    valid = {(0,), (2,), (2, 0)}
    found = mcts_search(
        lambda o: [s if one in valid else nothing for one, s in zip(o, score(o), strict=True)], costs, 1000
    )
    assert found.order in valid
    assert mcts_search(lambda o: [nothing] * len(o), costs, 1000).order == ()


def test_scores_that_are_all_equal_or_negative_are_fine() -> None:
    assert mcts_search(lambda o: [0.5] * len(o), [3, 3], 6).order == (0,)
    found = mcts_search(lambda o: [-3.0 + len(one) for one in o], [1, 1, 1], 3, Settings(iterations=100))
    assert len(found.order) == 3


def test_the_code_stops_at_a_full_leaf_unless_it_is_pruned() -> None:
    def score(orders: Sequence[tuple[int, ...]]) -> list[float | None]:
        return [1.0 if one == (0, 1, 2, 3)[: len(one)] else 0.1 for one in orders]

    stuck, pruned = (
        mcts_search(score, [1] * 4, 4, Settings(variant="code", C=0.1, iterations=80, prune_exhausted=prunes))
        for prunes in (False, True)
    )
    assert stuck.scored < pruned.scored == 64


def test_nothing_fits() -> None:
    for name, search in SEARCHES.items():
        assert search(lambda o: [1.0] * len(o), [5, 6], 4).order == (), name
        assert search(lambda o: [1.0] * len(o), [], 4).order == (), name
    loose = Settings(variant="code", strict_budget=False)
    assert mcts_search(lambda o: [1.0] * len(o), [5, 6], 4, loose).cost == 5, "the code returns more than B"


@pytest.mark.parametrize(
    ("costs", "budget", "settings", "said"),
    [
        ([1.0], 0, {}, "budget=0"),
        ([-1.0], 1, {}, "costs are 0 or more"),
        ([1.0], 1, {"iterations": -1}, "iterations"),
        ([1.0], 1, {"variant": "papers"}, "variant"),
        ([1.0], 1, {"C": -1.0}, "C=-1.0"),
    ],
)
def test_mistakes_are_told(costs: Any, budget: float, settings: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mcts_search(lambda o: [1.0] * len(o), costs, budget, Settings(**settings))
    with pytest.raises(ValueError, match="gave 0 numbers for 1 sequences"):
        mcts_search(lambda o: [], [1.0], 1)


def test_sets_are_searched_in_one_order() -> None:
    score, costs = instance(5, 5)
    found = mcts_search(score, costs, sum(costs), Settings(ordered=False, iterations=10_000))
    assert found.scored == 2**5 - 1
    assert list(found.order) == sorted(found.order)


@judge
def mentions(completion: str, prompt: str) -> float:
    words = set(prompt.lower().split())
    return len(words & set(completion.lower().split())) / len(words)


def test_a_composed_reward_builds_the_prompts_of_a_data_set() -> None:
    corpus = ["red apples are sweet", "green pears", "a red house in Lima", "apples and pears", "blue"]
    search = ChunkSearch(of_reward(mentions - 0.0), budget=7)
    dataset = Dataset.from_list([{"question": "red apples in Lima"}, {"question": "green"}])
    made = with_context(dataset, BM25(corpus), search, candidates=4)
    assert (
        set(made[0]["context"]) == {"red apples are sweet", "a red house in Lima"} or made[0]["context_score"] == 0.75
    )
    assert made[0]["prompt"].endswith("Question: red apples in Lima\nAnswer:")
    assert made[1]["context"] == ["green pears"]


def test_a_likelihood_is_that_of_each_sequence_alone() -> None:
    torch.manual_seed(0)
    tokenizer = character_tokenizer()
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                         num_attention_heads=2, num_key_value_heads=2)  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    score = Likelihood(model, tokenizer, template="{context}#{target}", join=";")
    together = score("3+4", [["12", "7=7"], ["9"], ["9", "12", "7=7"]])
    alone = []
    for context in ("12;7=7", "9", "9;12;7=7"):
        ids = torch.tensor([tokenizer(f"{context}#3+4").input_ids])
        logps = model(ids).logits.log_softmax(-1)[0, :-1].gather(1, ids[0, 1:, None])[:, 0]
        alone.append(logps[-3:].mean().item())
    assert together == pytest.approx(alone, abs=1e-5)
    with pytest.raises(ValueError, match="at the end"):
        Likelihood(model, tokenizer, template="{target} {context}")
