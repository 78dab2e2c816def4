"""The table of rules, and how a row of a data set names one: `{"rule": "words", "args": {"count": 300}}`.

Arguments that are None count as not given: a table of rows with different arguments has to fill the gaps with
something. For the same reason rules and arguments may be given as JSON text.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .arguments import as_list
from .casing import CapitalWords, Lowercase, NoCommas, Uppercase
from .chains import (
    AlphabetLoop,
    EqualSentences,
    GrowingAlliteration,
    GrowingSentences,
    NoSharedInitials,
    ParagraphFrames,
    SentenceChain,
    SentenceInitials,
    SentenceWord,
    WordPlaces,
)  # fmt: skip
from .copying import ChangedFirstWord, Exactly, Overlap
from .forms import (
    Dates,
    MarkedList,
    NoWhitespace,
    ProseThenBullets,
    Stairs,
    SubBullets,
    Template,
    TitleCase,
    WordPerLine,
)  # fmt: skip
from .forms import (
    Table as TableRule,
)
from .keywords import ForbiddenWords, KeywordFrequency, LetterFrequency, RequiredWords
from .layout import Bullets, Highlights, Placeholders, Postscript, Sections, Title
from .lengths import FirstWord, Paragraphs, Sentences, Words
from .marks import (
    Emoji,
    NestedBrackets,
    NestedQuotes,
    NumberList,
    Numbers,
    Punctuation,
    QuotesExplained,
    SentenceKinds,
)  # fmt: skip
from .rule import Rule
from .vocabulary import (
    ConsonantClusters,
    DistinctWords,
    JapaneseWords,
    KeywordCounts,
    Palindromes,
    PrimeLengths,
    UniqueWords,
    Vowels,
    WordRange,
    WordRepeats,
    WordsAmong,
)  # fmt: skip
from .whole import JSON, Ending, OneOf, Opening, Quoted, TwoResponses

Table = Mapping[str, type[Rule]]

RULES: Table = {
    rule.name: rule
    for rule in (
        Paragraphs, Sentences, Words, Sections, Placeholders, Highlights, Bullets, FirstWord, Title, JSON, Postscript,
        ForbiddenWords, RequiredWords, KeywordFrequency, LetterFrequency, Lowercase, Uppercase, CapitalWords, NoCommas,
        Opening, Ending, Quoted, TwoResponses, OneOf,
        WordRange, UniqueWords, WordRepeats, DistinctWords, WordsAmong, KeywordCounts, Palindromes, PrimeLengths,
        ConsonantClusters, Vowels, JapaneseWords, AlphabetLoop, NoSharedInitials, SentenceChain, ParagraphFrames,
        SentenceInitials, GrowingSentences, GrowingAlliteration, EqualSentences, SentenceWord, WordPlaces, Punctuation,
        NestedBrackets, NestedQuotes, QuotesExplained, Emoji, SentenceKinds, Numbers, NumberList, WordPerLine, Stairs,
        MarkedList, SubBullets, ProseThenBullets, TitleCase, NoWhitespace, Template, TableRule, Dates, Exactly,
        ChangedFirstWord, Overlap,
    )
}  # fmt: skip


def rules_from(given: Any, table: Table = RULES) -> tuple[Rule, ...]:
    """The rules that one row asks for: a list of rules or a single one, as data or as JSON text; None is none.

    >>> rules_from([{"rule": "words", "args": {"count": 300, "relation": "less than"}}, {"rule": "no_commas"}])
    (Words(count=300, relation='less than'), NoCommas())

    Raises:
        ValueError: an unknown rule (the message names those that are spelled alike) or arguments it does not take.
    """
    value = parsed(given)
    if value is None:
        return ()
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    rules = []
    for place, one in enumerate(listed, start=1):
        try:
            rules.append(rule_from(one, table))
        except ValueError as error:
            raise ValueError(f"rule {place} of {len(listed)}: {error}" if len(listed) > 1 else str(error)) from None
    return tuple(rules)


def rule_from(given: Any, table: Table = RULES) -> Rule:
    """One rule: `{"rule": NAME, "args": {…}}`, or the bare name of a rule that needs no arguments.

    Raises:
        ValueError: see `rules_from`.
    """
    described = {"rule": given} if isinstance(given, str) else given
    if not isinstance(described, Mapping) or not {"rule"} <= described.keys() <= {"rule", "args"}:
        raise ValueError(f"a rule is written {{'rule': NAME, 'args': {{…}}}}, not {given!r:.80}")
    name = described["rule"]
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"there is no rule {name!r:.60}; {nearest(name, table)}")
    args = parsed(described.get("args"))
    if not isinstance(args or {}, Mapping):
        raise ValueError(f"{name}: args are a mapping from argument to value, not {args!r:.80}")
    given_args = {key: value for key, value in (args or {}).items() if value is not None}
    try:
        _check_arguments(table[name], given_args)
        return table[name](**given_args)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _check_arguments(rule: type[Rule], args: Mapping[str, Any]) -> None:
    """Raise ValueError when an argument is missing or none of the rule's."""
    parameters = _parameters(rule)  # type: ignore[arg-type]  # a class is hashable, whatever its objects say
    takes = ", ".join(parameters) or "no arguments"
    for name in args:
        if name not in parameters:
            raise ValueError(f"it takes {takes}, not {name!r:.60}")
    missing = [name for name, needed in parameters.items() if needed and name not in args]
    if missing:
        raise ValueError(f"the argument {missing[0]!r} is missing (it takes {takes})")


@functools.cache
def _parameters(rule: type[Rule]) -> Mapping[str, bool]:
    """The arguments that a rule takes, and whether each is needed."""
    parameters = inspect.signature(rule.__init__).parameters.values()
    named = [p for p in parameters if p.name != "self" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return {p.name: p.default is p.empty for p in named}


def parsed(given: Any) -> Any:
    """Data, read if it is JSON text; what is empty is None."""
    given = as_list(given)
    if not isinstance(given, str) or not given.lstrip().startswith(("{", "[")):
        return given or None
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"rules are data or JSON text, and this is neither ({error}): {given!r:.80}") from None


def nearest(name: Any, names: Iterable[str]) -> str:
    """For an error: which of the names are spelled like this one, or else all of them."""
    near = difflib.get_close_matches(str(name)[:60].lower().replace(" ", "_"), list(names), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(sorted(names))}"
