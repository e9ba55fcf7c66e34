"""The doctor finds what is wrong, says what to do, hides nothing behind a failure, and tells no secret."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import requests
from airflow.sdk.exceptions import AirflowFailException
from psycopg import Connection

from demo.emulated_megaplan import LOGIN, PASSWORD, EmulatedMegaplan
from megaplan_sync.doctor.examination import examine
from megaplan_sync.doctor.finding import Finding, report
from megaplan_sync.doctor.megaplan_checks import check_clock
from megaplan_sync.doctor.operators import ExamineAccountsOperator
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.raw.schema import prepare_raw_schema
from tests.emulators.uis_client import TOKEN, Client
from tests.integration.gateway.served import (
    MEGAPLAN_SECRET,
    UIS_SECRET,
    ServedGateway,
    served,
    set_connections,
)

pytest_plugins = ["tests.emulators.uis_fixtures"]
STREAMS = ["deals", "contractors", "employees"]


@dataclass
class Clinic:
    """An account in good health: both emulated sides, tables, a gateway, an application."""

    monkeypatch: pytest.MonkeyPatch
    database_uri: str
    connect: Callable[..., str]
    megaplan: EmulatedMegaplan
    uis: Client
    gateway: ServedGateway

    def connections(self, **settings: Any) -> None:
        given = {"gateway_url": self.gateway.url, "application_uuid": "demo-application"}
        cabinet = {"virtual_phone_number": "74950000001", **settings.pop("uis", {})}
        set_connections(
            self.monkeypatch,
            self.database_uri,
            self.connect,
            self.uis.url,
            uis=cabinet,
            **{**given, **settings},
        )

    def application(self, **fields: Any) -> None:
        requests.put(
            f"{self.megaplan.url}/api/v3/integration/demo-application",
            json=fields,
            headers={"Authorization": "Bearer demo-app-token"},
            timeout=10,
        ).raise_for_status()

    def findings(self) -> dict[str, Finding]:
        return {finding.topic: finding for finding in examine("megaplan_default")}


@pytest.fixture
def clinic(
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    database: Connection[Any],
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
    uis: Client,
) -> Iterator[Clinic]:
    prepare_raw_schema(database)
    prepare_telephony_schema(database)
    set_connections(monkeypatch, database_uri, connect, uis.url)
    with served(f"127.0.0.1:{megaplan.port}") as gateway:
        clinic = Clinic(monkeypatch, database_uri, connect, megaplan, uis, gateway)
        clinic.connections()
        address = gateway.url + gateway.path("/megaplan", MEGAPLAN_SECRET)
        clinic.application(streamUri=address, subscribedStreams=STREAMS)
        yield clinic


def levels(findings: dict[str, Finding]) -> dict[str, str]:
    return {topic: finding.level for topic, finding in findings.items() if finding.level != "ok"}


def test_a_healthy_account_shows_its_addresses_and_no_secret(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    findings = clinic.findings()
    # http here, as in every test; and nobody has run the sync of telephony yet
    assert levels(findings) == {"gateway": "warning", "joined employees": "warning"}
    text = "\n".join(report("megaplan_default", list(findings.values())))
    account = f"127.0.0.1:{clinic.megaplan.port}"
    assert f"{clinic.gateway.url}/{account}/•••/megaplan" in text
    assert f"{clinic.gateway.url}/{account}/•••/uis" in text
    assert f"{clinic.gateway.url}/{account}/•••/route" in text
    for secret in (MEGAPLAN_SECRET, UIS_SECRET, PASSWORD, LOGIN, TOKEN, "demo-app-token"):
        assert secret not in text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("megaplan_sync")]
    assert not [line for line in ours if MEGAPLAN_SECRET in line or UIS_SECRET in line]


def test_nothing_is_changed_or_stored(clinic: Clinic, database: Connection[Any]) -> None:
    clinic.findings()
    asked = clinic.megaplan.control("requests")
    assert [entry for entry in asked if entry["method"] != "GET" and "access_token" not in entry["path"]] == [
        entry for entry in asked if entry["method"] == "PUT" and "/integration/" in entry["path"]
    ]
    assert database.execute("SELECT count(*) FROM telephony.events").fetchone() == (0,)


def settings(**changes: Any) -> Callable[[Clinic], None]:
    return lambda clinic: clinic.connections(**changes)


def application(**fields: Any) -> Callable[[Clinic], None]:
    return lambda clinic: clinic.application(**fields)


def mutation(**spec: Any) -> Callable[[Clinic], None]:
    return lambda clinic: clinic.megaplan.control("mutate", spec)


def an_old_unfinished_call(**changes: Any) -> Callable[[Clinic], None]:
    def prepare(clinic: Clinic) -> None:
        clinic.connections(**changes)
        with psycopg.connect(clinic.database_uri, autocommit=True) as database:
            database.execute(
                """INSERT INTO telephony.calls (account, call_session_id, started_at)
                VALUES (%s, 1, now() - interval '40 days')""",
                (f"127.0.0.1:{clinic.megaplan.port}",),
            )

    return prepare


def forget_internal_numbers(clinic: Clinic) -> None:
    token = {"Authorization": "Bearer demo-app-token"}
    listed = requests.get(f"{clinic.megaplan.url}/api/v3/callUserConfig", headers=token, timeout=10).json()
    for row in listed["data"]:
        employee = row["employee"]["id"]
        requests.delete(
            f"{clinic.megaplan.url}/api/v3/callUserConfig/Employee/{employee}", headers=token, timeout=10
        ).raise_for_status()


@pytest.mark.parametrize(
    ("illness", "topic", "level", "words"),
    [
        (settings(application_uuid=""), "application", "warning", "application_uuid is empty"),
        (settings(application_uuid="other"), "application", "error", "no application with"),
        (application(isEnabled=False), "application", "error", "switched off"),
        (application(subscribedStreams=["deals"]), "event streams", "warning", "contractors, employees"),
        (application(streamUri=None), "address of the event streams", "warning", "to nobody"),
        (
            application(streamUri="https://elsewhere.example.org/x"),
            "address of the event streams",
            "warning",
            "another address",
        ),
        (
            mutation(op="revoke_visibility", rights=True),
            "rights of telephony",
            "warning",
            "can_use_telephony",
        ),
        (mutation(op="empty_list", entity="deals"), "sight of deals", "warning", "the list is empty"),
        (forget_internal_numbers, "users of telephony in Megaplan", "error", "nobody has an internal number"),
        (settings(gateway_url=""), "gateway", "warning", "gateway_url is empty"),
        (settings(gateway_url="http://127.0.0.1:9"), "webhooks of Megaplan", "error", "cannot be reached"),
        (settings(webhook_secret="other"), "webhooks of Megaplan", "error", "another secret"),
        (settings(webhook_secret=""), "webhooks of Megaplan", "error", "has no webhook_secret"),
        (settings(uis={"webhook_secret": "other"}), "notifications of UIS", "error", "another secret"),
        (settings(uis={"access_token": "wrong"}), "UIS get.employees", "error", "key"),
        (settings(uis={"virtual_phone_number": ""}), "virtual number", "warning", "no calls can be made"),
        (settings(uis={"virtual_phone_number": "74950009999"}), "virtual number", "error", "none of"),
        (settings(uis={"account_timezone": "Asia/Omsk"}), "UIS time zone", "error", "Asia/Omsk"),
        (settings(uis_conn_id=""), "connection of UIS", "error", "uis_conn_id"),
        (settings(requests_per_hour=40), "requests", "ok", "of 40 requests"),
        (
            an_old_unfinished_call(keep_telephony_days=35),
            "calls kept",
            "warning",
            "1 unfinished calls, 0 unsettled",
        ),
        (an_old_unfinished_call(keep_telephony_days=60), "calls kept", "ok", "for 60 days"),
        (an_old_unfinished_call(), "calls kept", "ok", "for ever"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_illnesses(
    clinic: Clinic, illness: Callable[[Clinic], None], topic: str, level: str, words: str
) -> None:
    illness(clinic)
    found = clinic.findings()[topic]
    assert (found.level, words in found.told) == (level, True), found
    assert found.remedy or level == "ok", "a finding says what to do"


def test_not_our_gateway(clinic: Clinic) -> None:
    clinic.connections(gateway_url=f"{clinic.uis.url}")
    assert clinic.findings()["webhooks of Megaplan"].level == "error"


def test_a_wrong_password_ends_what_megaplan_is_asked(clinic: Clinic) -> None:
    described = {**clinic.megaplan.connection(), "password": "wrong"}
    clinic.monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    findings = clinic.findings()
    assert findings["Megaplan"].level == "error"
    assert "sight of deals" not in findings
    assert "wrong" not in findings["Megaplan"].told


def test_without_postgres_everything_else_is_looked_at(clinic: Clinic) -> None:
    clinic.monkeypatch.delenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES")
    clinic.monkeypatch.setenv(
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES", '{"conn_type": "postgres", "host": "127.0.0.1", "port": 9}'
    )
    findings = clinic.findings()
    assert findings["Postgres"].level == "error"
    assert {"login", "clock", "UIS key", "webhooks of Megaplan"} <= set(findings)


def test_missing_and_foreign_tables_are_told(clinic: Clinic, database: Connection[Any]) -> None:
    database.execute("UPDATE telephony.schema_version SET version = 99")
    database.execute("DROP SCHEMA megaplan_sync CASCADE")
    findings = clinic.findings()
    assert findings["tables of telephony"].level == "error"
    assert findings["tables of megaplan_sync"].level == "warning"
    assert "megaplan_deals_sync" in findings["tables of megaplan_sync"].remedy


def test_a_connection_that_makes_no_sense_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", '{"conn_type": "megaplan"}')
    (finding,) = examine("megaplan_default")
    assert (finding.level, "field 'host'" in finding.told) == ("error", True)


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, "ok"), (30, "warning"), (-30, "warning"), (3600, "error")]
)
def test_a_clock_that_is_wrong(seconds: int, level: str) -> None:
    there = datetime.now(UTC) + timedelta(seconds=seconds)
    hook = SimpleNamespace(account_info=lambda: {}, server_time=lambda: there)
    (finding,) = check_clock(SimpleNamespace(megaplan=hook))  # type: ignore[arg-type]
    assert finding.level == level


def test_the_task_is_red_where_something_does_not_work(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    pushed: dict[str, Any] = {}
    context: Any = {"ti": SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value}))}
    operator = ExamineAccountsOperator(task_id="examine_accounts", accounts=["megaplan_default"])
    found = operator.execute(context)
    assert {finding["level"] for finding in found["megaplan_default"]} == {"ok", "warning"}
    clinic.application(isEnabled=False)
    with pytest.raises(AirflowFailException, match="1 errors, the first about application"):
        operator.execute(context)
    assert "application" in {finding["topic"] for finding in pushed["findings"]["megaplan_default"]}
