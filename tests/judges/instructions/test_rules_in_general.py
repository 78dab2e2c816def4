"""What holds of every rule: it stands alone, travels, reads the answer only, and is not slow on any text."""

from __future__ import annotations

import doctest
import importlib
import pickle
import pkgutil
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jurybox.judges.instructions as instructions
from jurybox.judges.instructions import RULES, Bullets, NoCommas, Paragraphs, Sentences, Words
from jurybox.judges.instructions.rule import MAX_CHARS
from jurybox.judges.instructions.words import occurrences, words

ARGUMENTS = {
    "changed_first_word": {"text": "the word x"},
    "distinct_words": {"words": ["deep sea", "a b"], "count": 1},
    "ending": {"phrase": "the end"},
    "exactly": {"options": ["yes", "no"]},
    "first_word": {"word": "the"},
    "forbidden_words": {"words": ["deep sea", "a b"]},
    "growing_sentences": {"step": 1},
    "japanese_words": {"every": 2},
    "keyword_counts": {"keywords": ["deep sea", "x"], "counts": [1, 2]},
    "keyword_frequency": {"keyword": "deep sea", "count": 1},
    "letter_frequency": {"letter": "x", "count": 1},
    "marked_list": {"marker": "- "},
    "number_list": {"numbers": [1, 2]},
    "one_of": {"options": ["yes", "no"]},
    "opening": {"phrase": "the word"},
    "overlap": {"reference": "a b c the word", "percent": 50},
    "required_words": {"words": ["deep sea c"]},
    "sentence_kinds": {"statements": 2, "questions": 1},
    "sentence_word": {"word": "the", "sentence": 2},
    "table": {"header": ["a", "b"], "rows": 2},
    "template": {"labels": ["a:", "b:"]},
    "word_places": {"word": "the"},
    "word_range": {"least": 1, "most": 2},
    "word_repeats": {"most": 2},
    "words_among": {"words": ["the", "a"], "count": 1},
}
COUNTED = (
    "paragraphs", "sentences", "words", "sections", "placeholders", "highlights", "bullets", "capital_words", "numbers",
    "palindromes", "unique_words",
)  # fmt: skip
EVERY = [rule(**ARGUMENTS.get(name, {"count": 1} if name in COUNTED else {})) for name, rule in RULES.items()]

REPEATED = [
    "x", ".", ". ", "! ", "a. ", "Mr. ", '"', '."', "[", "[a", "[a\n", "*", "*a", "*a ", "**a", "<", "<<a", "<a", "\n",
    "\n ", "- a\n", "- ", "* * *\n", "#*_>- \t", "a-", "a'", "1,", "e\u0301", "。", "字", "******", '{"a":', "Day 1\n",
    "P.S.\n", " . ", "deep ", "deep      ", "ABC ", "the word ", "\ud800", "1. ", "# ", "… a", "İ", "Section 1\n",
    "(a", "(", "([{", "'\"", "a 😀. ", "a,", '"",', "a\n",
]  # fmt: skip


def test_the_table_has_the_rule_types_of_the_paper():
    assert set(RULES) == {rule.name for rule in EVERY}
    assert len(RULES) >= 23
    assert all(rule.__doc__ for rule in RULES.values())


@pytest.mark.parametrize("rule", EVERY, ids=repr)
def test_a_rule_stands_alone_and_travels(rule):
    assert eval(repr(rule), vars(instructions)) == rule
    copied = pickle.loads(pickle.dumps(rule))
    assert copied == rule
    assert copied.verdict("A b.").replace(seconds=0.0) == rule.verdict("A b.").replace(seconds=0.0)


@pytest.mark.parametrize("rule", EVERY, ids=repr)
def test_no_text_is_slow(rule):
    size = 20_000
    for piece in REPEATED:
        text = piece * (size // len(piece)) + "a"
        start = time.process_time()
        rule.examine(text)
        assert time.process_time() - start < 0.5, piece  # quadratic would be minutes


@settings(max_examples=40)
@given(st.text(max_size=80))
def test_any_text_gets_a_finding(text):
    for rule in EVERY:
        verdict = rule.verdict(text)
        assert verdict.status == "scored", verdict
        assert verdict.passed == (verdict.reason == "kept")


def test_the_thinking_part_is_left_out():
    rule = NoCommas()
    assert rule.verdict("<think>a, b</think>c").passed
    assert rule.verdict([{"role": "assistant", "content": "c", "reasoning_content": "a, b"}]).passed
    assert not rule.verdict("<think>a</think>b, c").passed
    assert rule.verdict("<think>a b").reason == "unfinished thinking"


def test_a_text_beyond_all_measure_is_not_examined():
    assert NoCommas().verdict("x" * (MAX_CHARS + 1)).reason == "too long"
    assert NoCommas().verdict("x" * MAX_CHARS).passed


def test_rules_compose():
    both = Words(2) & NoCommas()
    assert [both.verdict(text).score for text in ("a b", "a, b", "a")] == [1.0, 0.0, 0.0]
    assert repr(both) == "Words(2) & NoCommas()"
    assert (0.5 * Words(2) + 0.5 * NoCommas()).verdict("a").score == 0.5


WORD = st.text(alphabet="abcdéÀ", min_size=1, max_size=6)
TEXTS = st.lists(WORD, max_size=20)


@given(TEXTS, st.sampled_from([" ", "\n", ", ", " — ", "\t"]))
def test_words_are_what_was_joined(given_words, glue):
    assert words(glue.join(given_words)) == given_words


@given(TEXTS, WORD)
def test_a_whole_word_is_found_as_often_as_it_stands_there(given_words, word):
    found = sum(1 for _ in occurrences(word).finditer(" ".join(given_words)))
    assert found == [w.casefold() for w in given_words].count(word.casefold())


@given(st.lists(TEXTS.filter(bool), max_size=6))
def test_what_is_written_is_counted(pieces):
    texts = [" ".join(piece) for piece in pieces]
    assert Paragraphs(0).counted("\n\n".join(texts)) == len(texts)
    assert Paragraphs(0, separator="***").counted("\n***\n".join(texts)) == len(texts)
    assert Bullets(0).counted("\n".join(f"- {text}" for text in texts)) == len(texts)
    assert Sentences(0).counted(" ".join(f"{text} so!" for text in texts)) == len(texts)


@given(st.text(max_size=60), st.text(max_size=60))
def test_counts_add_up_over_paragraphs(one, other):
    for rule in (Words(0), Sentences(0), Bullets(0)):
        assert rule.counted(f"{one}\n\n{other}") == rule.counted(one) + rule.counted(other)


def test_examples_in_the_documentation():
    for module in pkgutil.iter_modules(instructions.__path__):
        found = importlib.import_module(f"{instructions.__name__}.{module.name}")
        assert doctest.testmod(found).failed == 0, module.name
