"""Instructions that a program can check: counts, keywords, layout, case, and the shape of the whole answer."""

from .arguments import RELATIONS, Relation
from .casing import CapitalWords, Lowercase, NoCommas, Uppercase
from .ifeval import IFEvalJudge, ifeval_rules
from .judge import InstructionJudge
from .keywords import ForbiddenWords, KeywordFrequency, LetterFrequency, RequiredWords
from .layout import Bullets, Highlights, Placeholders, Postscript, Sections, Title
from .lengths import FirstWord, Paragraphs, Sentences, Words
from .rule import CountingRule, Finding, Rule
from .table import RULES, rules_from
from .whole import JSON, Ending, OneOf, Opening, Quoted, TwoResponses

__all__ = [
    "JSON",
    "RELATIONS",
    "RULES",
    "Bullets",
    "CapitalWords",
    "CountingRule",
    "Ending",
    "Finding",
    "FirstWord",
    "ForbiddenWords",
    "Highlights",
    "IFEvalJudge",
    "InstructionJudge",
    "KeywordFrequency",
    "LetterFrequency",
    "Lowercase",
    "NoCommas",
    "OneOf",
    "Opening",
    "Paragraphs",
    "Placeholders",
    "Postscript",
    "Quoted",
    "Relation",
    "RequiredWords",
    "Rule",
    "Sections",
    "Sentences",
    "Title",
    "TwoResponses",
    "Uppercase",
    "Words",
    "ifeval_rules",
    "rules_from",
]
