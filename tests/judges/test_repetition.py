from __future__ import annotations

import pytest

from jurybox.judges.repetition import RepetitionJudge


def test_share_of_repeated_groups():
    judge = RepetitionJudge(n=1)
    assert judge.verdict("a b c d").score == 1.0
    assert judge.verdict("a a a a").score == pytest.approx(0.25)
    assert RepetitionJudge(n=2).verdict("a b a b a b").score == pytest.approx(2 / 5)


def test_max_share_scales():
    assert RepetitionJudge(n=1, max_share=0.5).verdict("a b c a").score == pytest.approx(0.5)
    assert RepetitionJudge(n=1, max_share=0.5).verdict("a a a a").score == 0.0


def test_case_and_short_text():
    assert RepetitionJudge(n=1).verdict("Yes yes").score == 0.5
    assert RepetitionJudge(n=1, ignore_case=False).verdict("Yes yes").score == 1.0
    for text in ("", " ", "a b", "\x00", "\ud800"):
        assert RepetitionJudge(n=4).verdict(text).score == 1.0


def test_a_loop_without_spaces_is_seen():
    assert RepetitionJudge().verdict("haha" * 1_000).score < 0.1
    assert RepetitionJudge().verdict("!" * 1_000).score < 0.1


def test_huge_text_is_bounded():
    verdict = RepetitionJudge().verdict("lorem ipsum dolor " * 200_000)
    assert verdict.score < 0.01
    assert verdict.seconds < 3.0


@pytest.mark.parametrize("options", [{"n": 0}, {"max_share": 0.0}, {"max_share": 1.5}])
def test_bad_options_raise(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        RepetitionJudge(**options)
