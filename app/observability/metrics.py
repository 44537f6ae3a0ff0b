"""Figures for Prometheus. What a process counts itself is here: requests by route, their durations, computations.

What belongs to the installation, such as jobs and sizes, comes from the store at the moment of asking
(:mod:`app.jobs.installation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
REGISTRY: Final = CollectorRegistry()
REQUESTS: Final = Counter(
    "pluriscope_http_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY
)
DURATIONS: Final = Histogram(
    "pluriscope_http_request_seconds",
    "Time to the end of the answer.",
    ("route",),
    buckets=SECONDS,
    registry=REGISTRY,
)
IN_FLIGHT: Final = Gauge(
    "pluriscope_http_requests_in_flight",
    "Requests being answered.",
    registry=REGISTRY,
)
COMPUTING: Final = Gauge("pluriscope_computing", "Computations on request.", ("state",), registry=REGISTRY)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ProcessCollector(registry=REGISTRY)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer.

    Args:
        method: of HTTP; what is none counts as "other", so that no caller makes up labels.
        route: template of the address, such as ``/networks/{network}``.
        status: of the answer.
        seconds: from the request to the end of the answer.
    """
    REQUESTS.labels(method if method in METHODS else "other", route, str(status)).inc()
    DURATIONS.labels(route).observe(seconds)


class _All:
    """A collector of what several tell."""

    def __init__(self, sources: Iterable[Callable[[], Iterable[Metric]]]) -> None:
        self.sources = list(sources)

    def collect(self) -> Iterator[Metric]:
        for source in self.sources:
            yield from source()


def exposition(of_installation: Iterable[Metric], accept: str) -> tuple[bytes, str]:
    """All figures in the format that the caller accepts.

    Args:
        of_installation: what was read from the store.
        accept: header of the request.

    Returns:
        Body and content type.
    """
    told = CollectorRegistry(auto_describe=False)
    told.register(_All([REGISTRY.collect, lambda: of_installation]))
    encode, content_type = choose_encoder(accept)
    return encode(told), content_type
