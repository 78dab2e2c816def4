"""Rules about the answer as a whole: how it begins and ends, what it is wrapped in, what it is made of."""

from __future__ import annotations

from collections.abc import Sequence

from ..json.extract import extract
from ..json.strict import Malformed
from .arguments import as_flag, as_text, as_texts
from .rule import Finding, Rule
from .words import has_word, occurrences, plain

_QUOTES = {'"': '"', "“": "”", "”": "”", "„": "“”", "«": "»", "»": "«", "＂": "＂"}
_CLOSING = "".join(set("".join(_QUOTES.values())))
_FENCE = "```"
_SHOWN = 200


class JSON(Rule):
    """The whole answer is one JSON object or array, bare or in one fenced block.

    A text or number by itself is JSON too, but nobody who asks for JSON means it. Not JSON: NaN, equal keys, text
    around it. For schemas and contents there is `JSONJudge`.
    """

    def examine(self, answer: str) -> Finding:
        try:
            value = extract(_unfenced(answer), "strict").value
        except Malformed as error:
            return Finding(False, "JSON", f"{error.problem}: {error.detail}")
        return Finding(isinstance(value, (dict, list)), "JSON", type(value).__name__)


class Opening(Rule):
    """The answer begins with `phrase`, whatever its case and white space."""

    def __init__(self, phrase: str) -> None:
        self.phrase = as_text("phrase", phrase)

    def examine(self, answer: str) -> Finding:
        wanted = _folded(self.phrase)
        begins = _folded(answer[: _reach(self.phrase)])
        return Finding(begins.startswith(wanted), f"begins with {self.phrase!r:.200}", begins[: len(wanted)][:_SHOWN])


class Ending(Rule):
    """The answer ends with `phrase`, whatever its case and white space, and nothing follows but a closing quote."""

    def __init__(self, phrase: str) -> None:
        self.phrase = as_text("phrase", phrase)

    def examine(self, answer: str) -> Finding:
        wanted = _folded(self.phrase)
        ends = _folded(answer[-_reach(self.phrase) :])
        kept = ends.endswith(wanted) or ends.rstrip(_CLOSING).endswith(wanted.rstrip(_CLOSING))
        return Finding(kept, f"ends with {self.phrase!r:.200}", ends[-len(wanted) :][-_SHOWN:])


class Quoted(Rule):
    """The whole answer is wrapped in double quotes, straight or typographic, with something inside."""

    def examine(self, answer: str) -> Finding:
        closing = _QUOTES.get(answer[:1], "")
        kept = len(answer) > 2 and answer[-1] in closing and has_word(answer)
        return Finding(kept, "wrapped in double quotes", [answer[:10], answer[-10:]])


class TwoResponses(Rule):
    """Two different responses, with `separator` (six asterisks) between them.

    Pieces without a letter or digit do not count, so a separator may also stand at the beginning and the end.
    Responses that differ in case and white space only are not different.
    """

    def __init__(self, separator: str = "******") -> None:
        self.separator = as_text("separator", separator)

    def examine(self, answer: str) -> Finding:
        responses = [_folded(piece) for piece in answer.split(self.separator) if has_word(piece)]
        found = {"responses": len(responses), "different": len(set(responses))}
        return Finding(found == {"responses": 2, "different": 2}, "two different responses", found)


class OneOf(Rule):
    """Exactly one of `options` stands in the answer, whatever its case: naming two is no choice.

    ignore_case: without it the one that stands there has to be written as it was given; the others count as before.
    """

    def __init__(self, options: Sequence[str], *, ignore_case: bool = True) -> None:
        self.options = as_texts("options", options)
        self.ignore_case = as_flag("ignore_case", ignore_case)
        self.patterns = [occurrences(option) for option in self.options]

    def examine(self, answer: str) -> Finding:
        answer = plain(answer)
        there = [option for option, pattern in zip(self.options, self.patterns, strict=True) if pattern.search(answer)]
        exact = self.ignore_case or any(" ".join(option.split()) in " ".join(answer.split()) for option in there)
        return Finding(len(there) == 1 and exact, f"one of: {', '.join(map(repr, self.options))}", there)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _reach(phrase: str) -> int:
    """How much of the answer's end or beginning is looked at: room for the phrase with wide white space."""
    return 4 * len(phrase) + 100


def _unfenced(answer: str) -> str:
    """What stands in the fence, when the answer is one fenced block of JSON."""
    if len(answer) < 2 * len(_FENCE) or not (answer.startswith(_FENCE) and answer.endswith(_FENCE)):
        return answer
    first, newline, rest = answer[len(_FENCE) : -len(_FENCE)].partition("\n")
    return rest if newline and first.strip().lower() in ("", "json") else answer
