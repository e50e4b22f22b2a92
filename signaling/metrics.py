"""What a signaling process counts, for Prometheus, on a listener of its own.

The law: labels come from small closed sets (doors, statuses, our own relays' addresses), never from
what a client sent; and the listener is apart from the public one, on loopback unless set otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DOORS: Final = ("whip", "whep", "api", "ws", "healthz", "readyz")

Gauges = Callable[[], Mapping[str, Mapping[str, float]]]
"""Returns, by metric name, values by the label `of` (`""` for none), as they are now."""


class Metrics:
    """The counters of one application, in a registry of its own: a process may build two."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "rostrum_http_requests",
            "HTTP requests, by door and status",
            ["door", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "rostrum_http_request_seconds", "Time to the end of an answer", ["door"], registry=self.registry
        )

    def watch(self, gauges: Gauges) -> None:
        """Have these values read whenever the metrics are asked for."""
        self.registry.register(_Gauges(gauges))

    def application(self) -> Starlette:
        """Return the listener's ASGI application: `GET /metrics`."""

        async def metrics(request: Request) -> Response:
            del request
            # The process's own numbers, and what other modules count, are in the library's registry.
            text = generate_latest(REGISTRY) + generate_latest(self.registry)
            return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

        return Starlette(routes=[Route("/metrics", metrics)])


class CountRequests:
    """ASGI middleware that counts HTTP requests by door; pages and unknown paths are `pages`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        first = scope["path"].split("/", 2)[1]
        door = first if first in _DOORS else "pages"
        began = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._metrics.requests.labels(door, str(status)).inc()
            self._metrics.seconds.labels(door).observe(time.perf_counter() - began)


class _Gauges(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> list[GaugeMetricFamily]:
        """Read the values now."""
        families = []
        for name, values in self._gauges().items():
            family = GaugeMetricFamily(name, name.replace("_", " "), labels=["of"])
            for of, value in values.items():
                family.add_metric([of], value)
            families.append(family)
        return families
