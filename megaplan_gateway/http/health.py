"""Routes for monitoring: health, readiness and metrics. Their responses name no account."""

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
        """Report that the process is running."""
        return json_response({"status": "ok"})

    async def ready(request: Request) -> Response:
        """Report whether the gateway can store incoming messages."""
        missing = await gateway.missing_dependencies()
        status = {"status": "waiting" if missing else "ready", "missing": missing}
        return json_response(status, 503 if missing else 200)

    async def metrics(request: Request) -> Response:
        """Return the metrics in Prometheus's format."""
        await gateway.lane_metrics.refresh()
        content = generate_latest(gateway.metrics.registry) + generate_latest(gateway.lane_metrics.registry)
        return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
