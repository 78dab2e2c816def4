"""Reading a verdict from a reply."""

import pytest

from jurybox.judges.llm import Unreadable, likeliest, read_label
from jurybox.judges.llm.label import checked

YES_NO = {"yes": 1.0, "no": 0.0}


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("yes", "yes"),
        ("  No.\n", "no"),
        ("**YES**", "yes"),
        ("The sum is right.\n\nyes", "yes"),
        ("yes\n\nThe sum is right.", "yes"),
        ("It does not say yes.\nno", "no"),
        ("no\nAnd so:\nno", "no"),
        ("<think>\nyes\n</think>\nno", "no"),
        ("<think>a</think>\nno\n</think>", "no"),
        (" <THINKING>a</thinking>no", "no"),
        ("a thought without its opening tag</think>\nno", "no"),
        ('{"verdict": "yes"}', "yes"),
        ('{"why": "all of {it} is right", "verdict": "No"}', "no"),
        ('```json\n{"verdict": "yes", "score": {"a": 1}}\n```', "yes"),
        ('Thus {"verdict": "no"} and nothing else.', "no"),
        ('{"verdict": "no"}\nno', "no"),
        ("# no", "no"),
        ("The candidate wrote:\nyes\nwhich is wrong.\nno", "no"),
        ('{"a": {"verdict": "yes"}}', "yes"),
        ("The answer says\n> yes\nwhich is wrong.\nno", "no"),
    ],
)
def test_one_label_is_read(reply: str, label: str) -> None:
    assert read_label(reply, YES_NO) == label


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "no label"),
        ("Certainly!", "no label"),
        ("I say yes", "no label"),
        ("yes or no", "no label"),
        ("> yes", "no label"),
        ("verdict", "no label"),
        ("<think>yes", "cut off"),
        ("<think>\nno</thinking>\nyes", "cut off"),
        ("<think>\nno</think>\n<think>\nyes", "cut off"),
        ("<think>a</think>\nno\n</think>\nyes", "several labels"),
        ("no\nIt reads: <think>a</think>\nyes", "several labels"),
        ("no\nIt reads: </think>\nyes", "several labels"),
        ("yes\nno", "several labels"),
        ('{"verdict": "yes"} no, rather {"verdict": "no"}', "several labels"),
        ('{"verdict": "no", "verdict": "yes"}', "several labels"),
        ('{"verdict": "no"}\nyes', "several labels"),
        ('{"verdict": "maybe"}', "unknown label"),
        ('{"verdict": ["yes"]}', "unknown label"),
        ('{"verdict": "ye', "no label"),
        ("{" * 5000, "no label"),
        ('{"a":' * 20_000, "no label"),
        ("yes\n" + "x" * 200_000, "no label"),
    ],
)
def test_anything_else_is_no_verdict(reply: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        read_label(reply, YES_NO)


def test_a_reply_that_was_cut_off_counts_only_when_it_is_nothing_but_a_label() -> None:
    assert read_label("yes", YES_NO, cut_off=True) == "yes"
    with pytest.raises(Unreadable, match="cut off"):
        read_label("The answer says:\nyes\nbut", YES_NO, cut_off=True)


def test_labels_may_be_grades_numbers_and_words() -> None:
    assert read_label('{"verdict": 4}', {str(n): n / 5 for n in range(1, 6)}) == "4"
    assert read_label("A-", {"A": 1.0, "A-": 0.9}) == "A-"
    assert read_label('{"verdict": true}', {"True": 1.0, "False": 0.0}) == "True"
    assert read_label("not sure", {"sure": 1.0, "not sure": 0.0}) == "not sure"


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"yes": 1.0},
        {"yes": 1.0, "Yes": 0.0},
        {"yes": 2.0, "no": 0.0},
        {"": 1.0, "no": 0.0},
        {"a\nb": 1.0, "c": 0.0},
    ],
)
def test_labels_that_cannot_work_are_refused(labels: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="label"):
        checked(labels)


def test_the_decision_by_probabilities_is_the_papers() -> None:
    labels = {"False": 0.0, "True": 1.0}
    # violated if and only if the negative label is more probable; a tie is no violation
    decided = [
        labels[likeliest({"True": positive, "False": negative}, labels)]
        for positive, negative in [(0.5, 0.5), (0.2, 0.6), (0.7, 0.1), (0.0, 0.0)]
    ]
    assert decided == [1, 0, 1, 1]
    with pytest.raises(ValueError, match="not numbers"):
        likeliest({"True": float("nan"), "False": 0.1}, labels)
