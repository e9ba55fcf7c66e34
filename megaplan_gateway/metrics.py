"""Prometheus metrics. Labels never contain accounts, phone numbers or names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Metrics:
    """The gateway's metrics, in a registry of their own so that one process can run several gateways."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.requests = Counter(
            "gateway_requests", "Requests answered", ["route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "gateway_request_seconds",
            "From the request's head to the answer",
            ["route"],
            buckets=_FAST,
            registry=registry,
        )
        self.stored = Counter(
            "gateway_inbox_messages",
            "Messages stored; kind is new, known or broken",
            ["source", "kind"],
            registry=registry,
        )
        self.commit_rows = Histogram(
            "gateway_inbox_commit_rows", "Messages in one commit", buckets=_ROWS, registry=registry
        )
        self.commit_seconds = Histogram(
            "gateway_inbox_commit_seconds", "Duration of a commit", buckets=_FAST, registry=registry
        )
        self.waiting = Gauge("gateway_inbox_waiting", "Messages waiting for their commit", registry=registry)
        self.vendor_requests = Counter(
            "gateway_vendor_requests",
            "Requests to Megaplan and UIS; outcome is ok or the class of the error",
            ["vendor", "outcome"],
            registry=registry,
        )
        self.vendor_seconds = Histogram(
            "gateway_vendor_seconds",
            "Duration of those requests",
            ["vendor"],
            buckets=_FAST,
            registry=registry,
        )
        self.popups = Counter(
            "gateway_popups",
            "Pop-ups opened, changed or finished; outcome is ok or the reason for failure",
            ["what", "outcome"],
            registry=registry,
        )
        self.uis_clock_difference = Gauge(
            "gateway_uis_clock_difference_seconds",
            "Largest difference between the clock of a UIS account and this machine's, 0 up to 5 seconds",
            registry=registry,
        )
        self.routes = Counter(
            "gateway_routes",
            "Calls routed; source is index, megaplan or fallback",
            ["source"],
            registry=registry,
        )
        self.background_failures = Counter(
            "gateway_background_failures",
            "Background tasks that failed and were restarted",
            ["task"],
            registry=registry,
        )
        self.accounts = Gauge("gateway_accounts", "Accounts served", registry=registry)
        self.account_problems = Gauge(
            "gateway_account_problems",
            "Connections that could not be read and keep their last state",
            registry=registry,
        )
