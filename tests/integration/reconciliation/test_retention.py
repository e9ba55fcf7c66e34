"""Certificates, versions and notes of nights are deleted when they are old; nothing that a later night needs is."""

import json
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk.exceptions import AirflowFailException

from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.rebuild.account_rebuild import AccountRebuild
from megaplan_sync.reconciliation.retention import (
    delete_old_certificates,
    delete_old_notes_of_nights,
    delete_old_versions,
)
from megaplan_sync.reconciliation.retention_operator import DeleteOldRowsOperator
from tests.integration.airflow_runs import postgres_connection
from tests.integration.reconciliation.nights import Night

YEAR = 365
ASKED_BY_LATER_RUNS = ("select_last_comparisons", "select_last_call_comparison")


def label(night: Night) -> str:
    return night.megaplan.url.removeprefix("http://")


def issue(
    night: Night, entity: str, name: str, days_ago: int, verdict: str = "proven", **values: Any
) -> None:
    """Add a certificate."""
    night.by_hand(
        """INSERT INTO megaplan_raw.certificates (account, entity, run_id, day, issued_at, depth, verdict, missing,
          stale, extra, repaired, deleted, unresolved, requests_used, duration, doc, watermark, proposal)
        VALUES (%(account)s, %(entity)s, %(name)s, current_date, now() - make_interval(days => %(days)s), 'full',
          %(verdict)s, 0, 0, 0, 0, 0, 0, 0, '0', '', now() - make_interval(days => %(watermark)s), %(proposal)s)""",
        account=label(night),
        entity=entity,
        name=name,
        days=days_ago,
        verdict=verdict,
        watermark=values.get("watermark_days_ago"),
        proposal=values.get("proposal"),
    )


def answers(night: Night) -> list[Any]:
    """Return what later nights ask certificates for, and the message about stale ones."""
    asked = {"account": label(night)}
    found = [sorted(night.database.execute(read_sql(name), asked).fetchall()) for name in ASKED_BY_LATER_RUNS]
    newest = "SELECT entity, max(issued_at) FROM megaplan_raw.certificates GROUP BY entity ORDER BY entity"
    return [*found, night.database.execute(newest).fetchall()]


def test_certificates_are_deleted_but_for_those_that_something_still_asks_for(night: Night) -> None:
    proposal = night.value(
        """INSERT INTO megaplan_sync.deletion_proposals (account, entity, kind, row_count, of_rows, reason, run_id)
        VALUES (%(account)s, 'deals', 'deletion', 1, 1, '', 'asks') RETURNING number""",
        account=label(night),
    )
    issue(night, "deals", "oldest", 500)
    issue(night, "deals", "asks", 450, "stopped", proposal=proposal)
    issue(night, "deals", "young", 300)
    issue(night, "contacts", "superseded", 490)
    issue(night, "contacts", "compared", 480)
    issue(night, "contacts", "half", 470, "partial")
    issue(night, "contacts", "newest", 460, "partial")
    issue(night, "calls", "proves less", 490, watermark_days_ago=480)
    issue(night, "calls", "proves most", 480, "unresolved", watermark_days_ago=470)
    issue(night, "calls", "could not", 470, "stopped")
    before = answers(night)
    assert delete_old_certificates(night.database, label(night), YEAR, batch_rows=2) == 4
    assert answers(night) == before
    left = night.database.execute("SELECT run_id FROM megaplan_raw.certificates ORDER BY entity, issued_at")
    assert [name for (name,) in left] == ["proves most", "could not", "compared", "newest", "asks", "young"]
    assert delete_old_certificates(night.database, label(night), YEAR) == 0
    night.by_hand("UPDATE megaplan_sync.deletion_proposals SET state = 'settled'")
    assert delete_old_certificates(night.database, label(night), YEAR) == 1


def test_a_night_after_the_deletion_finds_nothing_and_moves_are_kept(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the operator, with the connection's settings; another account and younger rows are left alone."""
    for _ in range(3):
        night.change({"op": "advance_clock", "seconds": 3600}, {"op": "move_stage", "id": 1001})
        night.sync("deals")
    certificates = night.run(depth="full")
    assert night.value("SELECT count(*) FROM megaplan_raw.past_deal_versions WHERE deal_id = 1001") == 3
    moves = "SELECT * FROM megaplan_raw.deal_stage_moves WHERE deal_id = 1001 ORDER BY moved_at"
    moved = night.database.execute(moves).fetchall()
    assert len(moved) == 4
    night.by_hand(
        """UPDATE megaplan_raw.past_deal_versions SET valid_to = valid_to - interval '100 days',
          valid_from = valid_from - interval '100 days'"""
    )
    night.by_hand("UPDATE megaplan_sync.findings SET found_at = now() - interval '31 days'")
    night.by_hand("UPDATE megaplan_sync.reconciliations SET began_at = now() - interval '31 days'")
    issue(night, "deals", "old", YEAR + 1)
    night.by_hand(
        """INSERT INTO megaplan_raw.past_deal_versions (account, valid_from, valid_to, payload, content_hash)
        SELECT 'another', valid_from, valid_to, payload, content_hash FROM megaplan_raw.past_deal_versions"""
    )

    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(night.uri)))
    kept = night.connect("keeps_versions")
    deleting = night.connect("deletes_versions", keep_versions_days=30)
    delete = DeleteOldRowsOperator(task_id="delete_old_rows", accounts=[[kept]])
    assert delete.execute({}) == {label(night): {"certificates": 1}}
    assert night.value("SELECT count(*) FROM megaplan_sync.reconciliations") == 0
    monkeypatch.setenv("AIRFLOW_CONN_IMPOSSIBLE", json.dumps({"conn_type": "megaplan"}))
    delete = DeleteOldRowsOperator(task_id="delete_old_rows", accounts=[["impossible"], [deleting]])
    with pytest.raises(AirflowFailException, match="impossible"):
        delete.execute({})
    left = night.database.execute("SELECT account, count(*) FROM megaplan_raw.past_deal_versions GROUP BY 1")
    assert left.fetchall() == [("another", 3)]
    night.by_hand("DELETE FROM megaplan_raw.past_deal_versions")

    assert night.value("SELECT count(*) FROM megaplan_raw.certificates") == len(certificates)
    night.assert_same_tomorrow()
    with Session.open(night.uri) as connection:
        AccountRebuild(connection, label(night), phone_region="RU", run_id=uuid4().hex).run(())
    assert night.database.execute(moves).fetchall() == moved
    night.change({"op": "advance_clock", "seconds": 3600}, {"op": "move_stage", "id": 1001})
    night.sync("deals")
    assert len(night.database.execute(moves).fetchall()) == 5
    night.assert_tables_are_megaplan()


def test_rows_are_deleted_in_batches_and_younger_ones_stay(night: Night) -> None:
    night.by_hand(
        """INSERT INTO megaplan_raw.past_deal_versions (account, valid_from, valid_to, payload, content_hash)
        SELECT %(account)s, now() - make_interval(days => number + 1), now() - make_interval(days => number),
          '{"id": "7"}', ''
        FROM generate_series(1, 40) AS number""",
        account=label(night),
    )
    night.by_hand(
        """INSERT INTO megaplan_sync.findings (run_id, account, entity, id, finding, found_at)
        SELECT 'a night', %(account)s, 'deals', number, 'missing', now() - make_interval(days => number)
        FROM generate_series(1, 40) AS number""",
        account=label(night),
    )
    assert delete_old_versions(night.database, label(night), 30, batch_rows=3) == 11
    assert delete_old_notes_of_nights(night.database, batch_rows=3) == 11
    for table in ("megaplan_raw.past_deal_versions", "megaplan_sync.findings"):
        assert night.value(f"SELECT count(*) FROM {table}") == 29, table
