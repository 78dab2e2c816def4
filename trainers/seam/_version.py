"""The range of TRL releases whose private side the seam was read and tested against."""

from __future__ import annotations

import os
from importlib.metadata import version

from packaging.specifiers import SpecifierSet

from ...judges.errors import JuryboxError

TESTED = SpecifierSet(">=1.16,<1.17")
OVERRIDE = "JURYBOX_UNTESTED_TRL"  # set to 1 to try another release; the contract is then checked at import


class UntestedTRLError(JuryboxError, ImportError):
    """The installed TRL is outside the tested range."""


def is_tested(installed: str | None = None) -> bool:
    """Whether the TRL release (default: the installed one) is one the seam knows."""
    return TESTED.contains(installed or version("trl"), prereleases=True)


def require_tested_trl(installed: str | None = None) -> None:
    """Refuse a TRL release the seam does not know, unless the environment says to try.

    Raises:
        UntestedTRLError: names the release, the range, and the two ways out.
    """
    installed = installed or version("trl")
    if is_tested(installed) or os.environ.get(OVERRIDE) == "1":
        return
    raise UntestedTRLError(
        f"jurybox.trainers was tested with trl{TESTED} and found trl {installed}. "
        f"Install a tested release (pip install 'trl{TESTED}'), or set {OVERRIDE}=1 to try this one: "
        "the hooks are then checked when jurybox.trainers is imported."
    )
