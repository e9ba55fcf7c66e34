"""The mapping of employees against both emulated sides and a real Postgres."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.exceptions import MegaplanError
from megaplan_sync.kernel import leases
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError, WorkInProgressError
from megaplan_sync.kernel.leases import leased
from megaplan_sync.kernel.session import Session
from megaplan_sync.telephony.people.user_sync import UserSyncOutcome
from tests.emulators.uis_client import Client
from uis_hook.exceptions import UisError

from ..conftest import list_requests
from .emptied_uis import emptied_uis
from .two_sides import FIRST_EMPLOYEE, TelephonySettings

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.user_fixtures"]

SyncUsers = Callable[..., UserSyncOutcome]
MAPPED = {FIRST_EMPLOYEE + place: 501 + place for place in range(10)}
NUMBERS_UNKNOWN_TO_UIS = {FIRST_EMPLOYEE + 10, FIRST_EMPLOYEE + 11}
FIRED_WITH_NUMBER = FIRST_EMPLOYEE + 17


def pairs(database: Connection[Any]) -> dict[int, int]:
    return dict(database.execute("SELECT employee_id, uis_employee_id FROM telephony.users").fetchall())


def everything(database: Connection[Any]) -> dict[str, Any]:
    """All rows of the three tables, with the transaction that wrote each."""
    return {
        table: sorted(map(str, database.execute(f"SELECT t.*, t.xmin FROM telephony.{table} t").fetchall()))
        for table in ("users", "mismatches", "directories")
    }


def user(database: Connection[Any], employee_id: int) -> tuple[Any, ...] | None:
    return database.execute(
        "SELECT internal_number, uis_employee_id, uis_status, do_not_disturb FROM telephony.users "
        "WHERE employee_id = %s",
        (employee_id,),
    ).fetchone()


def kinds_of(database: Connection[Any], employee_id: int) -> set[str]:
    rows = database.execute("SELECT kind FROM telephony.mismatches WHERE employee_id = %s", (employee_id,))
    return {kind for (kind,) in rows.fetchall()}


def let_time_pass(database: Connection[Any]) -> None:
    """As if the next hourly run came."""
    database.execute(
        "UPDATE telephony.users SET missing_since = missing_since - interval '1 hour' "
        "WHERE missing_since IS NOT NULL"
    )


def test_employees_are_mapped_and_the_rest_is_reported(
    sync_users: SyncUsers, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    outcome = sync_users(page_size=7)
    assert pairs(database) == MAPPED
    assert user(database, FIRST_EMPLOYEE + 5) == ("106", 506, "available", False), "written as sip:106@…"
    assert (outcome.users, outcome.inserted, outcome.updated, outcome.deleted) == (10, 10, 0, 0)
    staff = megaplan.control("state")["counts"]["Employee"]
    fired = 2
    assert outcome.mismatches == {
        "number_not_in_uis": 2,
        "fired_employee_has_number": 1,
        "employee_without_number": staff - 10 - 2 - fired,
    }
    assert kinds_of(database, FIRED_WITH_NUMBER) == {"fired_employee_has_number"}
    for employee_id in NUMBERS_UNKNOWN_TO_UIS:
        assert kinds_of(database, employee_id) == {"number_not_in_uis"}
    assert len(outcome.mismatch_rows) == sum(outcome.mismatches.values())
    assert outcome.mismatch_rows[0]["kind"] == "fired_employee_has_number", "the most severe first"
    assert {"GET"} == {entry["method"] for entry in list_requests(megaplan, "/callUserConfig")}


def test_a_second_run_writes_nothing(sync_users: SyncUsers, database: Connection[Any]) -> None:
    sync_users()
    before = everything(database)
    outcome = sync_users()
    assert not outcome.users_changed
    assert outcome.directory_entries_written == 0
    assert outcome.mismatches
    assert everything(database) == before


def test_directories_of_both_sides(sync_users: SyncUsers, database: Connection[Any], cabinet: Client) -> None:
    sync_users()

    def names(directory: str) -> dict[int, tuple[str, bool]]:
        rows = database.execute(
            "SELECT id, name, gone_at IS NOT NULL FROM telephony.directories WHERE directory = %s",
            (directory,),
        )
        return {id: (name, gone) for id, name, gone in rows.fetchall()}

    assert names("todo_categories")[1] == ("Звонок", False)
    assert names("todo_statuses")[3] == ("Выполнено", False)
    assert names("uis_statuses")[3] == ("Не беспокоить", False)
    assert names("virtual_numbers")[301] == ("74950000001", False)
    (kind,) = database.execute(
        "SELECT payload ->> 'masterType' FROM telephony.directories WHERE directory = 'todo_categories' AND id = 1"
    ).fetchone() or (None,)
    assert kind == "call"

    added = cabinet.mutate("add_status", name="Обед", takes_calls=False)["id"]
    database.execute(
        "INSERT INTO telephony.directories (account, directory, id, name, payload) "
        "SELECT account, directory, 999, 'gone', '{}' FROM telephony.directories WHERE id = 301"
    )
    assert sync_users().directory_entries_written == 2
    assert names("uis_statuses")[added] == ("Обед", False)
    assert names("virtual_numbers")[999] == ("gone", True)


def test_changes_of_both_sides_are_followed(
    sync_users: SyncUsers,
    database: Connection[Any],
    cabinet: Client,
    megaplan: EmulatedMegaplan,
    settings_page: TelephonySettings,
) -> None:
    sync_users()
    cabinet.mutate("set_status", employee=501, status="do_not_disturb")
    cabinet.mutate("remove_employee", employee=502)
    megaplan.control("mutate", {"op": "fire_employee", "id": FIRST_EMPLOYEE + 2})
    settings_page.take_away(FIRST_EMPLOYEE + 3)
    cabinet.mutate("update_employee", employee=510, fields={"extension": "777"})
    settings_page.give(FIRST_EMPLOYEE + 9, "777")
    outcome = sync_users()
    assert (outcome.inserted, outcome.updated, outcome.deleted) == (0, 2, 3)
    assert user(database, FIRST_EMPLOYEE) == ("101", 501, "do_not_disturb", True)
    assert user(database, FIRST_EMPLOYEE + 9) == ("777", 510, "available", False)
    gone = {FIRST_EMPLOYEE + place for place in (1, 2, 3)}
    assert pairs(database).keys() == MAPPED.keys() - gone
    assert kinds_of(database, FIRST_EMPLOYEE + 1) == {"number_not_in_uis"}
    assert kinds_of(database, FIRST_EMPLOYEE + 2) == {"fired_employee_has_number"}
    assert kinds_of(database, FIRST_EMPLOYEE + 3) == {"employee_without_number"}


def test_people_may_swap_numbers_and_a_successor_inherits_one(
    sync_users: SyncUsers,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    settings_page: TelephonySettings,
) -> None:
    sync_users()
    settings_page.give(FIRST_EMPLOYEE, "102")
    settings_page.give(FIRST_EMPLOYEE + 1, "101")
    megaplan.control("mutate", {"op": "fire_employee", "id": FIRST_EMPLOYEE + 2})
    settings_page.give(FIRST_EMPLOYEE + 20, "103")
    outcome = sync_users()
    assert (outcome.inserted, outcome.updated, outcome.deleted) == (1, 2, 1)
    found = pairs(database)
    assert found[FIRST_EMPLOYEE] == 502
    assert found[FIRST_EMPLOYEE + 1] == 501
    assert found[FIRST_EMPLOYEE + 20] == 503


def test_a_shared_number_is_not_mapped_until_it_is_corrected(
    sync_users: SyncUsers, database: Connection[Any], settings_page: TelephonySettings
) -> None:
    sync_users()
    settings_page.give(FIRST_EMPLOYEE + 20, "sip:101@pbx.example.org")
    outcome = sync_users()
    assert outcome.mismatches["number_twice_in_megaplan"] == 2
    assert pairs(database).keys() == MAPPED.keys() - {FIRST_EMPLOYEE}

    settings_page.take_away(FIRST_EMPLOYEE + 20)
    assert "number_twice_in_megaplan" not in sync_users().mismatches
    assert pairs(database) == MAPPED


def test_a_mismatch_keeps_the_time_when_it_was_first_found(
    sync_users: SyncUsers, database: Connection[Any], settings_page: TelephonySettings
) -> None:
    sync_users()
    database.execute("UPDATE telephony.mismatches SET first_found_at = '2026-01-01'")
    settings_page.give(FIRST_EMPLOYEE + 21, "x")
    messages = {one["employee_id"]: one["first_found_at"][:10] for one in sync_users().mismatch_rows}
    assert messages[FIRED_WITH_NUMBER] == "2026-01-01"
    assert messages[FIRST_EMPLOYEE + 21] != "2026-01-01"


def test_the_log_shows_every_mismatch_with_the_names_of_those_concerned(
    sync_users: SyncUsers, database: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "megaplan_sync.telephony"):
        outcome = sync_users()
    entries = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    number = len(outcome.mismatch_rows)
    assert entries[0] == f"{outcome.account}: {number} mismatches, see docs/telephony-users.md"
    assert len(entries) == 1 + number
    ((fired,),) = database.execute(
        "SELECT name FROM telephony.mismatches WHERE employee_id = %s", (FIRED_WITH_NUMBER,)
    ).fetchall()
    assert entries[1].startswith(f"{fired} – fired_employee_has_number, since ")
    assert "has number 118" in " ".join(entries[1].split())
    assert "Remove the entry" in " ".join(entries[1].split())
    assert fired not in str(outcome.as_dict()), "task results name nobody"


EMPTY_OR_BROKEN = {
    "no users of telephony": ("megaplan", {"op": "empty_list", "entity": "call_user_configs"}),
    "no employees of Megaplan": ("megaplan", {"op": "empty_list", "entity": "employees"}),
    "Megaplan fails": ("megaplan fault", {"path": "/callUserConfig", "kind": "500"}),
    "Megaplan shows a page of its own": ("megaplan fault", {"path": "/employee", "kind": "html"}),
    "Megaplan breaks off": ("megaplan fault", {"path": "/employee", "kind": "truncated"}),
    "UIS fails": ("uis fault", {"method": "get.employees", "kind": "502"}),
    "UIS breaks off": ("uis fault", {"method": "get.employees", "kind": "truncated"}),
    "UIS is out of points": (
        "uis fault",
        {"method": "get.statuses", "kind": "rpc", "mnemonic": "limit_exceeded"},
    ),
    "a key of another brand": (
        "uis fault",
        {"method": "get.employees", "kind": "rpc", "mnemonic": "access_token_invalid"},
    ),
}


@pytest.mark.parametrize("case", EMPTY_OR_BROKEN)
def test_a_failed_or_empty_read_loses_nothing_and_fails(
    case: str,
    sync_users: SyncUsers,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    cabinet: Client,
) -> None:
    sync_users()
    before = everything(database)
    where, what = EMPTY_OR_BROKEN[case]
    if where == "megaplan":
        megaplan.control("mutate", what)
    elif where == "megaplan fault":
        megaplan.control("faults", what)
    else:
        cabinet.control("faults", what)
    for _ in range(2):  # not even if it persists
        with pytest.raises((SuspiciousAnswerError, MegaplanError, UisError)):
            sync_users()
        let_time_pass(database)
    assert everything(database) == before

    megaplan.control("faults", method="DELETE")
    megaplan.control("mutate", {"op": "shrink_list", "restore": True})
    cabinet.control("faults", method="DELETE")
    assert not sync_users().users_changed


@pytest.mark.parametrize("method", ["get.employees", "get.statuses"])
def test_an_empty_list_of_uis_is_not_accepted(
    method: str, sync_users: SyncUsers, database: Connection[Any], cabinet: Client
) -> None:
    sync_users()
    before = everything(database)
    with (
        emptied_uis(cabinet.url, method) as url,
        pytest.raises(SuspiciousAnswerError, match=rf"\({method}\)\. All 10 users .*telephony_active"),
    ):
        sync_users(uis_url=url)
    assert everything(database) == before


def test_a_first_run_for_an_account_without_users(
    sync_users: SyncUsers, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("mutate", {"op": "empty_list", "entity": "call_user_configs"})
    outcome = sync_users()
    assert outcome.users == 0
    assert outcome.mismatches["number_not_in_megaplan"] == 10
    assert kinds_of(database, FIRST_EMPLOYEE) == {"employee_without_number"}


def test_missing_users_have_to_be_confirmed_by_a_second_read(
    sync_users: SyncUsers,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sync_users()
    six = [12 + place for place in range(6)]  # ids of the entries of 102 to 107
    megaplan.control("mutate", {"op": "shrink_list", "entity": "call_user_configs", "ids": six})
    caplog.clear()
    with pytest.raises(SuspiciousAnswerError, match=r"6 of 10 users .* at least 30 minutes later"):
        sync_users()
    assert "employee_without_number" in caplog.text, "the mismatches are logged"
    with pytest.raises(SuspiciousAnswerError):
        sync_users()  # the task's retry has the same problem and confirms nothing
    assert pairs(database) == MAPPED
    assert not kinds_of(database, FIRST_EMPLOYEE + 1)

    let_time_pass(database)
    outcome = sync_users()
    assert (outcome.users, outcome.deleted) == (4, 6)
    assert pairs(database).keys() == MAPPED.keys() - {FIRST_EMPLOYEE + place for place in range(1, 7)}
    assert kinds_of(database, FIRST_EMPLOYEE + 1) == {"employee_without_number"}


def test_users_who_are_back_in_the_second_read_are_not_missing(
    sync_users: SyncUsers, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync_users()
    shrink = {"op": "shrink_list", "entity": "call_user_configs", "ids": list(range(11, 17))}
    megaplan.control("mutate", shrink)
    with pytest.raises(SuspiciousAnswerError):
        sync_users()
    let_time_pass(database)
    megaplan.control("mutate", {"op": "shrink_list", "restore": True})
    sync_users()
    megaplan.control("mutate", shrink)
    with pytest.raises(SuspiciousAnswerError):
        sync_users()
    assert pairs(database) == MAPPED


def test_other_users_missing_in_the_second_read_have_to_be_confirmed_too(
    sync_users: SyncUsers, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync_users()
    for ids in (range(11, 17), range(12, 18)):
        megaplan.control("mutate", {"op": "shrink_list", "entity": "call_user_configs", "ids": list(ids)})
        with pytest.raises(SuspiciousAnswerError):
            sync_users()
        let_time_pass(database)
    assert pairs(database) == MAPPED
    marked = database.execute(
        "SELECT count(*) FROM telephony.users WHERE missing_since IS NOT NULL"
    ).fetchone()
    assert marked == (6,), "the first one is back"


def test_half_of_the_users_are_deleted_at_once(
    sync_users: SyncUsers, database: Connection[Any], settings_page: TelephonySettings
) -> None:
    sync_users()
    for place in range(5):
        settings_page.take_away(FIRST_EMPLOYEE + place)
    assert sync_users().deleted == 5


def test_another_account_is_left_alone(sync_users: SyncUsers, database: Connection[Any]) -> None:
    sync_users()
    for table in ("users", "mismatches", "directories"):
        database.execute(f"CREATE TEMP TABLE copied AS SELECT * FROM telephony.{table}")
        database.execute("UPDATE copied SET account = 'another'")
        database.execute(f"INSERT INTO telephony.{table} SELECT * FROM copied")
        database.execute("DROP TABLE copied")
    before = everything(database)
    sync_users()
    assert everything(database) == before


def test_only_one_run_at_a_time_maps_an_account(
    sync_users: SyncUsers, database: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = sync_users().account
    monkeypatch.setattr(leases, "SECONDS_TO_WAIT_FOR_ANOTHER_RUN", 0.3)
    monkeypatch.setattr(leases, "LEASE_SECONDS", 4.0)  # seen to be alive after a second
    with leased(database, account, "telephony users"), pytest.raises(WorkInProgressError):
        sync_users()
