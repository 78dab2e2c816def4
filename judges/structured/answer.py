"""Where the JSON of an answer stands and what it says: the one reading that the judges of this folder share.

The payload is the content of a fence that is the whole answer, else that of the first closed fence, else everything.
It has to be JSON without NaN and Infinity whose top level is an object; of equal keys the last one counts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from ..json.strict import NOT_FINITE, SYNTAX, TOO_DEEP, TOO_MANY_DIGITS
from ..sample import Sample

NOT_AN_OBJECT = "not an object"
MARK = "```"
_FENCE = re.compile(r"```(json)?[ \t]*\n(.*?)\n?```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read once.

    Attributes:
        payload: the text that should be JSON.
        outer: "bare" when the answer is nothing but braces and what is between them, "fenced" when it is one fence,
            else "". Whether the payload parses does not matter.
        value: the object, or None.
        problem: why there is no object, or "".
    """

    payload: str
    outer: Literal["bare", "fenced", ""]
    value: dict[str, Any] | None
    problem: str = ""


def read(text: str) -> Answer:
    """Read an answer. Linear in its length; never raises.

    >>> read('```json\\n{"a": 1}\\n```')
    Answer(payload='{"a": 1}', outer='fenced', value={'a': 1}, problem='')
    >>> read("{'a': 1}")
    Answer(payload="{'a': 1}", outer='bare', value=None, problem='syntax error')
    """
    text = text.strip()
    whole = _FENCE.fullmatch(text)
    fence = whole or _FENCE.search(text)
    payload = text if fence is None else fence[2]
    bare = text.startswith("{") and text.endswith("}") and MARK not in text
    value, problem = _parsed(payload)
    return Answer(payload, "fenced" if whole else "bare" if bare else "", value, problem)


def read_sample(sample: Sample) -> Answer:
    """Read a row's answer; reasoning that a message keeps in a field of its own is no part of it."""
    text = sample.text
    if not isinstance(sample.completion, str) and text.startswith("<think>\n"):
        text = text.partition("\n</think>\n")[2]
    return read(text)


def _parsed(payload: str) -> tuple[dict[str, Any] | None, str]:
    try:
        value = _DECODER.decode(payload)
    except json.JSONDecodeError:
        return None, SYNTAX
    except RecursionError:
        return None, TOO_DEEP
    except OverflowError:  # what `_constant` raises
        return None, NOT_FINITE
    except ValueError:  # int() refuses more digits than sys.get_int_max_str_digits()
        return None, TOO_MANY_DIGITS
    return (value, "") if isinstance(value, dict) else (None, NOT_AN_OBJECT)


def _constant(name: str) -> NoReturn:
    raise OverflowError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_constant)
