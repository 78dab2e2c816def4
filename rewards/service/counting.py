"""What a service has done, in the text form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0)


class Counting:
    """Counters of one service."""

    def __init__(self, killed: Callable[[], float], waiting: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("jurybox_requests", "Requests answered", ("path", "status"), registry=self.registry)
        self._verdicts = Counter("jurybox_verdicts", "Verdicts given", ("status",), registry=self.registry)
        self._seconds = Histogram(
            "jurybox_request_seconds", "From the last byte of a request to its answer", ("path",),
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        gauges = {
            "jurybox_workers_killed": ("Workers that were late or died", killed),
            "jurybox_waiting_bytes": ("Bytes of requests that wait for their answer", waiting),
        }
        for name, (told, value) in gauges.items():
            Gauge(name, told, registry=self.registry).set_function(value)

    def add(self, path: str, status: int, seconds: float, verdicts: Mapping[str, int]) -> None:
        """Count an answer."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)
        for said, count in verdicts.items():
            self._verdicts.labels(said).inc(count)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self.registry)
