from __future__ import annotations

import pytest

from jurybox.judges import MathJudge
from jurybox.judges.preflight import PreflightError
from jurybox.judges.sample import MissingColumn
from jurybox.trainers.seam.ahead import look_ahead


def test_a_data_set_that_cannot_be_judged_ends_the_training_before_it_begins():
    with pytest.raises(PreflightError, match="math: unusable gold: rows 0, 1"):
        look_ahead([MathJudge()], [{"solution": None}, {"solution": ""}])
    with pytest.raises(MissingColumn):
        look_ahead([len, 1.0 * MathJudge()], [{"answer": "1"}])


def test_single_rows_are_warned_about_and_columns_may_come_later():
    with pytest.warns(UserWarning, match="math: unusable gold: row 1"):
        look_ahead([MathJudge()], [{"solution": "1"}, {"solution": None}])
    look_ahead([MathJudge()], [{"answer": "1"}], every_column=False)
    look_ahead([MathJudge()], None)
