"""The head of a C++ function that a prompt ends with: what a stand-in for it, and a caller of it, have to say."""

from __future__ import annotations

import re
from typing import NamedTuple

NAME = re.compile(r"([A-Za-z_]\w*)\s*$")
OPENING, CLOSING = "<([{", ">)]}"


class Signature(NamedTuple):
    """A head, and what stands before it."""

    before: str
    result: str
    name: str
    parameters: str
    arguments: str

    @property
    def head(self) -> str:
        """The head as it was written."""
        return f"{self.result} {self.name}({self.parameters})"


def signature_of(prompt: str) -> Signature:
    """The last function that a prompt opens or declares.

    >>> signature_of("#include <vector>\\nint f(std::vector<int> v, const int &k = 3) {\\n")[1:]
    ('int', 'f', 'std::vector<int> v, const int &k = 3', 'v, k')

    Raises:
        ValueError: the prompt ends otherwise.
    """
    text = prompt.rstrip().removesuffix("{").rstrip().removesuffix(";").rstrip()
    start = _start_of_parameters(text)
    found = NAME.search(text[:start])
    line = text.rfind("\n", 0, found.start()) + 1 if found else 0
    result = text[line : found.start()].strip() if found else ""
    if not text.endswith(")") or found is None or not result:
        raise ValueError(f"C++ tests need a prompt that ends with the head of the function: {prompt[-80:]!r}")
    parameters = text[start + 1 : -1].strip()
    names = [_name(part) for part in _split(parameters)]
    return Signature(text[:line], result, found[1], parameters, ", ".join(names))


def _start_of_parameters(text: str) -> int:
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return 0


def _split(parameters: str) -> list[str]:
    parts, depth = [""], 0
    for each in parameters:
        depth += (each in OPENING) - (each in CLOSING)
        if each == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += each
    return [part for part in parts if part.strip()]


def _name(parameter: str) -> str:
    found = NAME.search(parameter.partition("=")[0])
    if found is None:
        raise ValueError(f"a parameter without a name: {parameter.strip()!r}")
    return found[1]
