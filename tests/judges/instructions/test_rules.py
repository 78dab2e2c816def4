"""Each rule both ways: answers that keep it and answers that break it, at the edges."""

from __future__ import annotations

import pytest

from jurybox.judges.instructions import (
    JSON,
    RELATIONS,
    Bullets,
    CapitalWords,
    Ending,
    FirstWord,
    ForbiddenWords,
    Highlights,
    IFEvalJudge,
    KeywordFrequency,
    LetterFrequency,
    Lowercase,
    NoCommas,
    OneOf,
    Opening,
    Paragraphs,
    Placeholders,
    Postscript,
    Quoted,
    RequiredWords,
    Sections,
    Sentences,
    Title,
    TwoResponses,
    Uppercase,
    Words,
)

COUNTS = [
    (Bullets(0), "", 0),
    (Bullets(0), "- a\n* b\n  + c\n• d", 4),
    (Bullets(0), "1. a\n-5 degrees\n*b*\n---\n* * *\n- \n-", 0),
    (CapitalWords(0), "I saw A NASA ship, the U-2 and COVID-19 in Ohio.", 2),
    (CapitalWords(0, letters=1), "I saw A NASA ship.", 3),
    (CapitalWords(0), "NASA's ÉTÉ ß", 1),
    (Highlights(0), "*one* **two** ***three*** four", 3),
    (Highlights(0), "* bullet *emphasis*\n* 2 * 3\n** **\n*a\nb*\n****\n*!*", 1),
    (Highlights(0), "*a *\n**b***\n***c**", 0),
    (Highlights(0), "**bold *inner* bold**", 1),
    (KeywordFrequency("art", 0), "Art, art; start. ART's art-house", 4),
    (KeywordFrequency("art", 0, whole_words=False), "Art, art; start. ART's art-house", 5),
    (KeywordFrequency("deep sea", 0), "deep  sea, Deep\nSea, deep seas, deepsea", 2),
    (KeywordFrequency("c++", 0), "C++ and c++11, not c+", 2),
    (KeywordFrequency("hi hi", 0), "hi hi hi", 1),
    (KeywordFrequency("學", 0), "大學學生", 2),
    (KeywordFrequency("हिन्द", 0), "हिन्दी हिन्द", 1),
    (LetterFrequency("e", 0), "Eerie é", 3),
    (LetterFrequency("#", 0), "# a ##", 3),
    (Paragraphs(0), "One.\nStill one.\n\n \n\nTwo.\r\n\r\nThree.", 3),
    (Paragraphs(0), "\n\n---\n\n***\n\n", 0),
    (Paragraphs(0, separator="***"), "***\nOne.\n\nStill one.\n ***  \n***\nTwo ***bold*** words.\n***", 2),
    (Placeholders(0), "[name] at [street 5], [link](http://x), [], [ ], [-], [open\n], [[inner]]", 3),
    (Sections(0, marker="SECTION"), "SECTION 1\nx\n## SECTION 2\n**SECTION 3:** y", 3),
    (Sections(0, marker="SECTION"), "SECTION 1\nSECTION 1\nsee SECTION 2\nSection 3\nSECTION Z", 1),
    (Sections(0, marker="**Day"), "**Day 1**\n**Day  2**", 2),
    (Words(0), "", 0),
    (Words(0), "Don't stop-gap 1,000.50 snake_case a,b — !", 7),
    (Words(0), "हिन्दी में दो شब्द 日本 한국어", 7),
    (Words(0), "e\u0301te\u0301 🏳️‍🌈", 1),
]


@pytest.mark.parametrize(("rule", "answer", "count"), COUNTS)
def test_counts(rule, answer, count):
    assert rule.counted(answer) == count


SENTENCES = [
    ("", 0),
    ("!!! ...", 0),
    ("One. Two! Three? Four… Five", 5),
    ("Pi is 3.14 at example.com/index.html and v1.2.3.", 1),
    ("Dr. Li met Mrs. Wu and J. R. Smith, e.g. for tea. They left.", 2),
    ("See no. 5 and fig. 3. I said no. Really.", 3),
    ("Buy milk, eggs, etc. for us. Buy milk, etc. Then go.", 3),
    ("At 5 p.m. we left. It was 6 p.m. We slept.", 3),
    ("Well... perhaps. Well… Perhaps.", 3),
    ("'Stop!' he said. \"Go!\" She went. (Yes.) No.", 5),
    ("all lower. case text. has three", 3),
    ("Really?! Yes!!! No...", 3),
    ("# Title\nBody text\nwrapped here. More.", 3),
    ("1. First\n2. Second\n- third\n(a) fourth", 4),
    ("A list:\n\n* one\n* two. And a half.", 4),
    ("No mark\n\nat all", 2),
    ("你好！再见。“真的？”他说。", 4),
    ("यह एक वाक्य है। दूसरा।", 2),
    ("**Bold.** Then *this*.", 2),
    ("The U.S. Army grew. It fought", 3),  # a guess that goes wrong: "U.S." ends a sentence before a capital
]


@pytest.mark.parametrize(("answer", "count"), SENTENCES)
def test_sentences(answer, count):
    assert Sentences(0).counted(answer) == count


NOT_JSON = ["", "5", '"x"', "{'a': 1}", "So: {}", "[NaN]", '{"a":1,"a":2}']
KEPT_AND_BROKEN = [
    (Ending("The end."), ["It is over. the  END.\n", '"So. The end."'], ["The end. Or not", "“The end”", "end.", ""]),
    (FirstWord("once"), ["Once upon", "\n\n“Once” more", "**Once**"], ["", "Oncein", "At once"]),
    (FirstWord("two", 2), ["One\n\nTwo more"], ["Two", "One\nTwo", "One\n\ntwofold"]),
    (FirstWord("two", 2, paragraphs=2), ["One\n\nTwo"], ["One\n\nTwo\n\nThree"]),
    (FirstWord("因此"), ["因此，我們"], ["因為"]),
    (ForbiddenWords(["cat", "dog"]), ["", "category dogs"], ["A CAT.", "dog's"]),
    (JSON(), ['{"a": 1}', "[1]", '```json\n{"a": [1]}\n```', "```\n[]\n```"], [*NOT_JSON, "```python\n[]\n```"]),
    (JSON(), ["{}", "```JSON\n{}```"], ["``````", "```", "[" * 5000, '```json\n{}\n```\nDone.']),
    (Lowercase(), ["all small, 5 é", "日本"], ["", "!?", "One", "ǅ", "one Ⓑ"]),
    (NoCommas(), ["", "a; b"], ["a, b", "你，我", "أ، ب", "一、二"]),
    (OneOf(["yes", "no", "may be"]), ["Yes.", "I say NO", "May  be!"], ["", "yes and no", "nothing", "yesterday"]),
    (Opening("Say hi to me."), ["say  hi to me. Hi!", "Say hi to me."], ["", "I say hi to me.", "Say hi"]),
    (Postscript(), ["Hi.\n\nP.S. More.", "p. s. x", "**P.S.:** x"], ["P.S.", "Hi. P.S. x", "P.P.S. x", "P.S.\n\n!"]),
    (Postscript("P.P.S"), ["P.P.S. more"], ["P.S. more", "P.P.So more"]),
    (Quoted(), ['"Hi."', "“Hi.”", "„Hi.“", "«Salut»", '"A "no"."'], ["", '"', '""', '"Hi', "'Hi'", 'Hi "you"', "“Hi«"]),
    (RequiredWords(["cat", "red dog"]), ["Cat; red\ndog"], ["", "cat", "category red dogs"]),
    (RequiredWords(["cat"], whole_words=False), ["category"], ["c at"]),
    (Title(), ["<<A b>>\ntext", "x <<<a < b>>>"], ["", "<<>>", "<< >>", "<a>", "<<a\nb>>", "<<a>"]),
    (TwoResponses(), ["A\n******\nB", "******A******B******"], ["", "A", "A******a ", "1******2******3", "1***2"]),
    (Uppercase(), ["ALL BIG, 5", "GROẞ UND GROß", "日本"], ["", "!?", "ONe", "é", "ONE ⓗ"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "kept", "broken"), KEPT_AND_BROKEN, ids=lambda value: repr(value)[:40])
def test_kept_and_broken(rule, kept, broken):
    for answer in kept:
        assert rule.verdict(answer).reason == "kept", answer
    for answer in broken:
        assert rule.verdict(answer).reason == "broken", answer


@pytest.mark.parametrize(
    ("relation", "kept"),
    [("at least", [3, 4]), ("at most", [2, 3]), ("exactly", [3]), ("less than", [2]), ("more than", [4])],
)
def test_relations(relation, kept):
    assert relation in RELATIONS
    rule = Words(3, relation)
    assert [n for n in (2, 3, 4) if rule.verdict("a " * n).passed] == kept


def test_evidence_says_what_was_asked_and_what_was_counted():
    assert Words(3).verdict("a b").evidence == {"asked": "at least 3 words", "found": 2}
    assert KeywordFrequency("x", 2, "less than").verdict("x").evidence == {"asked": "less than 2 of 'x'", "found": 1}
    assert RequiredWords(["a", "b"]).verdict("b").evidence == {"asked": "all of: 'a', 'b'", "found": ["b"]}
    assert "Aa" in NoCommas().verdict("x" * 99 + "Aa," + "y" * 99).evidence["found"]
    first = FirstWord("b", 2, paragraphs=3).verdict("a\n\nc d").evidence
    assert first == {"asked": "3 paragraphs; paragraph 2 begins with 'b'", "found": {"paragraphs": 2, "begins": "c"}}
    assert JSON().verdict('{"a": 1').evidence["found"].startswith("syntax error")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Words(-1), "count is a whole number, 0 or more, not -1"),
        (lambda: Words(True), "count is a whole number"),
        (lambda: Words(2.5), "count is a whole number"),
        (lambda: Words("3"), "count is a whole number"),
        (lambda: Words(3, "around"), "relation is one of 'at least'"),
        (lambda: Words(3, ["at least"]), "relation is one of"),
        (lambda: KeywordFrequency(" ", 1), "keyword is a text that is not blank"),
        (lambda: LetterFrequency("ab", 1), "letter is a single character"),
        (lambda: RequiredWords("cat"), "words is a list of texts"),
        (lambda: RequiredWords([]), "words is a list of texts"),
        (lambda: ForbiddenWords(["a", ""]), "each of words is a text"),
        (lambda: RequiredWords(["a"], whole_words="no"), "whole_words is True or False"),
        (lambda: FirstWord("a", 0), "paragraph is a whole number, 1 or more"),
        (lambda: FirstWord("!"), "word has a letter or digit"),
        (lambda: FirstWord("a", 3, paragraphs=2), "paragraph 3 cannot be one of 2"),
        (lambda: Paragraphs(1, separator=" "), "separator is a text"),
        (lambda: CapitalWords(1, letters=0), "letters is a whole number, 1 or more"),
        (lambda: OneOf(["yes", 3]), "each of options is a text"),
        (lambda: Ending(None), "phrase is a text"),
    ],
)
def test_wrong_arguments_raise_when_the_rule_is_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_whole_numbers_may_come_as_floats():
    assert Words(3.0, "exactly").verdict("a b c").passed


@pytest.mark.parametrize(
    ("ids", "kwargs", "response", "followed"),
    [
        (["length_constraints:number_words"], [{"num_words": 4, "relation": "at least"}], "state-of-the-art", True),
        (["length_constraints:number_words"], [{"num_words": 3, "relation": "less than"}], "I don't", False),
        (["length_constraints:number_paragraphs"], [{"num_paragraphs": 2}], "One.\n*** Two.", True),
        (["length_constraints:number_paragraphs"], [{"num_paragraphs": 1}], "One ***bold*** word.", True),
        (["detectable_format:constrained_response"], [{}], "My answer is no.", True),
        (["detectable_format:constrained_response"], [{}], "So my answer is no.", False),
        (["change_case:english_capital"], [{}], "3.14", False),
        (["change_case:english_lowercase"], [{}], "42", False),
    ],
)
def test_what_ifeval_counts(ids, kwargs, response, followed):
    assert IFEvalJudge().verdict(response, instruction_id_list=ids, kwargs=kwargs).passed is followed
