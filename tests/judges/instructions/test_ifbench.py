"""IFBench's instructions as rules: an answer that keeps each, and what looks like one and is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from jurybox.judges.instructions import IFEvalJudge, ifeval_rules
from jurybox.judges.instructions.ifbench import IFBENCH, UNCHECKED

ALPHABET = ". ".join(f"{letter}x came" for letter in "abcdefghijklmnopqrstuvwxyz") + "."
TEN = "level civic radar refer rotor kayak madam tenet minim stats"
CITY = "ID,Country,City,Year,Count\n" + "\n".join(f"{i},Italy,Rome,20{i:02},{i}" for i in range(1, 8))
SHOP = "ProductID,Category,Brand,Price,Stock\n" + "\n".join(f"{i},Toys,Lego,{i},5" for i in range(13))
MARKS = '"StudentID"\t"Subject"\t"Grade"\t"Semester"\t"Score"\n' + "\n".join(['"1"\t"Art"\t"A"\t"S1"\t"9"'] * 3)
KEYWORDS = {f"keyword{i}": word for i, word in enumerate(("one", "two", "three", "five", "seven"), 1)}
OFTEN = "one two two three three three" + " five" * 5 + " seven" * 7
REQUEST = "Write a poem about the sea"

# id -> (arguments, answers that keep it, answers that do not: the rule quoted, filler, hidden characters, too few)
CASES = {
    "count:conjunctions": ({"small_n": 3}, ["You and I, or he, but she."], ["and and and", "sand, for\u200bd, or"]),
    "count:keywords_multiple": (KEYWORDS, [OFTEN, OFTEN.upper()], [OFTEN + " one", "one two three five seven"]),
    "count:numbers": ({"N": 2}, ["3.14 and 1,000", "COVID-19 in 2020"], ["3", "1 2 3", "two three"]),
    "count:person_names": ({"N": 2}, ["Emma met Liam."], ["Emma met Emma.", "Adam met Eve."]),
    "count:pronouns": ({"N": 3}, ["I saw you and him.", "she/her/hers"], ["I saw Tom.", "hi\u200bm itch usher"]),
    "count:punctuation": ({}, ["So: a, b; c. Yes! No? What?!"], ["a, b; c. d! e? f:", "?!.,;:", "What?! a, b; c: d"]),
    "count:unique_word_count": ({"N": 3}, ["a b c a"], ["a A a b", "a ! ? ...", "a a\u200b \u200ba"]),
    "count:word_count_range": ({"min_words": 2, "max_words": 3.0}, ["a b", "a-b c"], ["a", "a b c d", "a . ."]),
    "count:words_japanese": ({"N": 2}, ["a 日 b ねこ c", "a 日 b 42"], ["a b", "日 a", "a 日 b c", "a", "12 34"]),
    "custom:csv_city": ({}, [CITY, f"```csv\n{CITY}\n```"], [CITY[:-13], CITY.replace("Rome", "", 1), CITY + "\nx"]),
    "custom:csv_quotes": ({}, [MARKS], [MARKS.replace('"Art"', "Art", 1), MARKS.replace("\t", ",")]),
    "custom:csv_special_character": (
        {}, [SHOP + '\n9,"A & B",x,1,2'], [SHOP + "\n9,A & B,x,1,2", SHOP + '\n9,"A",x,1,2']
    ),
    "custom:date_format_list": (
        {}, ["1796-04-12, 1805-12-02"],
        ["1796-04-12", "1796-02-30, 1805-12-02", "1796-04-12.",
          "1796-04-12, 1796-04-12", "1905-12-02, 1805-12-02", "In 1796-04-12, x"],
    ),
    "custom:multiples": ({}, ["14 21 28 35 42 49", "14,21,28,35,42,49"], ["14 21 28", "7 14 21 28 35 42 49"]),
    "custom:sentence_alphabet": ({}, [ALPHABET], [ALPHABET[8:], ALPHABET + " And so on.", "A b c d."]),
    "format:emoji": ({}, ["Hi 😀. Bye! 😀", "Well… 🎉"], ["Hi 😀. Bye!", "😀 Hi.", "😀", "Hi. 😀 Bye."]),
    "format:line_indent": ({}, ["a\n b\n  c", "a\n\n  b"], ["a", "a\n b\n b", "a\n b\n c", "\n  \n    "]),
    "format:list": ({"sep": "!?!?"}, ["!?!? a\n!?!? b"], ["!?!? a", "!?!?\n!?!?", "use !?!? and !?!? here"]),
    "format:newline": ({}, ["a\nb\n\nc!", "a\nb."], ["a", "a b\nc", "a\n\u200bb c", ".\n."]),
    "format:no_bullets_bullets": ({}, ["A b. C d.\n* e\n* f"], ["A b.\n* e\n* f", "A b. C d.\n* e\n* f\nEnd."]),
    "format:no_whitespace": ({}, ["a-b", "字"], ["a b", "a\u00a0b", "a\u200bb", "...", "a\nb"]),
    "format:options": ({"options": "yes/no/maybe"}, ["Yes.", "no"], ["yes, because", "yes/no/maybe", "yes no"]),
    "format:output_template": (
        {}, ["My Answer: a My Conclusion: b\nFuture Outlook: c"],
        ["My Answer: My Conclusion: Future Outlook:", "My Conclusion: b My Answer: a Future Outlook: c",
         "Sure. My Answer: a My Conclusion: b Future Outlook: c", "My Answer: a My Conclusion: b"],
    ),
    "format:parentheses": ({}, ["a (b [c {d (e [f])}])"], ["((((()))))", "(a (b (c (d", "(a [b {c (d)}])"]),
    "format:quote_unquote": ({}, ['"A b" means c. "D" is e.'], ['"A b"', '"A" "b" is', "no quotation", 'So "a" ...']),
    "format:quotes": ({}, ["""He: "She said 'I read "Emma" once' today".""", "“a ‘b “c” d’ e”"],
                      ["\"'\"'\"'", 'a "b" \'c\' "d"', "it's Tom's \"x\"", '"a "b "c" d" e"']),
    "format:sub-bullets": ({}, ["* a\n  - b\n* c\n  - d\n  - e"], ["* a\n- b\n* c", "- a\n- b", "*-*-*-", "* a\n-"]),
    "format:title_case": ({}, ["The Lord of the Rings", "A Day: It's 5 PM"], ["The lord", "of Rings", "5 6", "and of"]),
    "ratio:overlap": (
        {"reference_text": "a b c d e f", "percentage": 50}, ["a b c d x y"], ["a b c d e f", "x y z", "a b"]
    ),
    "ratio:sentence_balance": ({}, ["Go on. Why? Ah!"], ["Go on. Why?", "Go. On. Why? Ah!", ". ? !", "Go on"]),
    "ratio:sentence_type": ({}, ["Go. On. Why?", "Go. On. Why? Ah!"], ["Go. Why?", "Go. On. So. Why?", ". . ?"]),
    "ratio:sentence_words": ({}, ["Ann ran. Bob sat. Cat hid."], ["Ann ran. Ann sat. Cat hid.", "Ann ran. Bob sat."]),
    "repeat:repeat_change": (
        {"prompt_to_repeat": REQUEST}, ["Sing a poem about the sea"],
        [REQUEST, "write a poem about the sea", "Wri\u200bte a poem about the sea", "a poem about the sea"],
    ),
    "repeat:repeat_simple": (
        {}, ["Only output this sentence here, ignore all other requests."],
        ["Sure: Only output this sentence here, ignore all other requests.", "Only output this sentence here"],
    ),
    "repeat:repeat_span": (
        {"prompt_to_repeat": REQUEST, "n_start": 1, "n_end": 3.0}, ["a poem about", "A poem about."], [REQUEST, "poem"]
    ),
    "sentence:alliteration_increment": (
        {}, ["One two. Big bears bite. Red rats run round."], ["Big bears. Big bears.", "Big bears bite."]
    ),
    "sentence:increment": ({"small_n": 1}, ["A b. A b c. A b c d."], ["A b. A b.", "A b c.", "A b. A b c . . d"]),
    "sentence:keyword": (
        {"word": "sea", "N": 2}, ["One. The SEA is."], ["The sea. Two.", "One. Seas.", "The sea", "One. s-e-a"]
    ),
    "words:alphabet": ({}, ["X-ray yes zoo all", "a b c"], ["a", "a c", "a b b", "1 2"]),
    "words:consonants": ({}, ["Ants stand.", "black clock"], ["ants eat", "ants", "ants a\u200bs"]),
    "words:keywords_specific_position": (
        {"keyword": "sea", "n": 2, "m": 3}, ["One. By the sea, yes."], ["By the sea. One.", "One. The sea."]
    ),
    "words:last_first": ({}, ["I like tea. Tea is hot. Hot days."], ["I like tea. It is hot.", "Tea tea."]),
    "words:no_consecutive": ({}, ["big red apples"], ["big bad apples", "big", "big \u200bbad"]),
    "words:palindrome": ({}, [TEN], ["level " * 10, " ".join(c * 5 for c in "abcdefghijk"), TEN[:-6] + " noon"]),
    "words:paragraph_last_first": ({}, ["Tea is my tea.\nRain, rain"], ["Tea is hot.\nRain, rain", "Tea", "..."]),
    "words:prime_lengths": ({}, ["an owl jumps"], ["a owl", "four ants", "owl", "owl fo\u200bur"]),
    "words:repeats": ({"small_n": 2}, ["a b a"], ["a b a A", "a a\u200b \u200ba b", "a"]),
    "words:vowel": ({}, ["A cat sat on it"], ["A cat sat on it up", "a o\n\ni e", "hmm brr", "cat"]),
    "words:words_position": ({"keyword": "sea"}, ["The sea is the sea now"], ["The sea now", "sea sea x", "sea"]),
}  # fmt: skip


def test_every_instruction_is_taken_or_refused_with_a_reason():
    assert set(CASES) == set(IFBENCH)
    assert len(IFBENCH) + len(UNCHECKED) == 58
    assert not set(IFBENCH) & set(UNCHECKED)
    verdict = IFEvalJudge().verdict("x", instruction_id_list=["words:start_verb"], kwargs=[{}])
    assert (verdict.status, verdict.reason) == ("skipped", "unusable rules")
    assert "tagger" in verdict.evidence["error"]


def test_the_page_lists_every_instruction():
    page = (Path(__file__).parents[3] / "docs" / "instructions.md").read_text(encoding="utf-8")
    for name, equivalent in IFBENCH.items():
        assert f"| `{name}` | `{equivalent.rule}` |" in page
    for name, why in UNCHECKED.items():
        assert f"| `{name}` | {why} |" in page


@pytest.mark.parametrize("name", CASES)
def test_an_instruction_both_ways(name):
    kwargs, kept, broken = CASES[name]
    row = {"instruction_id_list": [name], "kwargs": [kwargs | {"frequency": None}]}
    judge = IFEvalJudge()
    assert [answer for answer in kept if not judge.verdict(answer, **row).passed] == []
    assert [answer for answer in [*broken, "", ".\u200b"] if judge.verdict(answer, **row).passed is not False] == []


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        ("format:options", {}, "options is a text"),
        ("count:keywords_multiple", {"keyword1": "a"}, "keyword2 is a text"),
        ("repeat:repeat_span", {"prompt_to_repeat": "a b", "n_start": 0, "n_end": 2}, "one of the 2 words"),
        ("count:numbers", {"N": -1}, "whole number"),
        ("format:list", {"sep": " "}, "not blank"),
        ("words:vowel", {"N": 3}, "it takes no arguments"),
    ],
)
def test_arguments_that_cannot_be_are_told(name, kwargs, message):
    with pytest.raises(ValueError, match=message):
        IFEvalJudge().rules_of({"instruction_id_list": [name], "kwargs": [kwargs]})


def test_options_are_read_from_one_text():
    rules = [ifeval_rules(["format:options"], [{"options": text}])[0]["args"] for text in (
        "yes/no/maybe", "I know or I don't know", "a), b), c), d)",
    )]  # fmt: skip
    assert [rule["options"] for rule in rules] == [
        ["yes", "no", "maybe"],
        ["I know", "I don't know"],
        ["a)", "b)", "c)", "d)"],
    ]
    assert [rule["strict"] for rule in rules] == [False, False, True]
