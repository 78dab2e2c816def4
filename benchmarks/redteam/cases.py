"""How each judge and node is made to be hunted, and the columns it reads, which are in order.

The columns matter: gold answers, tests, schemas and rules here are readable, so a judge that abstains was made to
abstain by the completion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...judges import (
    ExactJudge,
    FormatJudge,
    JSONJudge,
    KeyCoverageJudge,
    LengthJudge,
    MathJudge,
    MixtureOfJudges,
    PairwiseFunction,
    PairwiseLLM,
    RepetitionJudge,
    RubricJudge,
    RuleVulnerabilityJudge,
    Sample,
    Scored,
    TooLong,
    judge,
)
from ...judges.flow import Camera, GoalRenderer
from ...judges.instructions import NoCommas
from ...judges.llm import LLMJudge, Scripted
from ...rewards import (
    HAPO,
    AnchorWinReward,
    Cascade,
    Constrained,
    Function,
    Linear,
    Reward,
    RewardModel,
    Route,
    SelfReference,
    robust,
    structured_reward,
    vulnerability_reward,
)
from .models import ANCHOR, Jammed, Parrot, local_model, reward_model, verdict_model

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string", "pattern": "^(x+x+)+y$"}},
    "required": ["a"],
}
OPTIONAL = {
    "type": "object",
    "properties": {"a": {"pattern": "^(?:a?){30}a{30}$"}, "b": {"pattern": r"^(a|aa)+\1?$"}},
    "patternProperties": {"^(?:(?:b?){9}b?){9}$": {"type": "integer"}},
}
RECURSIVE = {
    "$defs": {
        "node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "value": {"type": "integer"}}}
    },
    "type": "object",
    "properties": {"name": {"type": "string"}, "answer": {"type": "integer"}, "tree": {"$ref": "#/$defs/node"}},
    "required": ["name", "answer"],
}
RULES: list[list[Any]] = [
    ["no_commas", "lowercase", "json", "quoted", {"rule": "sentences", "args": {"count": 3}}],
    [{"rule": "required_words", "args": {"words": ["answer", "x"]}}, {"rule": "title"}],
    [{"rule": "bullets", "args": {"count": 2, "relation": "at most"}}, {"rule": "one_of", "args": {"options": ["A"]}}],
]
CHECKLIST = {"prediction": "an overflow", "localization": "the copy", "reasoning": "n has no bound"}
SENTENCES = [f"{a} and {b} make {a + b}." for a in range(9) for b in range(9)]
GOLDS = ["1/2", r"$\frac{3}{7}$", "x=2", "[1,2)", "42", r"\boxed{7}", "0.05", r"\{1,2,3\}", r"2\sqrt{3}", "12 cm"]
GOLDS += [r"x^2+1", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "A", r"\frac{\pi}{4}", "(3, -1)", "1000000"]
PROMPT = "What is it?"
COLUMNS: dict[str, Sequence[Any]] = {
    "solution": GOLDS,
    "tests": [[{"stdin": "1", "stdout": "2"}], ["assert f(2) == 4", "assert f(3) == 9"]],
    "instructions": RULES,
    "instruction_id_list": [["punctuation:no_comma", "detectable_format:json_format"]],
    "kwargs": [[{}, {}]],
    "reference": [{"a": 1, "answer": "x"}],
    "is_vulnerable": [True, False],
    "checklist": [CHECKLIST],
    "cwe_id": ["CWE-787"],
    "cve_desc": ["an overflow"],
    "commit_msg": ["check n"],
    "patch": ["+ if (n > 8) return;"],
    "task": ["math", "chat"],
    "anchor": [ANCHOR],
    "baseline": [ANCHOR],
    "problem_id": ["1"],
    "scenario_seed": [0, 1, 2],
    "flow": [[[[0.0, 0.0, 1.0], [0.1, 0.0, 1.0]], [[0.1, 0.0, 1.0], [0.2, 0.0, 1.0]]]],
    "visibility": [[[1, 1], [1, 0]]],
    "instruction": ["Move it to the right."],
}


def flags(sample: Sample) -> dict[str, str]:
    """A rule that grades a report about vulnerable code."""
    return {"prediction": "CORRECT" if "HAS_VUL" in sample.text else "INCORRECT"}


@judge
def says_so(completion, solution):
    """A user's own function."""
    return completion == solution


@judge(batch=True)
def divides(completions):
    """A user's own function of a batch, which breaks on what is empty."""
    return [1.0 / len(completion) for completion in completions]


def brevity(completions: Sequence[Any], **_: Any) -> list[float]:
    """A reward function, which breaks on what is no text or empty."""
    return [-1.0 / len(completion.split()) for completion in completions]


def longer(prompt: str, first: str, second: str) -> float:
    """A judge of pairs, which breaks on what is empty."""
    return float(1 / len(first) < 1 / len(second))


def length(texts: list[str]) -> list[float]:
    """A reward model."""
    return [float(len(text)) for text in texts]


def on_the_right(image: Any, instruction: str) -> bool:
    """A look at a rendered goal."""
    return bool((image[:, 8:] == 1).any())


ASK = "Is {{completion}} good? Answer {{labels}}."
GRADES = '{"right": "no", "short": "yes"}'
CRITERIA = {"right": "Is it right?", "short": "Is it short?"}
TOGETHER = "{{criteria}}\n{{completion}}\n{{form}}"
EACH = "{{criterion}}\n{{completion}}\n{{labels}}"

# What to make a judge with; one that is not listed is made without arguments.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "DensityGuardian": [{"references": SENTENCES}, {"references": SENTENCES, "region": "ellipsoid", "dimensions": 4}],
    "FlowConsistencyJudge": [{}, {"tau": 0.001}],
    "FormatJudge": [
        {},
        {"pattern": r"^(a+)+$"},
        {"pattern": r"(?:a?){30}a{30}"},
        {"pattern": r"((a?)(b?))*\1!"},
        {"tags": ["think", "answer"]},
        {"pattern": r"(?s)<think>.*</think>"},
    ],
    "JSONJudge": [
        {},
        {"schema": SCHEMA},
        {"schema": SCHEMA, "level": "repair", "credit": "partial"},
        {"schema": RECURSIVE, "credit": "partial"},
        {"schema": OPTIONAL, "engine": "jsonschema"},
        {"schema": OPTIONAL["properties"]["b"], "engine": "jsonschema"},  # type: ignore[index]
        {"level": "strict"},
    ],
    "ExactJudge": [{}, {"choices": "ABCD"}, {"unicode": "NFKC", "ignore_punctuation": True, "ignore_case": True}],
    "LengthJudge": [
        {"maximum": 20},
        {"target": 100, "tolerance": 50, "unit": "characters"},
        {"maximum": 9, "cosine": True},
    ],
    "ToolCallJudge": [
        {"calls": [{"name": "search", "arguments": {"q": "x"}}, "answer"], "order": "sequence", "credit": "share"},
        {"tools": {"search": OPTIONAL, "answer": SCHEMA}, "forbidden": ["delete"], "errors": "recovered"},
    ],
    "TooLong": [{"maximum": 20}],
    "RepetitionJudge": [{}, {"n": 1, "max_share": 0.5}],
    "CodeJudge": [{"allow_bare": True}],
    "InstructionJudge": [{}, {"credit": "fraction"}],
    "LLMJudge": [
        {"complete": Scripted("no"), "template": ASK},
        {"complete": Parrot("yes"), "template": ASK, "thinking": True},
        {"complete": Jammed("yes"), "template": ASK, "retries": 0},
    ],
    "LLMVulnerabilityJudge": [
        {"complete": Scripted("CORRECT / PARTIALLY CORRECT / CORRECT"), "end": None},
        {"complete": Parrot("CORRECT / PARTIALLY CORRECT / CORRECT"), "end": None},
    ],
    "Trusted": [{"judge": ExactJudge(), "kappa": 0.5, "min_kappa": 0.6, "below": "warn"}],
    "MixtureOfJudges": [
        {"judges": [ExactJudge(), LengthJudge(maximum=20)]},
        {"judges": [divides, LLMJudge(Jammed("yes"), ASK, retries=0)]},
    ],
    "KeyCoverageJudge": [{"keys": ["a", "answer"]}],
    "STLJudge": [
        {"formula": "(!answer U plan) & G (error -> F[0,2] !error) & G (calls < 9) & G (args.x != 'y')"},
        {"formula": "F[0,5] (tool == 'search') & G (cost < 3)", "source": "completion"},
        {"formula": "G (a -> F[1,3] b) | !(a U[2,9] (c >= 0))", "source": "completion", "score": "tanh"},
    ],
    "OutsideLength": [{"maximum": 20, "unit": "characters"}],
    "MathJudge": [{}, {"boxes": "last", "strict": False, "units": "required"}, {"tolerance": 0.01}],
    "RenderJudge": [
        {"renderer": GoalRenderer(Camera.of(16, 16), [[0.0, 0.0, 1.0]]), "look": on_the_right},
        {"renderer": GoalRenderer(Camera.of(16, 16), [[0.0, 0.0, 1.0]]), "look": on_the_right, "max_residual": 0.01},
    ],
    "RubricJudge": [
        {"complete": Scripted(GRADES), "rubric": CRITERIA, "template": TOGETHER},
        {"complete": Parrot(GRADES), "rubric": CRITERIA, "template": TOGETHER},
        {"complete": Jammed("yes"), "rubric": CRITERIA, "template": EACH, "ask": "each", "retries": 0},
    ],
    "ScheduleJudge": [{}, {"ceiling": 1.0, "penalty": 0.0}],
    "RuleVulnerabilityJudge": [{"grade": flags, "end": None}],
    # Rules of instructions.
    **{name: [{"count": 2}] for name in ("Sentences", "Words", "Sections", "Placeholders", "Highlights", "Bullets")},
    "Paragraphs": [{"count": 2}, {"count": 2, "separator": "***"}],
    "CapitalWords": [{"count": 2}],
    "FirstWord": [{"word": "So"}],
    "ForbiddenWords": [{"words": ["maybe", "x"]}],
    "RequiredWords": [{"words": ["answer", "x"]}],
    "KeywordFrequency": [{"keyword": "a", "count": 2}],
    "LetterFrequency": [{"letter": "a", "count": 2}],
    "Opening": [{"phrase": "So that"}],
    **{name: [{"count": 2}] for name in ("Numbers", "Palindromes", "UniqueWords")},
    **{name: [{"words": ["answer", "x"], "count": 2}] for name in ("DistinctWords", "WordsAmong")},
    "ChangedFirstWord": [{"text": "What is it?"}],
    "Exactly": [{"options": ["A", "B or C"]}],
    "GrowingSentences": [{"step": 1}],
    "JapaneseWords": [{"every": 2}],
    "KeywordCounts": [{"keywords": ["a", "x"], "counts": [1, 2]}],
    "MarkedList": [{"marker": "-"}],
    "NumberList": [{"numbers": [1, 2]}],
    "Overlap": [{"reference": "the answer is no number", "percent": 50}],
    "SentenceKinds": [{"statements": 1, "questions": 1}],
    "SentenceWord": [{"word": "answer", "sentence": 1}],
    "Table": [{"header": ["a", "b"], "rows": 1}],
    "Template": [{"labels": ["Answer:"]}],
    "WordPlaces": [{"word": "answer"}],
    "WordRange": [{"least": 2, "most": 9}],
    "WordRepeats": [{"most": 2}],
    "Ending": [{"phrase": "no."}],
    "OneOf": [{"options": ["A", "B or C"]}],
}

NODES: dict[str, Callable[[], Reward]] = {
    "sum": lambda: MathJudge() + 0.2 * FormatJudge() - 0.1 * TooLong(20, unit="words"),
    "product": lambda: MathJudge() * FormatJudge(),
    "all, any, not": lambda: (MathJudge() & FormatJudge()) | ~RepetitionJudge(),
    "gate": lambda: MathJudge().gate(LengthJudge(maximum=50, unit="words"), otherwise=-1.0),
    "route": lambda: Route("task", math=MathJudge(), chat=FormatJudge()),
    "cascade": lambda: Cascade(MathJudge(), FormatJudge()),
    "scale and clip": lambda: (2 * JSONJudge(SCHEMA, credit="partial")).clip(0, 1).scale(-1, 1),
    "robust": lambda: robust(MathJudge(), FormatJudge(), radius=0.1),
    "schedule": lambda: ExactJudge() - divides.schedule(Linear(0.5, 1.0, steps=10)),
    "standardize": lambda: ExactJudge() + FormatJudge().standardize("format"),
    "hapo": lambda: HAPO(ExactJudge(), unit="words"),
    "constrained": lambda: Constrained(
        ExactJudge() + FormatJudge(),
        costs={"long": TooLong(20, unit="words"), "odd": divides},
        limits={"long": 0, "odd": 0},
    ),
    "function": lambda: Function(brevity, -1.0, 0.0) + FormatJudge(),
    "nearness to successes": lambda: SelfReference(None, LengthJudge(maximum=9)),
    "structured": lambda: structured_reward(["a", "answer"]),
    "vulnerability": lambda: vulnerability_reward(RuleVulnerabilityJudge(flags, end=None)),
    "constraint": lambda: ExactJudge().gate(MixtureOfJudges([KeyCoverageJudge(["a"]), NoCommas()])),
    "reward model": lambda: RewardModel(length),
    "pairs by a function": lambda: AnchorWinReward(PairwiseFunction(longer)),
    "pairs by a parrot": lambda: AnchorWinReward(PairwiseLLM(Parrot("1"))),
    "pairs by a jammed model": lambda: AnchorWinReward(PairwiseLLM(Jammed("1"), retries=0), form="logit"),
    "pairs by scores": lambda: AnchorWinReward(Scored(RubricJudge(Parrot(GRADES), CRITERIA, template=TOGETHER), tau=1)),
    "penalties of models": lambda: (
        2.0 - LLMJudge(Jammed("yes"), ASK, retries=0) - AnchorWinReward(PairwiseFunction(longer))
    ),
}
# Nodes with a real model, which are made only to be hunted: they import torch.
MODELS: dict[str, Callable[[], Reward]] = {
    "a reward model, calibrated": lambda: reward_model().calibrated(),
    "a local model": lambda: LLMJudge(local_model(), ASK, floor=0.0).as_reward(),
    "a verdict model": lambda: AnchorWinReward(verdict_model()),
}
RELATIVE = ("nearness to successes",)  # what a completion earns depends on those beside it, and is meant to
SMALL_BATCHES = ("CodeJudge", "model", "Jammed")  # dear ones
