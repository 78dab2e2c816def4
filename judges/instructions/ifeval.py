"""Data sets in the form of IFEval and IFBench: a list of instruction ids in one column, their arguments in another.

Every id is one of our rules under another name. Where IFEval's own checker and the rule differ, the rule is stricter
about what could be had for nothing (a number is no JSON answer, a bullet needs its space, a section its own line, an
emphasis in asterisks is no divider). Words are counted as IFEval counts them, where apostrophes and hyphens divide;
`InstructionJudge` with the rule "words" joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..sample import Sample
from .equivalent import Equivalent
from .ifbench import IFBENCH, UNCHECKED
from .judge import CreditRule, InstructionJudge
from .rule import Rule
from .table import nearest, parsed, rules_from

INSIDE = {"whole_words": False}  # IFEval finds its keywords inside longer words too
CHOICES = ["My answer is yes.", "My answer is no.", "My answer is maybe."]


IFEVAL: Mapping[str, Equivalent] = {
    "change_case:capital_word_frequency": Equivalent(
        "capital_words", {"capital_frequency": "count", "capital_relation": "relation"}, {"letters": 1}
    ),
    "change_case:english_capital": Equivalent("uppercase"),
    "change_case:english_lowercase": Equivalent("lowercase"),
    "combination:repeat_prompt": Equivalent("opening", {"prompt_to_repeat": "phrase"}),
    "combination:two_responses": Equivalent("two_responses"),
    "detectable_content:number_placeholders": Equivalent("placeholders", {"num_placeholders": "count"}),
    "detectable_content:postscript": Equivalent("postscript", {"postscript_marker": "marker"}),
    "detectable_format:constrained_response": Equivalent("one_of", fixed={"options": CHOICES, "ignore_case": False}),
    "detectable_format:json_format": Equivalent("json"),
    "detectable_format:multiple_sections": Equivalent(
        "sections", {"num_sections": "count", "section_spliter": "marker"}
    ),
    "detectable_format:number_bullet_lists": Equivalent("bullets", {"num_bullets": "count"}, {"relation": "exactly"}),
    "detectable_format:number_highlighted_sections": Equivalent("highlights", {"num_highlights": "count"}),
    "detectable_format:title": Equivalent("title"),
    "keywords:existence": Equivalent("required_words", {"keywords": "words"}, INSIDE),
    "keywords:forbidden_words": Equivalent("forbidden_words", {"forbidden_words": "words"}),
    "keywords:frequency": Equivalent(
        "keyword_frequency", {"keyword": "keyword", "frequency": "count", "relation": "relation"}, INSIDE
    ),
    "keywords:letter_frequency": Equivalent(
        "letter_frequency", {"letter": "letter", "let_frequency": "count", "let_relation": "relation"}
    ),
    "language:response_language": Equivalent(
        "language", {"language": "language"}
    ),  # no such rule here; see IFEvalJudge
    "length_constraints:nth_paragraph_first_word": Equivalent(
        "first_word", {"first_word": "word", "nth_paragraph": "paragraph", "num_paragraphs": "paragraphs"}
    ),
    "length_constraints:number_paragraphs": Equivalent(
        "paragraphs", {"num_paragraphs": "count"}, {"relation": "exactly", "separator": "***"}
    ),
    "length_constraints:number_sentences": Equivalent("sentences", {"num_sentences": "count", "relation": "relation"}),
    "length_constraints:number_words": Equivalent(
        "words", {"num_words": "count", "relation": "relation"}, {"joined": False}
    ),
    "punctuation:no_comma": Equivalent("no_commas"),
    "startend:end_checker": Equivalent("ending", {"end_phrase": "phrase"}),
    "startend:quotation": Equivalent("quoted"),
}
INSTRUCTIONS: Mapping[str, Equivalent] = {**IFEVAL, **IFBENCH}


def ifeval_rules(instruction_id_list: Any, kwargs: Any) -> list[dict[str, Any]]:
    """The rules of an IFEval row in our own form, for the column that `InstructionJudge` reads.

    >>> ifeval_rules(["length_constraints:number_words"], [{"num_words": 300, "relation": "less than"}])
    [{'rule': 'words', 'args': {'count': 300, 'relation': 'less than', 'joined': False}}]

    Arguments that are None are left out; both lists, and each entry of `kwargs`, may be JSON text.

    Raises:
        ValueError: an unknown id (the message names those that are spelled alike), an argument that the instruction
            does not have, or lists of different lengths.
    """
    ids, given = parsed(instruction_id_list) or [], parsed(kwargs) or []
    if not _is_list(ids) or not _is_list(given) or len(ids) != len(given):
        raise ValueError(
            f"instruction_id_list and kwargs are lists of the same length, not {ids!r:.60} and {given!r:.60}"
        )
    return [_rule(name, parsed(args) or {}) for name, args in zip(ids, given, strict=True)]


def _rule(name: Any, args: Any) -> dict[str, Any]:
    if isinstance(name, str) and name in UNCHECKED:
        raise ValueError(f"{name} cannot be checked here: {UNCHECKED[name]}")
    if not isinstance(name, str) or name not in INSTRUCTIONS:
        raise ValueError(f"there is no instruction {name!r:.60}; {nearest(name, INSTRUCTIONS)}")
    rule, names, fixed, made = INSTRUCTIONS[name]
    if not isinstance(args, Mapping):
        raise ValueError(f"{name}: kwargs are a mapping from argument to value, not {args!r:.80}")
    there = {key: value for key, value in args.items() if value is not None}
    for key in there:
        if key not in names:
            raise ValueError(f"{name}: it takes {', '.join(names) or 'no arguments'}, not {key!r:.60}")
    renamed = {names[key]: value for key, value in there.items()}
    return {"rule": rule, "args": (made(name, renamed) if made else renamed) | dict(fixed)}


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


class IFEvalJudge(InstructionJudge):
    """An `InstructionJudge` that reads the two columns of IFEval and IFBench.

    >>> judge = IFEvalJudge()
    >>> judge.verdict("No, thanks.", instruction_id_list=["punctuation:no_comma"], kwargs=[{}]).evidence["broken"]
    ['no_commas']

    Reasons and `credit` are those of `InstructionJudge`. There is no rule for "language:response_language", because
    telling languages apart takes a model: rows that ask for it abstain, unless `rules` has a rule of your own with
    the name "language" and the argument `language`. Of IFBench's 58 instructions 49 are rules here; rows that ask for
    one of the others abstain and say why (`ifbench.UNCHECKED`).
    """

    name = "ifeval"

    def __init__(
        self,
        ids: str = "instruction_id_list",
        kwargs: str = "kwargs",
        *,
        credit: CreditRule = "all",
        rules: Sequence[type[Rule]] = (),
    ) -> None:
        super().__init__(ids, credit=credit, rules=rules)
        self.columns = (ids, kwargs)

    def rules_of(self, row: Mapping[str, Any] | Sample) -> tuple[Rule, ...]:
        """The rules that a row asks for."""
        ids, kwargs = self.columns
        return rules_from(ifeval_rules(row[ids], row[kwargs]), self.table)
