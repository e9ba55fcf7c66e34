"""Routes for whoever watches the service: alive, ready, metrics. They name no account."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from megaplan_gateway.http.refusals import json_response
from megaplan_gateway.service import Gateway


def health_routes(gateway: Gateway) -> list[Route]:
    """Return ``/health``, ``/ready`` and ``/metrics``."""

    async def health(request: Request) -> Response:
        """Say that the process serves."""
        return json_response({"status": "ok"})

    async def ready(request: Request) -> Response:
        """Say whether what comes in can be stored."""
        missing = await gateway.is_ready()
        told = {"status": "waiting" if missing else "ready", "missing": missing}
        return json_response(told, 503 if missing else 200)

    async def metrics(request: Request) -> Response:
        """Give the counters to Prometheus."""
        content = generate_latest(gateway.metrics.registry)
        return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
