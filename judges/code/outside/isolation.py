"""What the box offers on this machine, what must hold for a score to be trusted, and the refusal to go without."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import JuryboxError

logger = logging.getLogger("jurybox")

LAYERS: Mapping[str, str] = {
    "seccomp": "system-call filter: no processes, no sockets, no writing, no signals to others",
    "landlock": "reading only below the interpreter's library, no TCP, no signals to the outside",
    "namespaces": "no network device, no other processes in sight, death of the server is death of all",
    "private_root": "a root file system that holds only the interpreter's library",
    "privileges": "no capabilities; from root another user where the interpreter stays readable",
    "no_open": "every open of a file refused; stands in for Landlock and a private root",
}
LEVELS = ("strict", "degraded", "none")
REMEDIES = {
    "seccomp": "run on Linux (x86-64 or aarch64) and let the container's own filter allow `seccomp`",
    "landlock": "use a kernel from 5.13 with Landlock enabled (`lsm=…,landlock`)",
    "namespaces": "allow unprivileged user namespaces (kernel.apparmor_restrict_unprivileged_userns=0), or do without",
}


class IsolationUnavailable(JuryboxError, RuntimeError):  # noqa: N818 - the name says what happened
    """This machine does not offer what the chosen isolation level needs."""


@dataclass(frozen=True)
class IsolationReport:
    """What holds around a program.

    Attributes:
        level: "strict" when no score can be had without the right answers and nothing can be read, written or reached;
            "degraded" when something of that is missing; "none" when only limits and kills hold.
        layers: those that are on.
        missing: those that are not, with the reason.
        escapes: forbidden things that a trial child could do all the same.
    """

    level: str
    layers: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    escapes: tuple[str, ...] = ()

    @classmethod
    def of(cls, layers: Sequence[str], missing: Mapping[str, str], escapes: Sequence[str]) -> IsolationReport:
        """The report on a server that says which layers it put on and what its trial child could do."""
        hides_files = {"landlock", "private_root", "no_open"}.intersection(layers)
        strict = "seccomp" in layers and bool(hides_files) and not escapes
        level = "strict" if strict else "degraded" if "seccomp" in layers else "none"
        return cls(level, tuple(layers), dict(missing), tuple(escapes))

    def require(self, wanted: str) -> None:
        """Raise unless this report reaches the level; a machine that falls short is never used silently.

        Raises:
            IsolationUnavailable: with the missing layers, and what to do.
        """
        if wanted == "none" or self.level == "strict":
            return
        if wanted == "degraded":
            logger.warning("programs run with degraded isolation; missing: %s", _listed(self.missing))
            return
        remedies = "; ".join(REMEDIES[layer] for layer in self.missing if layer in REMEDIES)
        could = f" A trial program could: {', '.join(self.escapes)}." if self.escapes else ""
        raise IsolationUnavailable(
            f"strict isolation needs seccomp and one of landlock, private_root, no_open; missing here: "
            f"{_listed(self.missing)}.{could} To mend it: {remedies or 'see `jurybox doctor`'}. "
            "isolation='degraded' runs without it and says so in every verdict"
        )

    def to_dict(self) -> dict[str, object]:
        """Plain data for evidence."""
        return {"level": self.level, "layers": list(self.layers), "missing": sorted(self.missing)}


def _listed(missing: Mapping[str, str]) -> str:
    return ", ".join(f"{layer} ({reason})" for layer, reason in missing.items()) or "nothing"
