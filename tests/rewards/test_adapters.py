"""Rewards as other frameworks call them: verl 0.9, ms-swift 4.6, verifiers 0.1 and 0.4, inspect_ai 0.3;
where one of them is installed, it is asked itself."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from types import ModuleType, SimpleNamespace

import pytest

from jurybox.judges import MathJudge
from jurybox.judges.sample import MissingColumn
from jurybox.rewards.adapters import inspect_scorer, rubric_function, swift_orm, trace_function, verl_score
from tests import judged

# Without a gold answer the whole abstains: a sum is of the parts that do not.
REWARD = (1.2 * MathJudge()).named("quality")
ADAPTERS = [verl_score, swift_orm, rubric_function, trace_function, inspect_scorer]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_reward_that_remembers_is_refused(adapter):
    with pytest.raises(ValueError, match=r"remembers what it saw \(share\)"):
        adapter(judged.share.standardize("share"))


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_plain_function_is_told_how_to_become_one(adapter):
    with pytest.raises(TypeError, match="decorate it with @judge"):
        adapter(len)


class TestVerl:
    def test_one_answer(self):
        # as `NaiveRewardManager` calls a function that was loaded from a file, with its reward_kwargs
        compute_score = functools.partial(lambda kept, **call: kept(**call), verl_score(REWARD))
        said = compute_score(data_source="gsm8k", solution_str="5", ground_truth="5", extra_info={"split": "train"})
        assert said == {"score": 1.2, "passed": 1.0, "abstained": 0.0}

    def test_a_batch(self):
        said = verl_score(REWARD)(
            data_sources=["a", "b", "c"],
            solution_strs=["5", "six", "7"],
            ground_truths=["5", "5", ""],
            extra_infos=[{}] * 3,
        )
        assert [each["score"] for each in said] == [1.2, 0.0, 0.0]
        assert [each["abstained"] for each in said] == [0.0, 0.0, 1.0]
        assert verl_score(REWARD)(solution_strs=[]) == []

    def test_columns_come_from_everywhere(self):
        seen = {}

        @judged.judge
        def looks(completion, prompt, solution, tests, data_source, index):
            seen.update(prompt=prompt, solution=solution, tests=tests, source=data_source, index=index)
            return True

        verl_score(looks)(
            data_source="mbpp", solution_str="x", ground_truth={"solution": "y", "tests": ["z"]},
            extra_info={"index": 3, "prompt": "p"}, reward_router_address="ignored",
        )  # fmt: skip
        assert seen == {"prompt": "p", "solution": "y", "tests": ["z"], "source": "mbpp", "index": 3}

    def test_a_column_that_is_missing_is_told(self):
        with pytest.raises(MissingColumn, match="solution"):
            verl_score(REWARD, gold="answer")(solution_str="5", ground_truth="5")


class TestSwift:
    def test_as_it_is_called(self):
        orm = swift_orm(REWARD)(args=SimpleNamespace(beta=0.0))
        assert type(orm).__name__ == "quality"  # the name in ms-swift's log
        assert not inspect.iscoroutinefunction(type(orm).__call__)
        rewards = orm(
            ["5", "6", "7"], trainer_state=SimpleNamespace(global_step=3), solution=["5", "5", ""], is_truncated=[0] * 3
        )
        assert rewards == [1.2, 0.0, None]

    def test_the_prompt_is_in_the_messages(self):
        asked = []

        @judged.judge
        def hears(completion, prompt):
            asked.append(prompt)
            return True

        messages = [{"role": "user", "content": "2+3"}, {"role": "assistant", "content": "5"}]
        assert swift_orm(hears)()(["5"], messages=[messages]) == [1.0]
        assert asked == ["2+3"]


class TestVerifiers:
    def test_as_a_rubric_calls_it(self):
        score = rubric_function(REWARD)
        assert score.__name__ == "quality"
        state = {}
        completion = [{"role": "assistant", "content": "5"}]
        assert score(prompt=[], completion=completion, answer="5", state=state, task="sum", info={}, parser=None) == 1.2
        assert state["jurybox"]["score"] == 1.2
        assert rubric_function(REWARD, abstain=-1.0)(completion="5", answer="") == -1.0

    def test_a_rubric_itself(self):
        verifiers = pytest.importorskip("verifiers")
        if not hasattr(verifiers, "Rubric"):
            pytest.skip("this version has no Rubric")
        rubric = verifiers.Rubric(funcs=[rubric_function(REWARD)], weights=[2.0])
        state = {"prompt": "2+3", "completion": [{"role": "assistant", "content": "5"}], "answer": "5", "task": "sum",
                 "info": {}, "timing": {"scoring_ms": 0.0, "total_ms": 0.0}}  # fmt: skip
        asyncio.run(rubric.score_rollout(state, score_sem=asyncio.Semaphore(1)))
        assert state["reward"] == 2.4

    def test_as_a_task_calls_it(self):
        task = SimpleNamespace(model_dump=lambda: {"prompt": "2+3", "solution": "5"})
        score = trace_function(REWARD)
        assert list(inspect.signature(score).parameters) == ["task", "trace"]  # asked for by name
        assert asyncio.run(score(task=task, trace=SimpleNamespace(last_reply="5"))) == 1.2


def stand_in() -> ModuleType:
    """So much of `inspect_ai.scorer` as is documented."""
    module = ModuleType("inspect_ai.scorer")
    module.Score = SimpleNamespace
    module.mean = module.stderr = lambda: None
    module.scorer = lambda metrics, name: lambda make: make
    return module


class TestInspect:
    def test_as_a_task_calls_it(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "inspect_ai", ModuleType("inspect_ai"))
        monkeypatch.setitem(sys.modules, "inspect_ai.scorer", stand_in())
        score = inspect_scorer(REWARD)

        def ask(completion, target):
            state = SimpleNamespace(input_text="2+3", metadata={}, output=SimpleNamespace(completion=completion))
            return asyncio.run(score(state, target))

        said = ask("5", ["5"])
        assert (said.value, said.answer) == (1.2, "5")
        assert "quality" in said.explanation
        assert said.metadata["score"] == 1.2
        assert ask("6", ["5"]).value == 0.0
        abstains = ask("5", [""])
        assert abstains.value != abstains.value

    def test_without_inspect_ai_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "inspect_ai.scorer", None)
        monkeypatch.setitem(sys.modules, "inspect_ai", None)
        with pytest.raises(ImportError, match="pip install inspect-ai"):
            inspect_scorer(REWARD)

    def test_a_task_of_inspect_ai_itself(self, tmp_path):
        inspect_ai = pytest.importorskip("inspect_ai")
        from inspect_ai.dataset import Sample
        from inspect_ai.model import ModelOutput
        from inspect_ai.solver import solver

        @solver
        def says():
            async def solve(state, generate):
                state.output = ModelOutput.from_content("nobody", state.metadata["says"])
                return state

            return solve

        task = inspect_ai.Task(
            dataset=[
                Sample(input="2+3", target=gold, metadata={"says": said})
                for said, gold in (("5", "5"), ("6", "5"), ("5", ""))
            ],
            solver=says(),
            scorer=inspect_scorer(REWARD),
        )
        (log,) = inspect_ai.eval(task, model=None, log_dir=str(tmp_path), max_samples=1, display="none")
        assert log.status == "success"
        values = [sample.scores["quality"].value for sample in log.samples]
        assert values[:2] == [1.2, 0.0]
        assert log.results.scores[0].metrics["mean"].value == pytest.approx(0.6)
