"""The asynchronous GRPO trainer: it spawns a process, pickles the reward into it, and calls it with one group at a
time from a thread beside its event loop, with no trainer state and no loggers. Generation needs a vLLM server, so the
trainer's own scoring code is run on groups made by hand."""

from __future__ import annotations

import asyncio
import inspect
import math
import multiprocessing
from typing import Any

import pytest

pytest.importorskip("trl")
from accelerate import PartialState
from trl.experimental.async_grpo import async_rollout_worker as trl_worker

from jurybox.judges import FormatJudge, MathJudge
from jurybox.rewards import Cascade, Reward
from tests import judged

# Judges of every kind: own processes, own event loop, a plain function; and a name that the log shows.
MATH = Cascade(MathJudge(), judged.right)
REWARD = (MATH + 0.2 * FormatJudge(r"(?s).*answer.*") - 0.1 * ~judged.awaited).named("quality")
ANSWERS = ["the answer is \\boxed{1/2}", "\\boxed{0.5}", "\\boxed{9^{9^{9}}}", ""]
SEQUENCE = trl_worker.TrainingSequence(
    **{field: [] for field in inspect.signature(trl_worker.TrainingSequence).parameters}
)


def group() -> trl_worker.RolloutGroup:
    size = len(ANSWERS)
    return trl_worker.RolloutGroup(
        prompts=[[{"role": "user", "content": "half of one?"}]] * size,
        reward_kwargs={"solution": ["1/2"] * size, "index": [3] * size},
        completions=[[{"role": "assistant", "content": answer}] for answer in ANSWERS],
        completions_ids=[[1, 2]] * size,
        completions_sequences=[[SEQUENCE]] * size,
        tool_call_counts=[0] * size,
        tool_failure_counts=[0] * size,
        model_version=0,
        group_id=0,
        env_rewards=[],
        rollout_rewards=[],
    )


def score(rewards: list[Any]) -> list[dict[str, float]]:
    """The metrics of each sample, by the trainer's own `_score_group`."""
    PartialState(cpu=True)  # TRL's logger wants it
    loop = object.__new__(trl_worker._AsyncRolloutLoop)
    loop.reward_funcs = rewards
    loop.reward_func_names = [trl_worker.get_callable_name(reward) for reward in rewards]
    loop._env_reward_types = []
    samples = asyncio.run(loop._score_group(group()))
    return [{**sample.metrics, "advantage": sample.advantage} for sample in samples]


def put_scores(rewards: list[Any], results: Any) -> None:
    results.put(score(rewards))


def expected(reward: Reward) -> list[float]:
    completions = [[{"role": "assistant", "content": answer}] for answer in ANSWERS]
    return [verdict.score for verdict in reward.verdicts(completions, solution=["1/2"] * len(ANSWERS))]


def test_the_trainers_own_scoring_calls_a_composed_reward():
    metrics = score([REWARD])
    scores = expected(REWARD)
    assert [row["rewards/quality"] for row in metrics] == scores
    assert [row["reward"] for row in metrics] == scores
    assert sum(row["advantage"] for row in metrics) == pytest.approx(0.0, abs=1e-6)
    assert scores[0] > scores[1] > scores[2]


def test_an_abstention_is_left_out_of_the_group():
    metrics = score([judged.share])
    assert all(math.isnan(row["reward"]) and row["advantage"] == 0.0 for row in metrics)


@pytest.mark.slow
def test_in_a_spawned_process():
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    child = context.Process(target=put_scores, args=([REWARD, judged.awaited], results))
    child.start()
    metrics = results.get(timeout=120)
    child.join(timeout=60)
    assert child.exitcode == 0
    assert [row["rewards/quality"] for row in metrics] == expected(REWARD)
    assert [row["rewards/awaited"] for row in metrics] == [0.0] * len(ANSWERS)
