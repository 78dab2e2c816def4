"""What is hunted: every judge that ships and every node of a reward, with columns that are in order.

The columns matter: gold answers, tests, schemas and rules here are readable, so a judge that abstains was made to
abstain by the completion.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jurybox.judges

from ...judges import (
    ExactJudge,
    FormatJudge,
    FunctionJudge,
    JSONJudge,
    Judge,
    LengthJudge,
    MathJudge,
    RepetitionJudge,
    Sample,
    TooLong,
    judge,
)
from ...judges.llm import Scripted
from ...rewards import Cascade, Reward, Route, robust

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string", "pattern": "^(x+x+)+y$"}},
    "required": ["a"],
}
RECURSIVE = {
    "$defs": {
        "node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "value": {"type": "integer"}}}
    },
    "type": "object",
    "properties": {"name": {"type": "string"}, "answer": {"type": "integer"}, "tree": {"$ref": "#/$defs/node"}},
    "required": ["name", "answer"],
}
RULES = ["no_commas", "lowercase", "json", "quoted", {"rule": "sentences", "args": {"count": 3}}]
CHECKLIST = {"prediction": "an overflow", "localization": "the copy", "reasoning": "n has no bound"}
GOLDS = [
    "1/2",
    r"$\frac{3}{7}$",
    "x=2",
    "[1,2)",
    "42",
    r"\boxed{7}",
    "0.05",
    r"\{1,2,3\}",
    r"2\sqrt{3}",
    "12 cm",
    r"x^2+1",
]
GOLDS += [r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "A", r"\frac{\pi}{4}", "(3, -1)", "1000000"]
COLUMNS: dict[str, Sequence[Any]] = {
    "solution": GOLDS,
    "tests": [[{"stdin": "1", "stdout": "2"}], ["assert f(2) == 4", "assert f(3) == 9"]],
    "instructions": [RULES],
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
}


def flags(sample: Sample) -> dict[str, str]:
    """A rule that grades a report about vulnerable code."""
    return {"prediction": "CORRECT" if "HAS_VUL" in sample.text else "INCORRECT"}


@judge
def says_so(completion, solution):
    """A user's own function."""
    return completion == solution


# What to make a judge with; one that is not listed is made without arguments.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "FormatJudge": [{}, {"pattern": r"^(a+)+$"}, {"tags": ["think", "answer"]}, {"pattern": r"(?s)<think>.*</think>"}],
    "JSONJudge": [
        {},
        {"schema": SCHEMA},
        {"schema": SCHEMA, "level": "repair", "credit": "partial"},
        {"schema": RECURSIVE, "credit": "partial"},
        {"level": "strict"},
    ],
    "ExactJudge": [{}, {"choices": "ABCD"}, {"unicode": "NFKC", "ignore_punctuation": True, "ignore_case": True}],
    "LengthJudge": [
        {"maximum": 20},
        {"target": 100, "tolerance": 50, "unit": "characters"},
        {"maximum": 9, "cosine": True},
    ],
    "TooLong": [{"maximum": 20}],
    "RepetitionJudge": [{}, {"n": 1, "max_share": 0.5}],
    "CodeJudge": [{"allow_bare": True}],
    "IFEvalJudge": [{}],
    "InstructionJudge": [{}],
    "LLMJudge": [{"complete": Scripted("no"), "template": "Is {{completion}} good? Answer {{labels}}."}],
    "LLMVulnerabilityJudge": [{"complete": Scripted("CORRECT / PARTIALLY CORRECT / CORRECT"), "end": None}],
    "MixtureOfJudges": [{"judges": [ExactJudge(), LengthJudge(maximum=20)]}],
    "KeyCoverageJudge": [{"keys": ["a", "answer"]}],
    "OutsideLength": [{"maximum": 20, "unit": "characters"}],
    "MathJudge": [{}, {"boxes": "last", "strict": False, "units": "required"}, {"tolerance": 0.01}],
    "RubricJudge": [
        {
            "complete": Scripted('{"right": "no", "short": "yes"}'),
            "rubric": {"right": "Is it right?", "short": "Is it short?"},
            "template": "{{criteria}}\n{{completion}}\n{{form}}",
        }
    ],
    "RuleVulnerabilityJudge": [{"grade": flags, "end": None}],
}


@dataclass(frozen=True)
class Target:
    """One thing under attack. `batch` is how many completions it is given at once."""

    name: str
    judge: Judge | Reward
    columns: Mapping[str, Sequence[Any]]
    batch: int = 200

    def rows(self, count: int, rng: random.Random) -> dict[str, list[Any]]:
        """Columns for `count` completions."""
        return {name: [rng.choice(values) for _ in range(count)] for name, values in self.columns.items()}


def exported() -> list[type[Judge]]:
    """The judge classes that `jurybox.judges` exports, `Judge` itself among them."""
    found = (getattr(jurybox.judges, name) for name in jurybox.judges.__all__)
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, Judge)]


def shipped() -> Iterator[Judge]:
    """Every judge that ships, made in the ways it is used, and one of a user's own."""
    yield says_so
    for kind in exported():
        if kind not in (Judge, FunctionJudge):
            yield from (kind(**arguments) for arguments in ARGUMENTS.get(kind.__qualname__, [{}]))


NODES: dict[str, Callable[[], Reward]] = {
    "sum": lambda: MathJudge() + 0.2 * FormatJudge() - 0.1 * TooLong(20, unit="words"),
    "product": lambda: MathJudge() * FormatJudge(),
    "all, any, not": lambda: (MathJudge() & FormatJudge()) | ~RepetitionJudge(),
    "gate": lambda: MathJudge().gate(LengthJudge(maximum=50, unit="words"), otherwise=-1.0),
    "route": lambda: Route("task", math=MathJudge(), chat=FormatJudge()),
    "cascade": lambda: Cascade(MathJudge(), FormatJudge()),
    "scale and clip": lambda: (2 * JSONJudge(SCHEMA, credit="partial")).clip(0, 1).scale(-1, 1),
    "robust": lambda: robust(MathJudge(), FormatJudge(), radius=0.1),
}


def targets(named: str | None = None) -> list[Target]:
    """Everything that is hunted; with `named`, what has these letters in its name."""
    found = [Target(repr(one), one, _columns(one), batch=20 if one.name == "code" else 200) for one in shipped()]
    found += [
        Target(f"{name}: {node!r}", node, COLUMNS) for name, node in ((name, make()) for name, make in NODES.items())
    ]
    return [target for target in found if named is None or named.lower() in target.name.lower()]


def _columns(one: Judge) -> Mapping[str, Sequence[Any]]:
    """The columns it reads, and the letters of the options where it reads a choice."""
    columns = {name: COLUMNS[name] for name in (*one.columns, *one.optional) if name in COLUMNS}
    return {**columns, "solution": list("ABCD")} if getattr(one, "choices", None) else columns
