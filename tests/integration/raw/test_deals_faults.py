"""Whatever happens while an account is being read, the raw tables equal Megaplan in the end."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import Order
from megaplan_sync.kernel.exceptions import (
    EntitiesFailedError,
    RequiredFieldRefusedError,
    SuspiciousAnswerError,
)
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.raw.entities import LATEST_CHANGE_FIRST, OLDEST_FIRST
from megaplan_sync.raw.operators import MegaplanToPostgresOperator, PrepareRawTablesOperator
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth
from tests.integration.airflow_runs import postgres_connection
from tests.integration.conftest import list_requests

from .deal_changes import change_many
from .table_comparison import assert_equal_except, loaded_except, written_rows

Sync = Callable[..., dict[str, EntityOutcome]]
Connect = Callable[..., str]

PAGE_SIZES = {"/deal": 50, "/contractor": 20}
"""Nine pages of each."""
ENTITIES = {"/deal": "deals", "/contractor": "contacts"}
MIDDLE = 4
"""The request in whose answer something happens; the first one asks for the newest change only."""

FAULTS: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {"kind": "429", "retry_after": 1, "count": 2},
    "429 without Retry-After": {"kind": "429"},
    "500": {"kind": "500", "count": 3},
    "502 in HTML": {"kind": "502", "count": 2},
    "HTML with 200": {"kind": "html"},
    "truncated JSON": {"kind": "truncated", "count": 2},
    "body cut off on the wire": {"kind": "cut"},
    "empty body": {"kind": "empty"},
    "connection reset": {"kind": "reset", "count": 2},
    "connection closed": {"kind": "close", "count": 2},
    "401 once": {"kind": "401"},
    "tokens expire": {"kind": "401", "expire_tokens": True},
}


def last_rows_of_pages(connect: Connect, path: str, order: Order, page_size: int) -> list[str]:
    """Return the row under the cursor after each page of a list; this changes nothing."""
    hook = MegaplanHook(connect())
    arguments = {"fields": [order.field], "onlyRequestedFields": True}
    pages = hook.pages(path, arguments=arguments, order=order, page_size=page_size)
    return [str(page.data[-1]["id"]) for page in pages if page.data]


def after(path: str, nth: int) -> dict[str, Any]:
    return {"path": path, "method": "GET", "nth": nth}


def assert_mutations_worked(megaplan: EmulatedMegaplan) -> None:
    assert megaplan.control("mutate") == {"failures": []}


@pytest.mark.parametrize("path", PAGE_SIZES)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_in_the_middle_of_the_first_load_costs_nothing(
    sync: Sync,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    path: str,
    fault: Mapping[str, Any],
) -> None:
    megaplan.control(
        "faults", {"path": path, "method": "GET", "exact": True, "nth": MIDDLE, "count": 1, **fault}
    )
    sync("custom_fields", ENTITIES[path], page_size=PAGE_SIZES[path])
    (injected,) = megaplan.control("faults")
    assert injected["fired"] == fault.get("count", 1)
    assert len(list_requests(megaplan, path)) > MIDDLE + injected["fired"]
    assert_equal_except(database, megaplan, set(), ENTITIES[path])


@pytest.mark.parametrize("path", PAGE_SIZES)
def test_tokens_that_expire_between_two_pages_are_renewed(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, path: str
) -> None:
    megaplan.control("mutate", {"op": "expire_tokens", "after": after(path, MIDDLE)})
    sync("custom_fields", ENTITIES[path], page_size=PAGE_SIZES[path])
    assert 401 in [entry["status"] for entry in list_requests(megaplan, path)]
    assert_equal_except(database, megaplan, set(), ENTITIES[path])


def test_deals_changed_and_created_between_pages_of_the_first_load(
    sync: Sync, connect: Connect, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    cursors = last_rows_of_pages(connect, "/deal", OLDEST_FIRST, 50)
    renamed = {"name": "Переименована между страницами"}
    megaplan.control(
        "mutate",
        [
            {"op": "update_deal", "id": cursors[0], "fields": renamed, "touch": True, "after": after("/deal", 4)},
            {"op": "update_deal", "id": cursors[7], "fields": renamed, "touch": True, "after": after("/deal", 4)},
            {"op": "update_deal", "id": cursors[3], "fields": renamed, "touch": True, "after": after("/deal", 5)},
            {"op": "touch_many", "count": 40, "seed": 1, "after": after("/deal", 6)},
            *[{"op": "create_deal", "fields": renamed, "after": after("/deal", 5)} for _ in range(3)],
        ],
    )  # fmt: skip
    before = megaplan.control("state")["counts"]["Deal"]
    sync("custom_fields", "deals", page_size=50)
    assert_mutations_worked(megaplan)
    assert megaplan.control("state")["counts"]["Deal"] == before + 3
    assert_equal_except(database, megaplan, set())


def test_contacts_changed_and_created_between_pages_of_the_first_load(
    sync: Sync, connect: Connect, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    cursors = last_rows_of_pages(connect, "/contractor", OLDEST_FIRST, 20)
    changed = {"description": "Изменён между страницами"}
    megaplan.control(
        "mutate",
        [
            *[
                {"op": "update_contractor", "id": id, "fields": changed, "after": after("/contractor", 4)}
                for id in (cursors[0], cursors[2], cursors[6])
            ],
            {
                "op": "create_contractor",
                "kind": "human",
                "fields": {"firstName": "Новая", "lastName": "Между-Страницами"},
                "after": after("/contractor", 5),
            },
        ],
    )
    before = megaplan.control("state")["counts"]["Contractor"]
    sync("custom_fields", "contacts", page_size=20)
    assert_mutations_worked(megaplan)
    assert megaplan.control("state")["counts"]["Contractor"] == before + 1
    assert_equal_except(database, megaplan, set(), "contacts")


def test_the_cursors_own_deal_changed_while_catching_up(
    sync: Sync, connect: Connect, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    changed = change_many(megaplan, 120)
    cursors = last_rows_of_pages(connect, "/deal", LATEST_CHANGE_FIRST, 20)
    assert cursors[0] == changed[-20]
    fields = {"name": "Ушла из-под курсора"}
    megaplan.control(
        "mutate",
        [
            {"op": "update_deal", "id": cursors[0], "fields": fields, "touch": True, "after": after("/deal", 1)},
            {"op": "update_deal", "id": cursors[2], "fields": fields, "touch": True, "after": after("/deal", 3)},
        ],
    )  # fmt: skip
    sync("deals", page_size=20)
    assert_mutations_worked(megaplan)
    moved = {int(cursors[0]), int(cursors[2])}
    loaded, expected = truth.loaded_deals(database), truth.deals(megaplan)
    assert loaded_except(loaded, moved) == loaded_except(expected, moved), "no other row may be lost"
    sync("deals", page_size=20)
    assert_equal_except(database, megaplan, set())


@pytest.mark.parametrize("gone_cursor", ["404", "422", "empty", "restart"])
@pytest.mark.parametrize("path", PAGE_SIZES)
def test_the_row_under_the_cursor_deleted_during_the_first_load(
    sync: Sync,
    connect: Connect,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    path: str,
    gone_cursor: str,
) -> None:
    cursors = last_rows_of_pages(connect, path, OLDEST_FIRST, PAGE_SIZES[path])
    megaplan.control("knobs", {"gone_cursor": gone_cursor})
    deletion: dict[str, Any] = (
        {"op": "delete_deals", "ids": [cursors[2]]}
        if path == "/deal"
        else {"op": "delete_contractor", "id": cursors[2], "hard": True}
    )
    megaplan.control("mutate", {**deletion, "after": after(path, MIDDLE)})
    sync("custom_fields", ENTITIES[path], page_size=PAGE_SIZES[path])
    assert_mutations_worked(megaplan)
    gone = {int(cursors[2])}
    table = truth.loaded_deals(database) if path == "/deal" else truth.loaded_contacts(database)
    assert gone <= table.keys(), "it was read before it was deleted"
    assert_equal_except(database, megaplan, gone, ENTITIES[path])


@pytest.mark.parametrize("gone_cursor", ["404", "422", "empty", "restart"])
def test_the_row_under_the_cursor_deleted_while_catching_up(
    sync: Sync, connect: Connect, database: Connection[Any], megaplan: EmulatedMegaplan, gone_cursor: str
) -> None:
    sync("custom_fields", "deals")
    change_many(megaplan, 120)
    cursors = last_rows_of_pages(connect, "/deal", LATEST_CHANGE_FIRST, 20)
    megaplan.control("knobs", {"gone_cursor": gone_cursor})
    megaplan.control("mutate", {"op": "delete_deals", "ids": [cursors[1]], "after": after("/deal", 2)})
    assert sync("deals", page_size=20)["deals"].updated == 120
    assert_mutations_worked(megaplan)
    assert_equal_except(database, megaplan, {int(cursors[1])})


def test_optional_names_that_an_account_refuses_are_left_out(
    sync: Sync,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sync("custom_fields")
    (custom,) = database.execute(
        "SELECT min(key) FROM megaplan_raw.custom_fields WHERE entity = 'Deal'"
    ).fetchone() or (None,)
    refused = {"payForm", "sign", str(custom)}
    megaplan.control("knobs", {"refused_fields": ",".join(refused)})
    sync("currencies", "deals")
    warnings = [record.getMessage() for record in caplog.records if "refuses" in record.getMessage()]
    assert len(warnings) == 2
    assert "refuses sign in `fields` of currencies" in warnings[0]
    assert "payForm" in warnings[1]
    assert str(custom) in warnings[1]
    assert {key: (*row[:-1], row[-1] - refused) for key, row in truth.loaded_deals(database).items()} == {
        key: (*row[:-1], row[-1] - refused) for key, row in truth.deals(megaplan).items()
    }
    assert database.execute("SELECT count(*) FROM megaplan_raw.currencies").fetchone() == (3,)

    megaplan.control("requests", method="DELETE")
    sync("deals")
    assert len(list_requests(megaplan, "/deal")) == 1, "the names are remembered, not tried each time"


def test_a_required_name_that_an_account_refuses_fails_its_entity_only(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("knobs", {"refused_fields": "stateTimeUpdated"})
    with pytest.raises(EntitiesFailedError, match="stateTimeUpdated") as failed:
        sync("currencies", "custom_fields", "deals", "contacts")
    (error,) = failed.value.failures.values()
    assert isinstance(error, RequiredFieldRefusedError)
    assert not failed.value.retryable
    assert truth.loaded_deals(database) == {}
    assert truth.loaded_contacts(database) == truth.contacts(megaplan)


@pytest.mark.parametrize("full_refresh", [False, True])
def test_a_list_that_is_suddenly_empty_is_not_believed(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, full_refresh: bool
) -> None:
    sync("custom_fields", "deals")
    before = written_rows(database)
    state = database.execute(
        "SELECT watermark, loaded_at FROM megaplan_sync.walks ORDER BY entity"
    ).fetchall()
    megaplan.control("mutate", {"op": "revoke_visibility", "share": 1})
    with pytest.raises(EntitiesFailedError, match="empty list of deals") as failed:
        sync("deals", full_refresh=full_refresh)
    assert [type(error) for error in failed.value.failures.values()] == [SuspiciousAnswerError]
    assert written_rows(database) == before
    after_it = database.execute("SELECT watermark, loaded_at FROM megaplan_sync.walks ORDER BY entity")
    assert after_it.fetchall() == state

    megaplan.control("mutate", {"op": "revoke_visibility", "restore": True})
    sync("deals")
    assert_equal_except(database, megaplan, set())


def load_accounts(accounts: list[str], run_id: str) -> Any:
    operator = MegaplanToPostgresOperator(
        task_id="load_raw_tables", accounts=accounts, entities=["currencies"], outlets=RAW_TABLE_ALIASES
    )
    context: Any = {"run_id": run_id, "outlet_events": OutletEventAccessors()}
    return operator.execute(context)


def test_one_account_failing_stops_no_other_and_a_retry_does_only_that_one(
    connect: Connect,
    database: Connection[Any],
    database_uri: str,
    megaplan: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    PrepareRawTablesOperator(task_id="prepare_raw_tables").execute({})
    connect("account_a")
    connect("account_b")
    described = json.loads(os.environ["AIRFLOW_CONN_ACCOUNT_B"])
    described["host"] = described["host"].replace("127.0.0.1", "localhost")
    monkeypatch.setenv("AIRFLOW_CONN_ACCOUNT_B", json.dumps(described))
    right = os.environ["AIRFLOW_CONN_ACCOUNT_A"]
    monkeypatch.setenv("AIRFLOW_CONN_ACCOUNT_A", json.dumps({**json.loads(right), "password": "wrong"}))

    with pytest.raises(AirflowFailException, match="account_a") as failed:
        load_accounts(["account_a", "account_b"], "one")
    assert "account_b" not in str(failed.value)
    accounts = "SELECT account, count(*) FROM megaplan_raw.currencies GROUP BY account ORDER BY account"
    (loaded,) = database.execute(accounts).fetchall()
    assert loaded[0].startswith("localhost:")

    monkeypatch.setenv("AIRFLOW_CONN_ACCOUNT_A", right)
    megaplan.control("requests", method="DELETE")
    outcomes = load_accounts(["account_a", "account_b"], "one")
    assert len(list_requests(megaplan, "/currency")) == 1
    assert [count for _, count in database.execute(accounts)] == [3, 3]
    changed = {outcome["account"].split(":")[0]: outcome["inserted"] for outcome in outcomes}
    assert changed == {"127.0.0.1": 3, "localhost": 3}, "the retry reports what the failed try changed"
