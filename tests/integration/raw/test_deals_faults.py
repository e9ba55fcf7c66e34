"""Whatever happens while an account is being read, the raw tables equal Megaplan in the end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
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
from tests.integration.airflow_runs import REPOSITORY, postgres_connection
from tests.integration.conftest import list_requests

from .test_deals_load import written_rows

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


def loaded_except(rows: dict[int, truth.Row], gone: set[int]) -> dict[int, truth.Row]:
    return {identity: row for identity, row in rows.items() if identity not in gone}


def assert_equal_except(
    database: Connection[Any], megaplan: EmulatedMegaplan, gone: set[int], entity: str = "deals"
) -> None:
    """Compare all but what was deleted in Megaplan: marking that is the reconciliation's affair."""
    if entity == "contacts":
        assert loaded_except(truth.loaded_contacts(database), gone) == truth.contacts(megaplan)
        return
    assert loaded_except(truth.loaded_deals(database), gone) == truth.deals(megaplan)
    positions = truth.loaded_positions(database)
    assert {key: row for key, row in positions.items() if row[0] not in gone} == truth.positions(megaplan)


def last_rows_of_pages(connect: Connect, path: str, order: Order, page_size: int) -> list[str]:
    """Return the row under the cursor after each page of a walk; nothing is changed by finding out."""
    hook = MegaplanHook(connect())
    arguments = {"fields": [order.field], "onlyRequestedFields": True}
    walk = hook.pages(path, arguments=arguments, order=order, page_size=page_size)
    return [str(page.data[-1]["id"]) for page in walk if page.data]


def change_many(megaplan: EmulatedMegaplan, count: int, seed: int = 5) -> list[str]:
    """Change deals, each in a second of its own, long enough after everything else."""
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 86_400})
    (touched,) = megaplan.control("mutate", {"op": "touch_many", "count": count, "seed": seed})
    now = time.time()
    (clock,) = megaplan.control("mutate", {"op": "advance_clock", "seconds": 10 * count})
    assert clock["now"]
    base = int(now) + 86_400
    megaplan.control(
        "mutate",
        [
            {"op": "same_second", "ids": [deal], "field": "timeUpdated", "time": base + place}
            for place, deal in enumerate(touched["ids"])
        ],
    )
    return [str(deal) for deal in touched["ids"]]


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


class KilledLoad:
    """A load in a process of its own, killed with signal 9 when enough pages were answered."""

    def __init__(self, database_uri: str, megaplan: EmulatedMegaplan, tmp_path: Path) -> None:
        self._database_uri = database_uri
        self._megaplan = megaplan
        self._log = tmp_path / "load.log"

    def until(self, pages: int, *entities: str) -> None:
        self._megaplan.control("requests", method="DELETE")
        slow = {"kind": "slow", "path": "/deal", "exact": True, "seconds": 0.1}
        self._megaplan.control("faults", slow)
        script = Path(__file__).with_name("load_in_a_process.py")
        paths = os.pathsep.join([str(REPOSITORY / "plugins"), str(REPOSITORY)])
        with self._log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", str(script), self._database_uri, *entities],
                env={**os.environ, "PYTHONPATH": paths},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        give_up = time.monotonic() + 90
        while len(list_requests(self._megaplan, "/deal")) < pages:
            assert process.poll() is None, self._log.read_text()
            assert time.monotonic() < give_up, self._log.read_text()
            time.sleep(0.02)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        self._megaplan.control("faults", method="DELETE")
        self._megaplan.control("requests", method="DELETE")


@pytest.fixture
def killed_load(database_uri: str, megaplan: EmulatedMegaplan, tmp_path: Path) -> KilledLoad:
    return KilledLoad(database_uri, megaplan, tmp_path)


def test_a_killed_first_load_goes_on_from_its_last_page(
    sync: Sync,
    connect: Connect,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    killed_load: KilledLoad,
) -> None:
    connect(page_size=20)
    killed_load.until(10, "custom_fields", "deals")  # of 1 + 22
    pages_read, rows_read = database.execute(
        "SELECT pages_read, rows_read FROM megaplan_sync.walks WHERE entity = 'deals'"
    ).fetchone() or (0, 0)
    assert 6 <= pages_read <= 10
    assert rows_read == 20 * pages_read == len(truth.loaded_deals(database))
    megaplan.control("mutate", {"op": "touch_many", "count": 10, "seed": 8})

    sync("deals", page_size=20)
    asked = [entry["args"] for entry in list_requests(megaplan, "/deal")]
    oldest_first = [args for args in asked if args["sortBy"][0]["fieldName"] == "timeCreated"]
    assert all("pageAfter" in args for args in oldest_first)
    assert len(oldest_first) <= 21 - pages_read + 2, (
        "two requests find out that a full last page was the last"
    )
    assert_equal_except(database, megaplan, set())


def test_a_killed_catch_up_is_done_again(
    sync: Sync,
    connect: Connect,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    killed_load: KilledLoad,
) -> None:
    def watermark() -> Any:
        return database.execute("SELECT watermark FROM megaplan_sync.walks WHERE entity = 'deals'").fetchone()

    sync("custom_fields", "deals")
    before = watermark()
    change_many(megaplan, 200)
    connect(page_size=10)
    killed_load.until(8, "deals")
    assert watermark() == before, "it moves only when the walk has reached the old one"
    loaded, expected = truth.loaded_deals(database), truth.deals(megaplan)
    caught_up = sum(loaded[id] == row for id, row in expected.items())
    assert 220 < caught_up < 420
    sync("deals", page_size=10)
    assert_equal_except(database, megaplan, set())


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
    walk = database.execute("SELECT watermark, loaded_at FROM megaplan_sync.walks ORDER BY entity").fetchall()
    megaplan.control("mutate", {"op": "revoke_visibility", "share": 1})
    with pytest.raises(EntitiesFailedError, match="empty list of deals") as failed:
        sync("deals", full_refresh=full_refresh)
    assert [type(error) for error in failed.value.failures.values()] == [SuspiciousAnswerError]
    assert written_rows(database) == before
    after_it = database.execute("SELECT watermark, loaded_at FROM megaplan_sync.walks ORDER BY entity")
    assert after_it.fetchall() == walk

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
    told = {outcome["account"].split(":")[0]: outcome["inserted"] for outcome in outcomes}
    assert told == {"127.0.0.1": 3, "localhost": 3}, "what the failed try changed is told by the retry"
