"""Judges that did not get through a completion gave their least score; it is not the least where it is subtracted."""

from __future__ import annotations

from ..judges import Verdict
from .verdict import RewardVerdict


def broke_off(verdict: Verdict) -> bool:
    """Whether a score stands for a judge that did not get through: it ran out of time, or raised.

    What a completion causes scores a judge's least, so that it does not pay. Under a minus sign or a negation the
    least would pay, so those nodes ask here, and take the most that the part can give. A node of several parts broke
    off when any of them did.
    """
    if isinstance(verdict, RewardVerdict) and verdict.parts:
        return any(part is not None and broke_off(part) for part in verdict.parts)
    return verdict.score is not None and (verdict.status == "timeout" or verdict.reason == "exception")
