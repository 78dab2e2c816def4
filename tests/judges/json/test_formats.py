"""Both validators agree on what a format holds."""

from __future__ import annotations

import json

import pytest

from jurybox.judges.json import JSONJudge
from tests.case_kinds.json_schema import ENGINES

GOOD = {
    "date-time": ["2024-01-31T10:00:00Z", "2024-02-29t23:59:59.5+01:00"],
    "time": ["10:00:00Z", "23:59:59.25-05:30"],
    "duration": ["P1D", "P1Y2M3DT4H5M6S", "PT1M", "P2W"],
    "hostname": ["a.b", "localhost"],
    "json-pointer": ["", "/a/0/~0~1"],
    "uri": ["http://a.b/c?d=e#f", "urn:isbn:1", "mailto:a@b.c"],
}
BAD = {
    "date-time": ["yesterday", "2024-02-30T10:00:00Z", "2024-01-31 10:00:00", "2024-01-31T10:00:00"],
    "time": ["25:00:00Z", "10:00", "10:00:00"],
    "duration": ["1 day", "P", "PT", "P1D2Y"],
    "hostname": ["-a-", "a..b", "a_b"],
    "json-pointer": ["a", "/~2"],
    "uri": ["::::", "//a.b", "http://a b"],
}
CASES = [(name, text, right) for side, right in ((GOOD, 1.0), (BAD, 0.0)) for name in side for text in side[name]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "text", "score"), CASES)
def test_formats(name, text, score, engine):
    judge = JSONJudge({"format": name}, formats=True, engine=engine)
    assert judge.verdict(json.dumps(text)).score == score
    assert judge.verdict("1").score == 1.0  # a format is about texts
