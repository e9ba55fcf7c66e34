"""Schemas are created and upgraded automatically, without loss."""

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.exceptions import NewerSchemaError
from megaplan_sync.kernel.schemas import (
    TELEPHONY_SCHEMA_VERSION,
    TELEPHONY_TABLES,
    prepare_telephony_schema,
    prepare_upload_schema,
)

UPLOAD_SCHEMA_1 = Path(__file__).with_name("uis_schema_1.sql")
UPLOAD_SCHEMA_2 = Path(__file__).with_name("uis_schema_2.sql")


def tables(database: Connection[Any]) -> set[str]:
    rows = database.execute(
        """SELECT format('telephony.%s', relname) FROM pg_class
        WHERE relnamespace = 'telephony'::regnamespace AND relkind IN ('r', 'v')"""
    )
    return {name for (name,) in rows.fetchall()}


def test_everything_is_created_once(database: Connection[Any]) -> None:
    assert prepare_telephony_schema(database)
    assert tables(database) == set(TELEPHONY_TABLES)
    assert not prepare_telephony_schema(database)


def test_missing_tables_are_created_again(database: Connection[Any]) -> None:
    prepare_telephony_schema(database)
    database.execute("DROP TABLE telephony.mismatches")
    assert prepare_telephony_schema(database)
    assert tables(database) == set(TELEPHONY_TABLES)


def test_tables_of_a_newer_version_are_refused(database: Connection[Any]) -> None:
    prepare_telephony_schema(database)
    database.execute("UPDATE telephony.schema_version SET version = %s", (TELEPHONY_SCHEMA_VERSION + 1,))
    with pytest.raises(NewerSchemaError, match=r"^telephony\.schema_version says"):
        prepare_telephony_schema(database)


def upload_catalogue(database: Connection[Any]) -> list[tuple[Any, ...]]:
    """Return all columns and indexes of schema uis."""
    return database.execute(
        """SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'uis'
        UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'uis' ORDER BY 1, 2"""
    ).fetchall()


def test_upload_tables_of_version_1_are_upgraded_with_their_rows(database: Connection[Any]) -> None:
    database.execute(UPLOAD_SCHEMA_1.read_bytes())
    assert prepare_upload_schema(database)
    assert not prepare_upload_schema(database)
    failed = database.execute(
        "SELECT kind, ext_id, deal_id, error, failed_at::text FROM uis.failed ORDER BY kind"
    )
    assert failed.fetchall() == [
        ("contact", "a-contact-7", None, "refused", "2026-01-01 00:00:00+00"),
        ("deal", "a-deal-2", 2, "revenue: it is no number", "2026-01-02 03:04:05+00"),
    ]
    sent = database.execute("SELECT ext_id, sent_hash, sent, failed_hash FROM uis.deals WHERE deal_id = 1")
    assert sent.fetchall() == [("a-deal-1", "x", {"name": "sent"}, None)]
    own_view = database.execute("SELECT count(*) FROM public.refusals").fetchone()
    assert own_view == (2,), "views on top of the renamed one still work"
    upgraded = upload_catalogue(database)
    database.execute("DROP SCHEMA uis CASCADE")
    assert prepare_upload_schema(database)
    assert upload_catalogue(database) == upgraded


def test_upload_tables_of_version_2_learn_who_can_mend_and_are_verified_once_more(
    database: Connection[Any],
) -> None:
    database.execute(UPLOAD_SCHEMA_2.read_bytes())
    assert prepare_upload_schema(database)
    assert not prepare_upload_schema(database)
    remedies = database.execute(
        "SELECT ext_id, remedy, retry_at <= now() FROM uis.failed ORDER BY ext_id"
    ).fetchall()
    assert remedies == [
        ("a-contact-7", "mend in Megaplan", None),
        ("a-deal-2", "mend in Megaplan", None),
        ("a-deal-3", "wait", True),
        ("a-deal-4", "wait", True),
        ("a-deal-5", "mend in UIS", None),
        ("a-deal-6", "mend in Megaplan", None),
        ("a-deal-7", "ours", None),
        ("a-employee-1", "ours", None),
        ("a-pipeline-1", "mend in Megaplan", None),
        ("mp_goods", "mend in UIS", None),
    ]
    sent = database.execute(
        "SELECT sent_hash, verified_hash, verify_tries, difference, stale FROM uis.deals WHERE sent IS NOT NULL"
    )
    assert set(sent.fetchall()) == {("x", None, 0, None, None)}
    assert database.execute("SELECT count(*) FROM public.refusals").fetchone() == (10,)
    upgraded = upload_catalogue(database)
    database.execute("DROP SCHEMA uis CASCADE")
    assert prepare_upload_schema(database)
    assert upload_catalogue(database) == upgraded
