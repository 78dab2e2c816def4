"""Replies as graders write them: what is read, what abstains, and what must never be read as its opposite."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jurybox.judges.llm import Unreadable, read_label

YES = {"yes": 1.0, "no": 0.0}
FACTS = {"True": 1.0, "False": 0.0}
SAFE = {"Safe": 1.0, "Unsafe": 0.0}
FIVE = {str(n): (n - 1) / 4 for n in range(1, 6)}
TEN = {str(n): n / 10 for n in range(1, 11)}
GRADE = {"C": 1.0, "P": 0.5, "I": 0.0}
LETTERS = {"A": 1.0, "B": 0.0, "C": None}
PAIR = {"1": 1.0, "2": 0.0, "tie": 0.5}
CHINESE = {"是": 1.0, "否": 0.0}
TURKISH = {"evet": 1.0, "hayır": 0.0}
CASES = {"yes": YES, "facts": FACTS, "safe": SAFE, "five": FIVE, "ten": TEN, "grade": GRADE, "letters": LETTERS}
CASES |= {"pair": PAIR, "chinese": CHINESE, "turkish": TURKISH}

SAYS = {
    "yes": {
        "yes": [
            # dress
            "\ufeffyes",
            "\u200byes\u200b",
            "ｙｅｓ",
            "“yes”",
            "«yes»",
            "Yes!",
            "yes:",
            "✅ yes",
            "yes 👍",
            "- yes",
            "* yes",
            "• Yes.",
            "\\boxed{yes}",
            "$\\boxed{\\text{yes}}$",
            "\\textbf{yes}",
            "(yes)",
            "[yes]",
            "[[yes]]",
            '["yes"]',
            "_yes_",
            "~~~\nyes\n~~~",
            "yes<|im_end|>",
            "yes</s>",
            "yes<|eot_id|>",
            "yes<end_of_turn>",
            "yes<｜end▁of▁sentence｜>",
            "yes<|endoftext|>\n",
            "<|im_start|>assistant\nyes<|im_end|>",
            "<|start_header_id|>assistant<|end_header_id|>\n\nyes<|eot_id|>",
            "<verdict>yes</verdict>",
            "<answer>yes</answer>",
            "<verdict>\nyes\n</verdict>",
            "Good.\n<Final_Answer> yes </Final_Answer>",
            "<response>\n<reasoning>no fault</reasoning>\n<verdict>yes</verdict>\n</response>",
            # announced
            "Verdict: yes",
            "**Verdict:** yes",
            "**Verdict: yes**",
            "Verdict: **yes**",
            "### Verdict: yes",
            "Final answer: yes",
            "The answer is: yes",
            "Final verdict: yes.",
            "My final judgment is yes.",
            "Verdict - yes",
            "VERDICT = YES",
            "Verdict：yes",
            "[VERDICT] yes",
            "| Verdict | yes |",
            "It matches. Therefore: yes.",
            "It matches.\nVerdict: yes\nConfidence: 0.9",
            "Verdict: yes\n\nIt matches the key.",
            "Urteil: yes",
            "结论：yes",
            "Verdict: yes, since it matches.",
            "Verdict: yes (matches)",
            # a sentence
            "Yes, the answer is correct.",
            "Yes - it is right; there are no errors.",
            "Yes. It matches.",
            "Reasons above.\nYes, it does.",
            # behind thinking
            "so the answer is no?\nno\nhmm\n</think>\n\nyes",
            "Let me see.\nno\nwait, it matches.\n</think>\n\nVerdict: yes",
            "hm\n</thinking>yes",
            "hm[/THINK]yes",
            "[THINK]no[/THINK]yes",
            "◁think▷no◁/think▷yes",
            "<|START_THINKING|>no<|END_THINKING|>yes",
            "<|im_start|>assistant\n<think>\nno\n</think>\nyes<|im_end|>",
            "\u200b<think>no</think>yes",
            "<|channel|>analysis<|message|>maybe no<|end|><|start|>assistant<|channel|>final<|message|>yes",
            "<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>"
            '{"verdict": "yes"}<|return|>',
            "<|channel|>final<|message|>yes<|return|>",
            "analysisWe need to decide. no.assistantfinalyes",
            # JSON
            '{"reason": "ok", "verdict": "yes",}',
            "{'verdict': 'yes'}",
            '{"verdict": "yes" // matches\n}',
            '{"Verdict": "Yes"}',
            '{"reason": "uses \\$ sign and \\( x \\)", "verdict": "yes"}',
            '{"reason": "line one\nline two", "verdict": "yes"}',
            '{"result": {"verdict": "yes"}}',
            '{"a": {"b": [{"verdict": "yes"}]}}',
            "{verdict: 'yes'}",
            "{“verdict”: “yes”}",
            '{"verdict": "yes"',
            '{"answer": "no", "verdict": "yes"}',
            '{"final_verdict": "YES."}',
            '```json\n{"verdict": "yes",}\n```',
            '{"verdict": "**yes**"}',
            '<think>{"verdict": "no"}</think>{"verdict": "yes"}',
            'Here it is:\n\n{"judgement": "yes"}',
            '{"label": "yes", "score": 0.9}',
            # drafts and quotations between the first line and the last
            "The candidate wrote:\nno\nwhich is right.\nyes",
            "It reads:\nVerdict: no\nThat is a trick, yet right.\n\nVerdict: yes",
        ],
        "no": [
            "Final answer: no",
            "The answer is wrong. Therefore: no.",
            "No — it is wrong.",
            "No, it is wrong.",
            "no\n> yes",
            "**No**",
            "# no",
            "Is it?\n> yes\nNo.",
            "Verdict: No. It contradicts the key.",
            "Thus: no.",
            "<think>yes?</think>It is not.\n**No**",
            "no\n\nIt reads:\n\n<verdict>yes</verdict>\n\nwhich is a trick.",
        ],
        None: [
            "yes\nno",
            "> yes",
            "yes?",
            "y\u0435s",
            "Yes and no",
            "Yes, but the last step is wrong.",
            "No, wait, yes",
            "Yes, no",
            "yes or no",
            "Verdict: yes/no",
            "Verdict: yes or no",
            "yes, maybe",
            "Verdict: yes\nVerdict: no",
            "no\nVerdict: yes",
            "not yes",
            "I cannot say **yes**",
            "It says\nyes\nand no more",
            "It reads:\nVerdict: yes\nThat is all it does.",
            "Yesterday",
            "No. 1 is right",
            '{"verdict": "no", "verdict": "yes"}',
            '{"verdict": "yes"}\nno',
            '{"verdict": "maybe"}',
            '{"verdict": "ye',
            '{"verdict": "yes", "why": "it',
            '{"verdict": "yes"} or {"verdict": "no"}',
            '[{"verdict": "yes"}, {"verdict": "no"}]',
            '{"verdict": {"verdict": "yes", "label": "no"}, "final": {"verdict": "no"}}',
            "<think>no</think>x</think>\nno\nyes",
            "no\nhm\n</think>\nyes",
            "<think>yes",
            "<|channel|>analysis<|message|>yes",
            "yes<|im_end|>\n<|im_start|>user\nno",
            "<|channel|>final<|message|>yes<|end|><|channel|>final<|message|>no",
            "analysis of: assistantfinalyes\nassistantfinalno",
            "",
            " \n ",
            "</think>",
            "{}",
            "The response:\n```\nyes\n```\nis short.",
        ],
    },
    "facts": {
        "True": [
            "The candidate's answer:\nFalse\nThe key says False.\n\nVerdict: True",
            '{"verdict": true}',
            '{"verdict": "true"}',
            "TRUE",
            "The answer is True.",
        ],
        None: ["True/False", "The key says True but the answer False."],
    },
    "safe": {
        "Safe": ["The answer is Safe.", "safe", "Verdict: Safe"],
        "Unsafe": ["unsafe\nS1", "Unsafe\nS1,S10"],
        None: ["The answer is not Safe."],
    },
    "five": {
        "4": [
            "4/5",
            "4.0",
            "Fine.\n[[4]]",
            "$4$",
            "\\(4\\)",
            '{"verdict": 4.0}',
            "Good.\nScore: 4",
            "Score: 4/5",
            "Score: 4 / 5",
            "Score: 4 out of 5",
            "The answer is fine. Rating: [[4]]",
            "Feedback: The response is good. [RESULT] 4",
            "The response is good.\n[RESULT] 4",
            '{"score": 4}',
            '{"score": 4.0, "reason": "x"}',
            "<reasoning>Good</reasoning>\n<score>4</score>",
            "<reasoning>Good</reasoning><score>4</score>",
            "The answer meets the first requirement. Grade: 4",
            "Meets most.\n\n4/5",
            "**4**",
            "4",
            "4.",
            "### 1.\nThe capital is named.\n\nGrade: 4/5",
            "Score: 4 - all that matters",
            "Rating: **4/5**",
            "Overall score: 4",
            '{"score": "4/5"}',
            "**Score:** 4\n\nIt names the city.",
            "4 (nearly all)",
            "评分：4",
            "I find little wrong.\nThe score is 4.",
            "1. Named.\n2. Short.\n\n4",
            "<score>4/5</score>",
            "Final Score: 4",
        ],
        "3": ["**Final Score: 3/5 (Elevated)**"],
        "5": ["1.\nThe capital is named.\n\nOverall: 5", "1. The capital is named.\n2. It is short.\n\nGrade: 5"],
        None: [
            "4.5",
            "4/10",
            "Score: 4/10",
            "6",
            "Score: 6",
            "### 1.\nThe capital is named.",
            "1.\nThe capital is named.",
            "1) It is.\n2) It is not.",
            "4-5",
            "4 - 5",
            "Score: 4, or 5",
            '{"score": 9}',
            '{"score": 4, "rating": 5}',
            "[[4]] or [[5]]",
            "1. The capital is named.",
            "(1)\nThe capital is named.",
            "1. Named.\n2.",
            "Step 1: it is named.",
            "### 4",
            "- 4\nis what I would say",
        ],
    },
    "ten": {
        "7": ["the score is [[7]]. so this answer is scored 7/10", "7/10", "Rating: 7.0/10"],
        "10": ["10/10", "Score: 10"],
        None: ["7/5", "0/10"],
    },
    "grade": {
        "C": [
            "\u200bC",
            "GRADE: C",
            "The submission matches.\n\nGRADE: C",
            "GRADE:\u200bC",
            "**Answer: C**",
            "Grade: C.",
            "(C)",
            "GRADE: C. There is no reason to downgrade: insufficient grounds.",
            '{"grade": "C"}',
            "GRADE: C\n",
        ],
        None: ["C. One\nP. Two", "Grade: C or P", "Cat", "It is I who say so."],
    },
    "letters": {
        "A": ["(A)", "[A]", "A", "A.", "B is what I thought.\nAnswer: A", "[[A]]", "Option A"],
        "B": ["B: it contradicts the key", "Final verdict: [[B]]"],
        None: ["A. The first\nB. The second", "A, B", "A good answer.", "A/B"],
    },
    "pair": {
        "1": [
            "Response 1",
            "**Response 1 is better**",
            "Verdict: 1",
            '{"winner": "1"}',
            '{"winner": "Response 1"}',
            "Winner: Response 1",
            "Response 1 is better.",
            "1.\nThe first is concise.\n\n2.\nThe second is verbose.\n\n1",
            "The better response is Response 1.",
            "Both are fine.\nResponse 1 wins.",
            "[[1]]",
        ],
        "tie": ["tie", "Verdict: tie", "Tie."],
        None: [
            "maybe\n2\nno\n</think>\n\nResponse 1 is better.",
            "Response 1:\nshort\n\nResponse 2:\nlong\n",
            "Response 1 is longer.",
            "Response 1 is better, but 2 is true.",
            "### Response 1\nis short.",
            "1. Response 1 is short.\n2. Response 2 is long.",
            "Response 1 and 2 are alike.",
        ],
    },
    "chinese": {"是": ["是。", "结论：是", "答案是：是", "「是」"], "否": ["判定：否。"]},
    "turkish": {"hayır": ["HAYIR", "Cevap: Hayır."], "evet": ["EVET"]},
}


def rows() -> Iterator[tuple[str, str | None, str]]:
    for name, expected in SAYS.items():
        for label, replies in expected.items():
            yield from ((name, label, reply) for reply in replies)


@pytest.mark.parametrize(("name", "label", "reply"), rows())
def test_what_a_reply_says(name: str, label: str | None, reply: str) -> None:
    if label is not None:
        assert read_label(reply, CASES[name]) == label
    else:
        with pytest.raises(Unreadable):
            read_label(reply, CASES[name])


def said(reply: str, labels: dict[str, float]) -> str | None:
    try:
        return read_label(reply, labels)
    except Unreadable:
        return None


def test_their_siblings() -> None:
    """Announcements, scales, negations, JSON, channels, tables: `labels`, `reply`, and the `label` or null."""
    lines = Path(__file__).with_name("reply_cases.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = [tuple(json.loads(line).values()) for line in lines]
    came = [(labels, reply, said(reply, dict.fromkeys(labels, 0.5))) for labels, reply, _ in wanted]
    assert came == wanted
    assert len(wanted) > 250
