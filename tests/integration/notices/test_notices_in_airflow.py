"""Notices of real runs: the callbacks are those that Airflow calls."""

import json

import psycopg

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration.airflow_runs import TestedAirflow, postgres_connection
from tests.integration.conftest import UNHURRIED
from tests.integration.notices.sinks import MailSink, WebhookSink

DOWN = {
    "conn_type": "postgres",
    "host": "127.0.0.1",
    "port": 9,
    "login": "robot",
    "password": "p0stgres",
    "schema": "none",
}
SYNC, NOTICES = "megaplan_deals_sync", "megaplan_notices"


def test_a_red_run_is_told_once_and_that_it_is_over(
    migrated_airflow: TestedAirflow,
    megaplan: EmulatedMegaplan,
    database_uri: str,
    mail: MailSink,
    webhook: WebhookSink,
) -> None:
    right = megaplan.connection(**UNHURRIED)
    notices = {"conn_type": "generic", "password": f"{mail.address} {webhook.address}"}
    migrated_airflow.environment = {
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(right),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(database_uri)),
        "AIRFLOW_CONN_MEGAPLAN_NOTICES": json.dumps(notices),
    }
    wrong = {"AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps({**right, "password": "wr0ng"})}
    deals = {"entities": ["deals"]}

    for _ in range(2):
        assert migrated_airflow.dags_test(deals, wrong).state == "failed"
        assert migrated_airflow.dags_test(dag_id=NOTICES).state == "success"
    ((subject, text),) = mail.mails
    assert subject == "Megaplan: megaplan_deals_sync.load_raw_tables failed for megaplan_default"
    assert "password" in text.lower(), "the remedy"
    assert f"/dags/{SYNC}/runs/" in text, "the log"
    assert "wr0ng" not in text

    assert migrated_airflow.dags_test(deals).state == "success"
    assert migrated_airflow.dags_test(dag_id=NOTICES).state == "success"
    assert [post["title"] for post in webhook.posts] == [
        "Megaplan: megaplan_deals_sync.load_raw_tables failed for megaplan_default",
        "Megaplan: Over: megaplan_deals_sync.load_raw_tables failed for megaplan_default",
    ]
    assert "s3cret" not in migrated_airflow.written(), "the addresses are secrets"

    mail.mails.clear()
    real = psycopg.conninfo.conninfo_to_dict(database_uri)
    gone = {**postgres_connection(database_uri), "schema": f"{real['dbname']}_gone"}
    for described in (DOWN, gone):  # the server is away, then it is back without its database
        run = migrated_airflow.dags_test(
            dag_id=NOTICES, variables={"AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(described)}
        )
        assert run.state == "failed"
    ((subject, text),) = mail.mails
    assert subject == "Megaplan: Postgres cannot be used"
    for word in ("'megaplan_postgres'", "Check that it is running", "nothing is loaded or delivered"):
        assert word in text
    assert "p0stgres" not in text
    assert migrated_airflow.dags_test(dag_id=NOTICES).state == "success"
    assert [subject for subject, _ in mail.mails[1:]] == ["Megaplan: Over: Postgres cannot be used"]
