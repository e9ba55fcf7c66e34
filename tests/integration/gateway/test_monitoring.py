"""The metrics of all lanes, and the rules and the board in ``deploy/monitoring``, in a real Prometheus."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from demo.processes import free_port
from megaplan_gateway import lane_metrics
from megaplan_sync.kernel.schemas import prepare_upload_schema

from .served import ServedGateway, served, set_connections
from .waiting import until

MONITORING = Path(__file__).resolve().parents[3] / "deploy" / "monitoring"
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
BOARD = json.loads((MONITORING / "grafana-dashboard.json").read_text())
QUERIES = [
    *(rule["expr"] for rule in RULES),
    *(
        target["expr"].replace("$__rate_interval", "5m")
        for panel in BOARD["panels"]
        for target in panel["targets"]
    ),
]
NO_SAMPLES_WITHOUT_TRAFFIC = {"gateway_popups_total", "gateway_vendor_requests_total"}


def samples(gateway: ServedGateway) -> dict[tuple[str, ...], float]:
    """Return the values by name and label values."""
    text = gateway.client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def loaded(tables: Connection[Any]) -> Connection[Any]:
    """Something in every lane: two accounts, one of them late, refused and waiting."""
    prepare_upload_schema(tables)
    tables.execute(
        """
        INSERT INTO megaplan_sync.walks (account, entity, trail, loaded_at, watermark, read_at) VALUES
          ('mp1', 'deals', NULL, now(), now(), now() - interval '2 hours'),
          ('mp2', 'deals', '[]', NULL, now(), NULL),
          ('mp1', 'currencies', NULL, NULL, NULL, now() - interval '30 seconds');
        INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome) VALUES
          ('r', 'mp2', 'deals', now(), '{"partial": "the hour is spent"}'),
          ('r', 'mp1', 'deals', now(), '{}');
        INSERT INTO megaplan_sync.request_budgets (account, blocked_until) VALUES
          ('mp1', '-infinity'), ('mp2', now() + interval '1 hour');
        UPDATE megaplan_sync.request_budgets
        SET
          minutes[1] = extract(epoch FROM now())::bigint / 60,
          spent[1] = CASE account WHEN 'mp1' THEN 40 ELSE 2 END;
        INSERT INTO megaplan_raw.certificates (
          account, entity, run_id, verdict, unresolved, issued_at,
          day, depth, missing, stale, extra, repaired, deleted, requests_used, duration, doc
        )
        SELECT given.*, current_date, 'full', 0, 0, 0, 0, 0, 1, '1s', ''
        FROM (
          VALUES
            ('mp1', 'deals', 'old', 'stopped', 9, now() - interval '1 day'),
            ('mp1', 'deals', 'new', 'unresolved', 3, now()),
            ('mp2', 'deals', 'new', 'proven', 0, now()),
            ('mp3', 'deals', 'new', 'stopped', 0, now())
        ) AS given;
        INSERT INTO telephony.events (account, source, dedupe_key, body, received_at, call_session_id) VALUES
          ('mp1', 'megaplan_webhook', 'w', '', now() - interval '20 minutes', NULL),
          ('mp1', 'uis_notification', 'c', '', now() - interval '5 minutes', 7),
          ('mp1', 'uis_notification', 'nothing to derive', '', now() - interval '9 days', NULL);
        INSERT INTO telephony.call_deliveries (account, call_session_id, stage, step, state, due_at) VALUES
          ('mp1', 7, 'history', 1, 'due', now() - interval '40 minutes'),
          ('mp1', 8, 'recording', 2, 'parked', now() - interval '1 day'),
          ('mp1', 9, 'history', 1, 'done', now() - interval '9 days');
        """
    )
    return tables


def test_every_lane_is_measured_over_all_accounts(loaded: Connection[Any], connections: str) -> None:
    with served(connections) as gateway:
        found = samples(gateway)
        for name, value in {
            ("megaplan_accounts", "deals"): 2,
            ("megaplan_first_loads", "deals"): 1,
            ("megaplan_first_loads", "currencies"): 0,
            ("megaplan_paused_accounts",): 1,
            ("megaplan_requests_in_hour",): 42,
            ("megaplan_requests_in_hour_most",): 40,
            ("megaplan_blocked_accounts",): 1,
            ("megaplan_certified_accounts", "deals", "unresolved"): 1,
            ("megaplan_certified_accounts", "deals", "proven"): 1,
            ("megaplan_certified_accounts", "deals", "stopped"): 1,  # not that of an older certificate
            ("megaplan_unresolved_rows", "deals", "unresolved"): 3,
            ("megaplan_inbox_waiting", "webhooks"): 1,
            ("megaplan_inbox_waiting", "calls"): 1,
            ("megaplan_outbox_deliveries", "history", "due"): 1,
            ("megaplan_outbox_deliveries", "recording", "parked"): 1,
            ("megaplan_uis_upload_failed",): 0,
            ("megaplan_measurement_failed", "measure_syncs"): 0,
        }.items():
            assert found[name] == value, name
        for name, least in {
            ("megaplan_sync_age_seconds", "deals"): 7200,
            ("megaplan_sync_age_median_seconds", "currencies"): 30,
            ("megaplan_inbox_lag_seconds", "webhooks"): 1200,
            ("megaplan_inbox_lag_seconds", "calls"): 300,
            ("megaplan_outbox_overdue_seconds", "history", "due"): 2400,
        }.items():
            assert least <= found[name] < least + 600, name
        assert not [value for name in found for value in name if "mp1" in value]

        loaded.execute("DELETE FROM telephony.events")
        assert ("megaplan_inbox_waiting", "calls") in samples(gateway), (
            "who asks often does not burden Postgres"
        )


def test_lanes_that_never_ran_are_left_out_and_a_failing_one_hides_no_other(
    tables: Connection[Any], connections: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_metrics, "FRESH_SECONDS", 0.0)
    tables.execute("ALTER TABLE megaplan_sync.walks RENAME COLUMN read_at TO renamed")
    with served(connections) as gateway:
        found = samples(gateway)
    assert str(found[("megaplan_uis_upload_failed",)]) == "nan"
    assert found[("megaplan_measurement_failed", "measure_uploads")] == 0
    assert found[("megaplan_measurement_failed", "measure_syncs")] == 1
    assert found[("megaplan_requests_in_hour",)] == 0


@pytest.fixture
def prometheus(loaded: Connection[Any], connections: str, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus that scrapes a gateway, with the configuration of ``deploy/monitoring``."""
    program = shutil.which("prometheus")
    assert program, "Prometheus is missing: run make programs as root, or install it yourself"
    with served(connections) as gateway:
        gateway.notify({"notification_name": "unknown"})
        port = free_port(0)
        config = (MONITORING / "prometheus.yml").read_text()
        config = config.replace("gateway:8070", gateway.url.removeprefix("http://")).replace("30s", "1s")
        (tmp_path / "prometheus.yml").write_text(config)
        shutil.copy(MONITORING / "rules.yml", tmp_path)
        arguments = [
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (
            open(tmp_path / "log", "wb") as log,
            subprocess.Popen([program, *arguments], stdout=log, stderr=log, env=os.environ.copy()) as process,
        ):
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def test_rules_and_board_run_in_prometheus(prometheus: str) -> None:
    with httpx.Client(base_url=prometheus, trust_env=False, timeout=20) as client:

        def result(query: str) -> list[Any]:
            answer = client.get("/api/v1/query", params={"query": query}).json()
            assert answer["status"] == "success", (query, answer)
            found: list[Any] = answer["data"]["result"]
            return found

        def is_scraped() -> bool:
            try:
                return len(result("megaplan_sync_age_seconds[5m]")[0]["values"]) >= 3
            except (httpx.TransportError, IndexError, ValueError):  # it begins with "Service Unavailable"
                return False

        until(is_scraped, seconds=120)
        for query in QUERIES:
            quiet = any(name in query for name in NO_SAMPLES_WITHOUT_TRAFFIC)
            threshold = re.split(r" (?:>|==) ", query)[0]
            assert result(threshold) or quiet, f"{query} finds nothing"
        firing = {rule["alert"] for rule in RULES if result(rule["expr"])}
        assert firing == {
            "MegaplanSyncLate",
            "MegaplanBlocked",
            "MegaplanUnresolved",
            "MegaplanNightStopped",
            "MegaplanInboxLate",
            "MegaplanOutboxLate",
            "MegaplanDeliveriesFailed",
        }
        known = client.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]
        assert {rule["name"] for rule in known} == {rule["alert"] for rule in RULES}
        assert {rule["health"] for rule in known} <= {"ok", "unknown"}


def test_rules_and_board_name_only_metrics_that_exist(loaded: Connection[Any], connections: str) -> None:
    with served(connections) as gateway:
        text = gateway.client.get("/metrics").text
    labels: dict[str, set[str]] = {"up": {"job", "instance"}}
    for family in text_string_to_metric_families(text):
        for suffix in ("", "_total", "_bucket"):
            labels.setdefault(family.name + suffix, set())
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    labels["gateway_popups_total"] = {"what", "outcome"}
    for query in QUERIES:
        selectors = list(_selectors(promql_parser.parse(query)))
        assert selectors, query
        for name, matchers in selectors:
            assert name in labels, query
            assert set(matchers) <= labels[name], query


def _selectors(node: Any) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the metrics that a query names, with the labels that it matches."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name, {matcher.name: matcher.value for matcher in node.matchers.matchers}
        return
    for name in ("expr", "lhs", "rhs", "vector_selector", "vs", "param"):
        child = getattr(node, name, None)
        if child is not None:
            yield from _selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from _selectors(child)


def test_metrics_answer_before_any_table_exists(
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
    tables: Connection[Any],
) -> None:
    monkeypatch.setattr(lane_metrics, "FRESH_SECONDS", 0.0)
    for schema in ("megaplan", "megaplan_raw", "megaplan_sync", "telephony"):
        tables.execute(f"DROP SCHEMA {schema} CASCADE")
    set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9")
    began = time.monotonic()
    with served(f"127.0.0.1:{megaplan.port}") as gateway:
        found = samples(gateway)
    assert {value for name, value in found.items() if name[0] == "megaplan_measurement_failed"} == {0}
    assert time.monotonic() - began < 60
