"""The reference answer of a data set column: bare, wrapped, a list, or at the end of a worked solution."""

from __future__ import annotations

import ast
import re

from .boxes import last_boxes
from .escapes import restored_boxes
from .extract import CONCLUSION, LEAD_IN, LONGEST_CLAUSE, PHRASE, joined, outside_boxes, stated
from .formulas import CONNECTING, formulas, without


def gold_text(solution: str) -> str:
    r"""The reference answer in a bare answer, a wrapped one (`$…$`, `\boxed{…}`, `#### 18`) or a worked solution."""
    listed = _written_list(solution)
    if listed:
        return listed
    solution = restored_boxes(solution)
    boxes = last_boxes(solution)
    if boxes is not None:
        return joined(boxes) if boxes else ""
    if "####" in solution:
        return solution.rpartition("####")[2].strip().partition("\n")[0]
    spans = formulas(solution)
    outside = without(solution, spans)
    if not spans:
        return stated(solution) or LEAD_IN.sub("", solution)
    if CONNECTING.fullmatch(outside) or len(outside.split()) <= 3:
        return solution
    if not CONCLUSION.search(outside) and not PHRASE.search(solution):
        return solution  # prose with formulas is one statement, of which a formula alone is a fragment
    return outside_boxes(solution, "anywhere").text or solution


def _written_list(gold: str) -> str:
    """The items of a Python list of strings, as some data sets write several answers: `['3', '5']`."""
    if not _LIST_OF_STRINGS.match(gold) or len(gold) > LONGEST_CLAUSE:
        return ""
    try:
        items = ast.literal_eval(gold.strip())
    except (ValueError, SyntaxError):
        return ""
    return ", ".join(items) if items and all(isinstance(item, str) for item in items) else ""


_LIST_OF_STRINGS = re.compile(r"\s{0,9}[\[(]\s{0,9}['\"]")
