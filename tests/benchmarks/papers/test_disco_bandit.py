"""What DisCO's spec says of tables of logits, on the seeds it says it of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from jurybox.benchmarks.experiment import Setting
from jurybox.benchmarks.papers.disco.bandit import (
    CONSTRAINT,
    DIFFICULTY,
    DIFFICULTY_ARMS,
    DIFFICULTY_EXPERIMENT,
    RATES,
    disco,
    run_constraint,
    run_difficulty,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def setting(arm: str, seed: int, steps: int) -> Setting:
    return Setting(arm, seed, steps, listen=lambda step, shown: None)


@pytest.mark.parametrize("seed", range(5))
def test_the_hardest_question_is_learned_by_disco_and_not_by_grpo(seed: int) -> None:
    finals = {arm: run_difficulty(setting(arm, seed, DIFFICULTY_EXPERIMENT.steps)).final for arm in DIFFICULTY_ARMS}
    ends = {arm: final["hardest"] for arm, final in finals.items()}
    assert ends["disco-b"] >= 0.95
    assert ends["grpo"] <= ends["disco-b"] - 0.05
    assert ends["dr-grpo"] < ends["grpo"]
    assert finals["grpo-double"]["mean"] < finals["disco-b"]["mean"]


@pytest.mark.parametrize("seed", range(3))
def test_the_constraint_shortens_the_way_from_the_policy_that_sampled(seed: int) -> None:
    free, constrained = (run_constraint(setting(arm, seed, 4)).final["kl"] for arm in ("free", "constrained"))
    assert constrained < 0.8 * free
    assert constrained > 0.01, "the estimate sees the sampled answers only, so the exact KL is not held at δ"


def test_a_bandit_starts_where_it_says_and_repeats_itself() -> None:
    torch.testing.assert_close(DIFFICULTY.p_right(DIFFICULTY.start), torch.tensor(RATES))
    first, again = ([kl for _, kl in CONSTRAINT.train(disco, seed=0, batches=1)] for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert (first[0] >= 0).all()
