r"""What really counts in the two strata: the answer is right, and the whole completion has the form asked for.

\boxed{111}                        right
8+3=11;4+6+1=11;\boxed{111}        right
8+3=11;4+6+1=11;8+3=11;4+6+1=      no answer: wrong, and of no form
{"name":"ann","age":37}            right
sure! {"name":"ann","age":37}      right, but no parser accepts the whole
"""

import json
import re

from ....judges import FormatJudge, JSONJudge, Judge, judge
from ....judges.mixture import MixtureOfJudges
from ..tasks import RECORD_SCHEMA

# Two workings fit, three do not.
ARITHMETIC_FORM = r"[0-9+=;]{0,33}\\boxed\{\d{1,3}\}"
BOXED = re.compile(r"\\boxed\{(\d+)\}")
BRACES = re.compile(r"\{[^{}]*\}")


@judge
def right_sum(completion: str, solution: str) -> bool:
    """Whether the last boxed number is the sum."""
    found = BOXED.findall(completion)
    return bool(found) and found[-1] == solution


@judge
def right_record(completion: str, expected: str) -> bool:
    """Whether name and age inside the first braces are those of the record, whatever stands around."""
    found = BRACES.search(completion)
    try:
        record = json.loads(found[0]) if found else None
    except ValueError:
        return False
    wanted = json.loads(expected)
    return isinstance(record, dict) and all(record.get(key) == value for key, value in wanted.items())


def right(task: str) -> Judge:
    """The judge of a task's answers."""
    return {"arithmetic": right_sum, "records": right_record}[task]


def form(task: str) -> Judge:
    """The judge of a task's form."""
    if task == "arithmetic":
        return FormatJudge(ARITHMETIC_FORM)
    return JSONJudge(RECORD_SCHEMA, level="strict")


def constraints(task: str) -> list[Judge]:
    """The judges of a task."""
    return [right(task), form(task)]


def constraint(task: str) -> MixtureOfJudges:
    """All judges of a task as one."""
    return MixtureOfJudges(constraints(task))
