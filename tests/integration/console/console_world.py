"""What the console shows in its tests: rows as the DAGs would have written them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

ACCOUNT, OTHER = "mp-one", "mp-two"
SCRIPT = "<script>document.title='broken in'</script>"
"""Text from outside that must stay text."""
EMPLOYEE, UIS_EMPLOYEE = 1_000_004, 501
PHONE = "79161234567"
STARTED = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
DELIVERED, FAILED = 700100200, 700200000
FAILED_CALLS = 60
FORMULA = '=HYPERLINK("http://evil.example","x")'


def add_account(database: Connection[Any], account: str, conn_id: str, **settings: Any) -> None:
    """Add what a task saves of an account's connection."""
    row = {
        "account": account,
        "conn_id": conn_id,
        "deals_active": True,
        "telephony_active": True,
        "deals_to_uis": True,
        "requests_per_hour": 1000,
        "reserved_for_calls": 100,
        "directories_every_minutes": 60,
        **settings,
    }
    insert(database, "megaplan_sync.account_settings", row)
    insert(database, "megaplan_sync.accounts", {"account": account, "timezone": "Europe/Moscow"})


def add_table(database: Connection[Any], account: str, entity: str, minutes_ago: int | None) -> None:
    """Add how far a table has been read, and when."""
    database.execute(
        """INSERT INTO megaplan_sync.walks (account, entity, rows_read, read_at)
        VALUES (%s, %s, 420, now() - make_interval(mins => %s::integer))""",
        (account, entity, minutes_ago),
    )


def add_certificate(
    database: Connection[Any], account: str, entity: str, nights_ago: int, **values: Any
) -> None:
    """Add a certificate of a night; a proven one unless the values say otherwise."""
    counts = dict.fromkeys(("missing", "stale", "extra", "repaired", "deleted", "unresolved"), 0)
    row = {
        "account": account,
        "entity": entity,
        "run_id": f"night-{nights_ago}",
        "depth": "full",
        "verdict": "proven",
        "in_megaplan": 2500,
        "in_table": 2500,
        "same": 2500,
        **counts,
        "requests_used": 25,
        "duration": "12 s",
        "doc": "",
        **values,
    }
    insert(database, "megaplan_raw.certificates", row, day=f"current_date - {nights_ago}")


def insert(database: Connection[Any], table: str, row: dict[str, Any], **expressions: str) -> None:
    """Insert a row.

    :param expressions: columns whose values are SQL
    """
    row = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
    places = [*(f"%({name})s" for name in row), *expressions.values()]
    database.execute(
        f"INSERT INTO {table} ({', '.join((*row, *expressions))}) VALUES ({', '.join(places)})", row
    )


def fill_overview(database: Connection[Any]) -> None:
    """Add an account whose tables are late and whose night went wrong, and one that is fine."""
    add_account(database, ACCOUNT, "megaplan_default")
    add_account(
        database, OTHER, "megaplan_second", telephony_active=False, reserved_for_calls=0, deals_to_uis=False
    )
    for account, minutes_ago in ((ACCOUNT, 95), (OTHER, 4)):
        add_table(database, account, "deals", minutes_ago)
        add_table(database, account, "employees", 75)
    add_table(database, OTHER, "contacts", None)
    database.execute("INSERT INTO megaplan_sync.request_budgets (account) VALUES (%s)", (ACCOUNT,))
    database.execute(
        """UPDATE megaplan_sync.request_budgets SET
          minutes[1] = extract(epoch FROM now())::bigint / 60, spent[1] = 321,
          hours[1] = extract(epoch FROM now())::bigint / 3600, spent_in_hour[1] = 654,
          hours[2] = extract(epoch FROM now())::bigint / 3600 - 3, spent_in_hour[2] = 987"""
    )
    for nights_ago in range(6):
        for entity in ("contacts", "deals", "pipelines"):
            add_certificate(database, OTHER, entity, nights_ago)
            wrong = {"verdict": "unresolved", "unresolved": 7, "reason": f"{SCRIPT} 7 deals"}
            add_certificate(database, ACCOUNT, entity, nights_ago, **(wrong if entity == "deals" else {}))
    add_certificate(
        database,
        OTHER,
        "deals",
        0,
        run_id="before",
        verdict="unresolved",
        issued_at=datetime.now(UTC) - timedelta(hours=1),
    )
    add_certificate(
        database, ACCOUNT, "contacts", 0, run_id="again", verdict="partial", reason=FORMULA, in_megaplan=None
    )
    insert(
        database,
        "megaplan_sync.deletion_proposals",
        {
            "account": ACCOUNT,
            "entity": "deals",
            "kind": "deletion",
            "row_count": 700,
            "of_rows": 2500,
            "reason": "28 % are gone",
            "run_id": "night-0",
        },
    )


def add_call(database: Connection[Any], account: str, number: int, **values: Any) -> None:
    """Add a finished call of five minutes between an employee and a client."""
    row = {
        "account": account,
        "call_session_id": number,
        "direction": "in",
        "outcome": "answered",
        "is_finished": True,
        "contact_phone": PHONE,
        "virtual_phone": "74950000001",
        "uis_employee_id": UIS_EMPLOYEE,
        "rung_employees": [UIS_EMPLOYEE],
        "talked_employees": [UIS_EMPLOYEE],
        "started_at": STARTED,
        "finished_at": STARTED + timedelta(minutes=5),
        "talk_seconds": 125,
        "expects_record": False,
        **values,
    }
    insert(database, "telephony.calls", row)


def add_stage(
    database: Connection[Any], account: str, number: int, step: int, state: str, **values: Any
) -> None:
    """Add a stage of a call to the outbox."""
    stage = ("history", "recording", "communication")[step - 1]
    row = {
        "account": account,
        "call_session_id": number,
        "stage": stage,
        "step": step,
        "state": state,
        **values,
    }
    insert(database, "telephony.call_deliveries", row)


def fill_telephony(database: Connection[Any]) -> None:
    """Add a call that was delivered, with everything that happened to it, calls that failed, and mismatched users."""
    for name, uis_name, employee, uis_employee, number in (
        ("Анна Снегирёва", "Снегирёва А.", EMPLOYEE, UIS_EMPLOYEE, "101"),
        ("Борис Дятлов", "Дятлов Б.", EMPLOYEE + 2, UIS_EMPLOYEE + 1, "102"),
    ):
        row = {"employee_id": employee, "uis_employee_id": uis_employee, "internal_number": number}
        insert(database, "telephony.users", {"account": ACCOUNT, "name": name, "uis_name": uis_name, **row})
    add_call(database, ACCOUNT, DELIVERED)
    for place, mnemonic in enumerate(("in_call_session", "in_call", "talk_started", "call_session_finished")):
        at = STARTED + timedelta(seconds=40 * place)
        insert(
            database,
            "telephony.events",
            {
                "account": ACCOUNT,
                "source": "uis_notification",
                "dedupe_key": mnemonic,
                "body": b"",
                "mnemonic": mnemonic,
                "call_session_id": DELIVERED,
                "occurred_at": at,
                "received_at": at + timedelta(milliseconds=300),
            },
        )
    card = {
        "provider_id": str(DELIVERED),
        "call_session_id": DELIVERED,
        "is_companion": False,
        "state": "closed",
    }
    moments = {"created_at": STARTED + timedelta(seconds=41), "changed_at": STARTED + timedelta(seconds=121)}
    insert(database, "telephony.cards", {"account": ACCOUNT, "employee_id": EMPLOYEE, **card, **moments})
    for step in (1, 2, 3):
        add_stage(
            database,
            ACCOUNT,
            DELIVERED,
            step,
            "done",
            result_id=str(70 + step),
            done_at=STARTED + timedelta(minutes=5 + step),
        )
    for place in range(FAILED_CALLS):
        add_call(
            database,
            OTHER,
            FAILED + place,
            outcome="missed",
            talked_employees=[],
            contact_phone="79990000000",
        )
        reason = f"{SCRIPT} 422 employee" if place == 0 else "Megaplan answered 500"
        add_stage(database, OTHER, FAILED + place, 1, "parked", error=reason, tries=8)
    mismatch = {"kind": "number_not_in_uis", "employee_id": 7, "internal_number": "107", "name": "Пётр Чижов"}
    insert(
        database,
        "telephony.mismatches",
        {"account": ACCOUNT, "message": "Employee 7 has number 107, which is no extension.", **mismatch},
    )


def fill_failures(database: Connection[Any]) -> None:
    """Add a deal that UIS refuses, and a row that no table can hold."""
    insert(
        database,
        "uis.deals",
        {
            "account": ACCOUNT,
            "deal_id": 17,
            "ext_id": "mp-one-17",
            "failed_hash": "x",
            "error": "no such stage",
            "remedy": "wait",
        },
        failed_at="now()",
        retry_at="now() + interval '1 hour'",
    )
    insert(
        database,
        "megaplan_raw.unreadable_rows",
        {"account": ACCOUNT, "entity": "deals", "id": "18", "body": "{}", "reason": "a NUL in name"},
    )
