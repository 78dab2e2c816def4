"""Rows of the official JSON-Schema-Test-Suite: `id`, `schema`, `instance`, `valid`.

Every installed validator is asked; both must agree with the suite.
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any

from jurybox.judges.json import JSONJudge

ENGINES = ["jsonschema", *(["jsonschema-rs"] if importlib.util.find_spec("jsonschema_rs") else [])]


def check_row(row: dict[str, Any]) -> str | None:
    """What was expected and what came, or None when the row is right."""
    text = json.dumps(row["instance"])
    for engine in ENGINES:
        verdict = JSONJudge(row["schema"], level="strict", engine=engine).verdict(text)
        if verdict.passed is not row["valid"]:
            return f"expected {'valid' if row['valid'] else 'invalid'}, came {verdict!r} from {engine}"
    return None
