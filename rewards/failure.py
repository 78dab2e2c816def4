"""Judges that did not get through a completion gave their least score; it is not the least where it is subtracted."""

from __future__ import annotations

from ..judges import Verdict

# What judges say of a completion that they did not examine to the end, or about which their model would not agree.
_REASONS = frozenset(
    {
        "exception",
        "judge broke",
        "no majority",
        "not a finite number",
        "timeout",
        "too deep",
        "too many digits",
        "worker failed",
    }
)


def broke_off(verdict: Verdict) -> bool:
    """Whether a score stands for a judge that did not get through: it ran out of time, raised, found the completion too
    much to read, or asked a model that this completion left without an answer.

    What a completion causes scores a judge's least, so that it does not pay. Under a minus sign or a negation the
    least would pay, so those nodes ask here, and take the most that the part can give. What has several parts broke
    off when any of them did.
    """
    if verdict.parts:
        return any(part is not None and broke_off(part) for part in verdict.parts)
    if verdict.score is None:
        return False
    return verdict.status == "timeout" or verdict.reason in _REASONS or "spoilt_by" in verdict.evidence
