"""DisCO: the loss of groups of answers with its parts."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.papers.disco import disco_loss

from ..case import Case

INFORMATIVE = {"official_surrogate_value"}  # what the paper's code prints, which is not its objective


def _disco_loss(case: Case) -> dict[str, Any]:
    names = ("log_prob", "old_log_prob", "mask")
    result = disco_loss(*map(case.tensor, names), case.ids("group_ids"), case.tensor("rewards"), **case.params)
    return vars(result)


FUNCTIONS = {"disco_loss": _disco_loss}
