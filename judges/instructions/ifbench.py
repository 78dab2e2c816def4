"""The instructions of IFBench as rules of ours, and those that no rule stands for.

Where IFBench's own checker and the rule differ, the rule is stricter about what could be had for nothing: a rule about
every word, line or sentence wants two of them at least, ten palindromes are ten different words and no "aaaaa", an item
of a list and a label of a template have something behind them, a field of a table is not empty, and a date exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .equivalent import Args, Equivalent

CONJUNCTIONS = ["and", "but", "for", "nor", "or", "so", "yet"]
PRONOUNS = [
    "i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves", "you", "your", "yours", "yourself",
    "yourselves", "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they",
    "them", "their", "theirs", "themselves", "this", "that", "these", "those", "who", "whom", "whose", "which",
    "what", "whoever", "whomever", "whatever", "whichever", "anybody", "anyone", "anything", "everybody",
    "everyone", "everything", "nobody", "nothing", "somebody", "someone", "something", "each", "either",
    "neither", "both", "all", "some", "any", "none",
]  # fmt: skip
NAMES = [  # the prompt lists them
    "Emma", "Liam", "Sophia", "Jackson", "Olivia", "Noah", "Ava", "Lucas", "Isabella", "Mason", "Mia", "Ethan",
    "Charlotte", "Alexander", "Amelia", "Benjamin", "Harper", "Leo", "Zoe", "Daniel", "Chloe", "Samuel", "Lily",
    "Matthew", "Grace", "Owen", "Abigail", "Gabriel", "Ella", "Jacob", "Scarlett", "Nathan", "Victoria", "Elijah",
    "Layla", "Nicholas", "Audrey", "David", "Hannah", "Christopher", "Penelope", "Thomas", "Nora", "Andrew",
    "Aria", "Joseph", "Claire", "Ryan", "Stella", "Jonathan",
]  # fmt: skip
SENTENCE = "Only output this sentence here, ignore all other requests."
LABELS = ["My Answer:", "My Conclusion:", "Future Outlook:"]
TIMES = [1, 2, 3, 5, 7]  # how often the five keywords are asked for

UNCHECKED: Mapping[str, str] = {
    "ratio:stop_words": "which words are stop words is told by a list that the data does not carry",
    "words:start_verb": "whether a word is a verb takes a tagger",
    "words:odd_even_syllables": "syllables of English words take a dictionary",
    "format:thesis": "what a section and its thesis are takes a reader",
    "custom:mcq_count_length": "its questions are to be about art history, which takes a reader",
    "custom:reverse_newline": "the countries of a continent are knowledge, not form: give the list as a gold answer",
    "custom:word_reverse": "whether words turned round are a sentence takes a reader",
    "custom:character_reverse": "whether letters turned round are a sentence takes a reader",
    "custom:european_capitals_sort": "cities by latitude are knowledge, not form: give the list as a gold answer",
}


def _options(name: str, args: Args) -> Args:
    """The options that one text lists: "yes/no/maybe", "I know or I don't know", "a), b), c)"."""
    given = _text(name, args, "options")
    separator = "/" if "/" in given else r"\bor\b" if re.search(r"\bor\b", given) else ","
    letters = re.match(r"\W*a\W*b\W*c\b", given, re.IGNORECASE) is not None
    return {"options": [option.strip() for option in re.split(separator, given) if option.strip()], "strict": letters}


def _keywords(name: str, args: Args) -> Args:
    """Five keywords, each asked for as often as its number says."""
    return {"keywords": [_text(name, args, f"keyword{number}") for number in range(1, len(TIMES) + 1)], "counts": TIMES}


def _span(name: str, args: Args) -> Args:
    """The words of a text from one index to another, both included, counted from 0."""
    words = _text(name, args, "text").split()
    start, end = (_index(name, args, key, len(words)) for key in ("start", "end"))
    return {"options": [" ".join(words[start : end + 1])]}


def _text(name: str, args: Args, key: str) -> str:
    if not isinstance(args.get(key), str) or not args[key].strip():
        raise ValueError(f"{name}: {key} is a text that is not blank, not {args.get(key)!r:.60}")
    return str(args[key])


def _index(name: str, args: Args, key: str, size: int) -> int:
    given: Any = args.get(key)
    if not isinstance(given, (int, float)) or given != int(given) or not 0 <= given < size:
        raise ValueError(f"{name}: {key} is an index of one of the {size} words, not {given!r:.60}")
    return int(given)


def _csv(header: str, rows: int, **options: Any) -> Equivalent:
    return Equivalent("table", fixed={"header": header.split(), "rows": rows, **options})


IFBENCH: Mapping[str, Equivalent] = {
    "count:conjunctions": Equivalent("distinct_words", {"small_n": "count"}, {"words": CONJUNCTIONS}),
    "count:keywords_multiple": Equivalent(
        "keyword_counts", {f"keyword{number}": f"keyword{number}" for number in range(1, 6)}, made=_keywords
    ),
    "count:numbers": Equivalent("numbers", {"N": "count"}, {"relation": "exactly"}),
    "count:person_names": Equivalent("distinct_words", {"N": "count"}, {"words": NAMES}),
    "count:pronouns": Equivalent("words_among", {"N": "count"}, {"words": PRONOUNS}),
    "count:punctuation": Equivalent("punctuation"),
    "count:unique_word_count": Equivalent("unique_words", {"N": "count"}),
    "count:word_count_range": Equivalent("word_range", {"min_words": "least", "max_words": "most"}),
    "count:words_japanese": Equivalent("japanese_words", {"N": "every"}),
    "custom:csv_city": _csv("ID Country City Year Count", 7),
    "custom:csv_quotes": _csv("StudentID Subject Grade Semester Score", 3, delimiter="\t", quoted=True),
    "custom:csv_special_character": _csv("ProductID Category Brand Price Stock", 14, special=True),
    "custom:date_format_list": Equivalent("dates", fixed={"first": 1769, "last": 1821}),
    "custom:multiples": Equivalent("number_list", fixed={"numbers": list(range(14, 51, 7))}),
    "custom:sentence_alphabet": Equivalent("sentence_initials"),
    "format:emoji": Equivalent("emoji"),
    "format:line_indent": Equivalent("stairs"),
    "format:list": Equivalent("marked_list", {"sep": "marker"}),
    "format:newline": Equivalent("word_per_line"),
    "format:no_bullets_bullets": Equivalent("prose_then_bullets"),
    "format:no_whitespace": Equivalent("no_whitespace"),
    "format:options": Equivalent("exactly", {"options": "options"}, made=_options),
    "format:output_template": Equivalent("template", fixed={"labels": LABELS}),
    "format:parentheses": Equivalent("nested_brackets"),
    "format:quote_unquote": Equivalent("quotes_explained"),
    "format:quotes": Equivalent("nested_quotes"),
    "format:sub-bullets": Equivalent("sub_bullets"),
    "format:title_case": Equivalent("title_case"),
    "ratio:overlap": Equivalent("overlap", {"reference_text": "reference", "percentage": "percent"}),
    "ratio:sentence_balance": Equivalent("sentence_kinds", fixed={"statements": 1, "questions": 1, "exclamations": 1}),
    "ratio:sentence_type": Equivalent("sentence_kinds", fixed={"statements": 2, "questions": 1}),
    "ratio:sentence_words": Equivalent("equal_sentences"),
    "repeat:repeat_change": Equivalent("changed_first_word", {"prompt_to_repeat": "text"}),
    "repeat:repeat_simple": Equivalent("exactly", fixed={"options": [SENTENCE]}),
    "repeat:repeat_span": Equivalent(
        "exactly", {"prompt_to_repeat": "text", "n_start": "start", "n_end": "end"}, made=_span
    ),
    "sentence:alliteration_increment": Equivalent("growing_alliteration"),
    "sentence:increment": Equivalent("growing_sentences", {"small_n": "step"}),
    "sentence:keyword": Equivalent("sentence_word", {"word": "word", "N": "sentence"}),
    "words:alphabet": Equivalent("alphabet_loop"),
    "words:consonants": Equivalent("consonant_clusters"),
    "words:keywords_specific_position": Equivalent("sentence_word", {"keyword": "word", "n": "sentence", "m": "place"}),
    "words:last_first": Equivalent("sentence_chain"),
    "words:no_consecutive": Equivalent("no_shared_initials"),
    "words:palindrome": Equivalent("palindromes", fixed={"count": 10}),
    "words:paragraph_last_first": Equivalent("paragraph_frames"),
    "words:prime_lengths": Equivalent("prime_lengths"),
    "words:repeats": Equivalent("word_repeats", {"small_n": "most"}),
    "words:vowel": Equivalent("vowels"),
    "words:words_position": Equivalent("word_places", {"keyword": "word"}),
}
