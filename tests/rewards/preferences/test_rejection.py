"""Statistical rejection sampling: the printed algorithm in other words, its limits, its distribution."""

from __future__ import annotations

import math
import random
from collections import Counter
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.rewards.preferences import acceptance_probabilities, pointwise_reward_from_pairwise, rejection_sample

SFT = (0.3, 0.25, 0.2, 0.12, 0.08, 0.05)
REWARD = (0.0, 0.2, 0.4, 0.8, 1.0, 1.5)

rewards_lists = st.lists(st.integers(-40, 40).map(lambda n: n / 16), min_size=1, max_size=12)
betas = st.sampled_from([0.05, 0.5, 1.0, 20.0])


def by_definition(rewards: list[float], wanted: int, beta: float, rng: random.Random) -> list[int]:
    """Keyed by answer, as it is printed."""
    pool, accepted = {f"answer {index}": reward for index, reward in enumerate(rewards)}, []
    while len(accepted) < wanted:
        r_max = max(pool.values())
        for answer, reward in list(pool.items()):
            if rng.random() >= math.exp((reward - r_max) / beta):
                continue
            accepted.append(answer)
            del pool[answer]
            if len(accepted) == wanted:
                break
    return [int(answer.split()[1]) for answer in accepted]


@given(rewards_lists, betas, st.integers(0, 99), st.data())
def test_it_is_the_printed_algorithm(rewards, beta, seed, data):
    wanted = data.draw(st.integers(1, len(rewards)))
    got = rejection_sample(rewards, wanted, beta, random.Random(seed))
    assert list(got.indices) == by_definition(rewards, wanted, beta, random.Random(seed))
    assert 1 <= got.passes <= wanted


@given(rewards_lists, betas, st.integers(0, 99))
def test_an_offset_changes_nothing(rewards, beta, seed):
    """All values are multiples of 1/16, so that the sum is exact."""
    shifted = [reward + 1e6 for reward in rewards]
    wanted = (len(rewards) + 1) // 2
    assert rejection_sample(rewards, wanted, beta, random.Random(seed)) == rejection_sample(
        shifted, wanted, beta, random.Random(seed)
    )


def test_the_limits_of_beta():
    rewards = [0.3, 2.0, -1.0, 2.0, 0.5, 1.0]
    assert rejection_sample(rewards, 3, 1e12, random.Random(0)).indices == (0, 1, 2)
    assert set(rejection_sample(rewards, 3, 1e-9, random.Random(0)).indices) == {1, 3, 5}
    assert rejection_sample(rewards, 3, 0, random.Random(0)).indices == (1, 3, 5)
    assert rejection_sample(rewards, 3, 1e-320, random.Random(0)).indices == (1, 3, 5)
    assert acceptance_probabilities(rewards, 0) == [0, 1, 0, 1, 0, 0]


def test_a_candidate_without_a_reward_takes_no_part():
    got = rejection_sample([None, 1.0, None, 1.0], 2, 0.5, random.Random(0))
    assert (set(got.indices), got.unscored) == ({1, 3}, 2)


def kept_of(beta: float, prompts: int = 400, candidates: int = 64, keep: int = 8) -> list[int]:
    """Answers that are kept, of candidates drawn from `SFT` with replacement."""
    rng, kept = random.Random(0), list[int]()
    for _ in range(prompts):
        drawn = rng.choices(range(len(SFT)), SFT, k=candidates)
        accepted = rejection_sample([REWARD[answer] for answer in drawn], keep, beta, rng)
        kept += [drawn[index] for index in accepted.indices]
    return kept


def total_variation(shares: list[float], target: list[float]) -> float:
    return sum(abs(p - q) for p, q in zip(shares, target, strict=True)) / 2


def test_what_is_kept_follows_the_policy_one_would_like_to_have():
    weights = [p * math.exp(r / 0.5) for p, r in zip(SFT, REWARD, strict=True)]
    target = [weight / sum(weights) for weight in weights]
    kept = kept_of(0.5)
    shares = [Counter(kept)[answer] / len(kept) for answer in range(len(SFT))]
    assert total_variation(shares, target) < 0.05
    assert total_variation(list(SFT), target) == pytest.approx(0.412, abs=5e-4)


def test_a_lower_beta_keeps_better_answers():
    means = [fmean(REWARD[answer] for answer in kept_of(beta)) for beta in (5, 0.5, 0.05)]
    assert [0.381, *means] == sorted([0.381, *means])
    assert means == pytest.approx([0.41, 0.84, 1.17], abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, math.nan], 1, 0.5), r"rewards\[1\] is nan"),
        (([math.inf], 1, 0.5), r"rewards\[0\] is inf"),
        (([1.0], 1, -0.5), "beta=-0.5"),
        (([1.0], 1, math.nan), "beta=nan"),
        (([1.0], 2, 0.5), "num_samples=2, but there are 1 .* allow_fewer=True"),
        (([1.0, None], 2, 0.5), "there are 1 candidates"),
        (([1.0], 0, 0.5), "num_samples=0: give 1"),
    ],
    ids=str,
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        rejection_sample(*arguments, random.Random(0))


def test_all_are_taken_where_there_are_fewer():
    assert set(rejection_sample([1.0, 0.0, None], 8, 0.5, random.Random(0), allow_fewer=True).indices) == {0, 1}
    assert rejection_sample([], 8, 0.5, random.Random(0), allow_fewer=True).indices == ()


def test_given_numbers_may_run_out():
    with pytest.raises(ValueError, match="no uniforms left"):
        rejection_sample([0.0, 1.0], 2, 0.5, [0.99])


@pytest.mark.parametrize("number", [1.0, -0.1, math.nan])
def test_given_numbers_are_from_zero_to_one(number):
    with pytest.raises(ValueError, match=r"rng has .* among its uniforms"):
        rejection_sample([0.0, 1.0], 2, 0.5, [number] * 4)


def test_pointwise_rewards_stay_finite():
    assert pointwise_reward_from_pairwise([0.0, 0.5, 1.0]) == pytest.approx([-13.8155, 0, 13.8155], abs=1e-4)
    for wrong in (1.2, -0.1, math.nan):
        with pytest.raises(ValueError, match=r"prob_beats_baseline has .* no probability"):
            pointwise_reward_from_pairwise([0.5, wrong])
