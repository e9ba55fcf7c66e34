"""Rows that Megaplan sends and no table can hold: counted on their own, and red until a person has taken note."""

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from megaplan_sync.kernel.certificate import Certificate
from megaplan_sync.raw.entities import DEALS as DEAL_LIST
from megaplan_sync.raw.entities import OLDEST_FIRST
from megaplan_sync.reconciliation.operators import ChooseReconciliationOperator, JudgeCertificatesOperator
from tests.integration.airflow_runs import postgres_connection
from tests.integration.conftest import DEALS
from tests.integration.reconciliation.nights import Certificates, Found, Night

UNREADABLE = "Нечитаемая"
READER = """CREATE OR REPLACE FUNCTION megaplan_raw.as_text(value jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE AS $function$
    BEGIN
      IF value = '"Нечитаемая"' THEN
        RAISE EXCEPTION 'no table can hold this' USING ERRCODE = 'data_exception';
      END IF;
      RETURN CASE WHEN jsonb_typeof(value) IN ('string', 'number') THEN value #>> '{}' END;
    END
    $function$"""
"""A name that cannot be a column stands for whatever Postgres refuses one day."""


@pytest.fixture
def night(night: Night, database_uri: str, monkeypatch: pytest.MonkeyPatch) -> Night:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    night.connect()
    night.database.execute(READER)
    return night


def named(deal: int, name: str) -> dict[str, Any]:
    return {"op": "update_deal", "id": deal, "fields": {"name": name}, "touch": True}


def some_deals(night: Night, count: int) -> list[int]:
    rows = night.database.execute(
        "SELECT id FROM megaplan_raw.deals ORDER BY id LIMIT %s", (count,)
    ).fetchall()
    return [identity for (identity,) in rows]


def said(certificates: Certificates, table: str = "deals") -> tuple[Any, ...]:
    certificate = certificates[table]
    return (
        certificate.verdict, certificate.unreadable, certificate.unacknowledged, certificate.unresolved,
        certificate.is_good,
    )  # fmt: skip


def acknowledge() -> None:
    context: Any = {"run_id": "acknowledging"}
    ChooseReconciliationOperator(task_id="choose_accounts", acknowledge_unreadable=True).execute(context)


def judge(night: Night) -> None:
    run_id = night.value("SELECT run_id FROM megaplan_raw.certificates ORDER BY issued_at DESC LIMIT 1")
    context: Any = {"run_id": run_id}
    JudgeCertificatesOperator(
        task_id="fail_when_unresolved", accounts=[["megaplan_default"]], entities=["deals"]
    ).execute(context)


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_an_unreadable_row_holds_up_no_other_and_waits_for_a_person(night: Night, depth: str) -> None:
    odd, changed = some_deals(night, 2)
    night.change(named(odd, UNREADABLE), named(changed, "Иначе"))
    certificates = night.run("deals", depth=depth)
    assert said(certificates) == ("unreadable", 1, 1, 0, False)
    assert (certificates["deals"].stale, certificates["deals"].repaired) == (1, 1)
    assert said(certificates, "deal_positions") == ("proven", 0, 0, 0, True)
    assert '{"acknowledge_unreadable": true}' in (certificates["deals"].reason or "")
    with pytest.raises(AirflowException, match=r"deals of .*: unreadable\. 1 rows .*acknowledge_unreadable"):
        judge(night)

    acknowledge()
    judge(night)  # the same run, its task cleared
    certificates = night.run("deals", depth=depth)
    assert said(certificates) == ("unreadable", 1, 0, 0, True)
    assert certificates["deals"].reason is None
    judge(night)

    night.change({**named(odd, UNREADABLE), "fields": {"name": UNREADABLE, "description": "Изменена"}})
    assert said(night.run("deals", depth=depth)) == (
        "unreadable",
        1,
        1,
        0,
        False,
    )  # another one than was known

    night.change(named(odd, "Читаемая"))
    night.assert_found(night.run("deals", depth=depth), deals=Found(stale=1))
    night.assert_tables_are_megaplan()


@pytest.mark.parametrize("depth", ["ids", "full"])
@pytest.mark.parametrize("was_known", [True, False])
def test_an_unreadable_row_that_is_deleted_in_megaplan_is_forgotten(
    night: Night, depth: str, was_known: bool
) -> None:
    (deal,) = some_deals(night, 1)
    if was_known:
        night.change(named(deal, UNREADABLE))
    else:
        ((created),) = night.change({"op": "create_deal", "fields": {"name": UNREADABLE}})
        deal = int(created["id"])
    certificates = night.run("deals", depth=depth)
    assert said(certificates) == ("unreadable", 1, 1, 0, False)
    assert (certificates["deals"].missing, certificates["deals"].in_table) == (0, DEALS)
    night.change({"op": "delete_deals", "ids": [deal]})
    certificate = night.run("deals", depth=depth)["deals"]
    assert (certificate.verdict, certificate.extra, certificate.unreadable) == ("proven", int(was_known), 0)
    night.assert_tables_are_megaplan()


@pytest.mark.parametrize("identity", ["1", str(2**63 - 1)])
def test_any_id_that_the_list_of_ids_lacks_is_forgotten(night: Night, identity: str) -> None:
    night.database.execute(
        """INSERT INTO megaplan_raw.unreadable_rows (account, entity, id, body, reason, last_failed_at)
        SELECT min(account), 'deals', %s, '{}', 'odd', '2026-01-01Z' FROM megaplan_raw.deals""",
        (identity,),
    )
    assert said(night.run("deals", depth="ids"))[:2] == ("proven", 0)


def test_what_is_no_entity_is_set_aside_where_whole_rows_are_read(night: Night) -> None:
    def spoil_last_page() -> None:
        pages = list(
            night.hook().pages(
                DEAL_LIST.path,
                arguments={"fields": [*DEAL_LIST.required, *DEAL_LIST.optional], "onlyRequestedFields": True},
                order=OLDEST_FIRST,
            )
        )
        body = {
            "meta": {"status": 200, "errors": []},
            "data": [*pages[-1].data, {"contentType": "Deal", "id": "?", "name": "?"}],
        }
        night.megaplan.control(
            "faults",
            {
                "kind": "502",
                "status": 200,
                "path": "/deal",
                "exact": True,
                "nth": len(pages),
                "body": json.dumps(body),
            },
        )

    spoil_last_page()
    assert said(night.run("deals", depth="full")) == ("unreadable", 1, 1, 0, False)
    assert (
        night.value("SELECT body FROM megaplan_raw.unreadable_rows")
        == '{"contentType":"Deal","id":"?","name":"?"}'
    )
    assert said(night.run("deals", depth="ids"))[:2] == ("unreadable", 1)  # it would not show there
    assert said(night.run("deals", depth="full")) == ("proven", 0, 0, 0, True)


def test_directories_have_unreadable_rows_as_well(night: Night) -> None:
    ways = night.megaplan.control("state?entity=advertising_ways&fields=name")
    night.change({"op": "rename_advertising_way", "id": ways[0]["id"], "name": UNREADABLE})
    assert said(night.run("advertising_ways"), "advertising_ways") == ("unreadable", 1, 1, 0, False)
    night.change({"op": "remove_advertising_way", "id": ways[0]["id"]})
    night.assert_found(night.run("advertising_ways"), advertising_ways=Found(extra=1))


@pytest.mark.parametrize("identity", [2**63, str(2**63), -1])
def test_an_id_beyond_bigint_stops_no_directory(night: Night, identity: Any) -> None:
    rows = [{**row, "contentType": "Currency"} for row in night.megaplan.control("state?entity=currencies")]
    body = {"meta": {"status": 200, "errors": []}, "data": [*rows, {**rows[0], "id": identity}]}
    fault = {"kind": "502", "status": 200, "path": "/currency", "exact": True, "body": json.dumps(body)}
    night.megaplan.control("faults", fault)
    certificate = night.run("currencies")["currencies"]
    assert (certificate.verdict, certificate.unreadable, certificate.extra) == ("unreadable", 1, 0)


def test_a_certificate_tells_of_unreadable_rows(night: Night) -> None:
    night.change(named(some_deals(night, 1)[0], UNREADABLE))
    certificate: Certificate = night.run("deals")["deals"]
    assert certificate.doc().splitlines()[4].endswith("| unresolved | unreadable |")
    assert certificate.doc().splitlines()[6].endswith("| 0 | 1 |")
    assert night.value("SELECT unreadable FROM megaplan_raw.certificates WHERE entity = 'deals'") == 1
