"""How much a service takes on."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
UNLIMITED = 1 << 46  # bytes of a worker: models are large, and judges bound what a completion may cost


@dataclass(frozen=True)
class Limits:
    """The bounds of a service.

    Attributes:
        workers: processes that judge.
        row_s: seconds of a worker's CPU time for a row (of the clock, where it sleeps). A request is given
            `REQUEST` times that; when it takes longer, its rows are judged one by one, and those that are late
            alone have the reward's least number.
        body_mib: of a request.
        waiting_mib: of requests that wait for a worker; further ones are turned away with 503.
        body_s: seconds of the clock for a client to send its request.

    Raises:
        ValueError: a bound that is not positive.
    """

    workers: int = 1
    row_s: float = 60.0
    body_mib: float = 16.0
    waiting_mib: float = 256.0
    body_s: float = 60.0

    REQUEST = 12

    def __post_init__(self) -> None:
        for name in ("workers", "row_s", "body_mib", "waiting_mib", "body_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, not {getattr(self, name)!r}")

    @property
    def body_bytes(self) -> int:
        """The most bytes of a request."""
        return int(self.body_mib * MIB)

    @property
    def waiting_bytes(self) -> int:
        """The most bytes of all requests that wait."""
        return int(self.waiting_mib * MIB)
