"""Views for people: custom fields as columns that can be read, sorted and relied on."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.raw.views import refresh_account_view

Sync = Callable[..., dict[str, EntityOutcome]]


@pytest.fixture
def tables(database: Connection[Any]) -> Connection[Any]:
    """Empty raw tables with two accounts, in Moscow and in Vladivostok."""
    prepare_raw_schema(database)
    database.execute(
        """INSERT INTO megaplan_sync.accounts (account, timezone)
        VALUES ('west', 'Europe/Moscow'), ('east', 'Asia/Vladivostok')"""
    )
    return database


def add_field(database: Connection[Any], name: str, kind: str, category: int = 1, **definition: Any) -> None:
    key = f"Category{category}CustomField{name}"
    payload = {"name": key, "hrName": f"Поле {name}", "type": kind, **definition}
    for account in ("west", "east"):
        database.execute(
            """INSERT INTO megaplan_raw.custom_fields (account, entity, valid_from, payload, content_hash)
            VALUES (%s, 'Deal', clock_timestamp(), %s, '')""",
            (account, Jsonb(payload)),
        )


def add_deal(database: Connection[Any], account: str = "west", **values: Any) -> None:
    fields = {f"Category1CustomField{name}": value for name, value in values.items()}
    database.execute(
        """INSERT INTO megaplan_raw.deals (account, payload, content_hash, valid_from) VALUES (%s, %s, '', now())""",
        (account, Jsonb({"id": "1", **fields})),
    )


def refresh(database: Connection[Any]) -> None:
    for account in ("west", "east"):
        refresh_account_view(database, account)


def columns(database: Connection[Any], view: str = "deals_of_west") -> dict[str, str | None]:
    """Return the columns of custom fields, in their order, with their comments."""
    rows = database.execute(
        """SELECT attname, col_description(attrelid, attnum) FROM pg_attribute
        WHERE attrelid = to_regclass('megaplan.' || %s) AND attname LIKE 'cf\\_%%' ORDER BY attnum""",
        (view,),
    ).fetchall()
    return dict(rows)


def view_of(database: Connection[Any]) -> str:
    """Return the view of the only account."""
    ((view,),) = database.execute("SELECT deals_view FROM megaplan_sync.accounts").fetchall()
    return str(view)


def day(year: int, month: int, day_of_month: int) -> dict[str, Any]:
    return {"contentType": "DateOnly", "year": year, "month": month, "day": day_of_month}


def moment(value: str) -> dict[str, Any]:
    return {"contentType": "DateTime", "value": value}


VALUES: dict[str, tuple[str, Any, Any]] = {
    "months count from zero": ("Date", day(2026, 0, 31), date(2026, 1, 31)),
    "a day that no calendar has": ("Date", day(2026, 1, 31), None),
    "December is month 11": ("Date", day(2026, 11, 1), date(2026, 12, 1)),
    "a day kept as DateTime is local midnight": (
        "Date",
        moment("2026-09-20T21:00:00+00:00"),
        date(2026, 9, 21),
    ),
    "no day": ("Date", None, None),
    "point in time": (
        "DateTime",
        moment("2026-09-21T12:15:00+03:00"),
        datetime(2026, 9, 21, 9, 15, tzinfo=UTC),
    ),
    "a moment that no calendar has": ("DateTime", moment("2026-02-30T10:00:00+00:00"), None),
    "month 0": ("DateTime", moment("2026-00-00 00:00:00"), None),
    "25 o'clock": ("DateTime", moment("2026-01-10T25:00:00+00:00"), None),
    "an unknown zone": ("DateTime", moment("2026-01-10T15:00:00 Moscow/Nowhere"), None),
    "a day kept as an impossible DateTime": ("Date", moment("2026-02-30T10:00:00+00:00"), None),
    "a number beyond numeric": ("Integer", "1e200000", None),
    "whole number": ("Integer", 7, Decimal(7)),
    "fraction": ("Float", 0.125, Decimal("0.125")),
    "number as text": ("BigInt", "90071992547409931", Decimal("90071992547409931")),
    "no number in a text": ("Integer", "about seven", None),
    "duration in seconds": ("Duration", {"contentType": "DateInterval", "value": 5400}, Decimal(5400)),
    "yes": ("Bool", True, True),
    "no": ("Bool", False, False),
    "neither": ("Bool", "maybe", None),
    "text": ("String", "Ссылка", "Ссылка"),
    "empty text": ("String", "", None),
    "reference": ("RefLink", {"contentType": "Employee", "id": "4", "name": "Смирнова"}, "Смирнова"),
    "choice": ("Enum", "Повторная", "Повторная"),
}


@pytest.mark.parametrize(("kind", "value", "expected"), VALUES.values(), ids=VALUES.keys())
def test_a_custom_field_is_a_column_of_its_type(
    tables: Connection[Any], kind: str, value: Any, expected: Any
) -> None:
    add_field(tables, "Znachenie", kind)
    refresh(tables)
    add_deal(tables, Znachenie=value)
    assert tables.execute("SELECT cf_znachenie FROM megaplan.deals_of_west").fetchone() == (expected,)


def test_a_day_is_counted_in_the_zone_of_its_account(tables: Connection[Any]) -> None:
    add_field(tables, "Nachalo", "Date")
    refresh(tables)
    add_deal(tables, "west", Nachalo=moment("2026-09-20T21:00:00+00:00"))
    add_deal(tables, "east", Nachalo=moment("2026-09-20T14:00:00+00:00"))
    loaded = dict(
        tables.execute(
            """SELECT account, cf_nachalo FROM megaplan.deals_of_west
            UNION ALL SELECT account, cf_nachalo FROM megaplan.deals_of_east"""
        ).fetchall()
    )
    assert loaded == {"west": date(2026, 9, 21), "east": date(2026, 9, 21)}


def test_money_has_its_currency_beside_it(tables: Connection[Any]) -> None:
    add_field(tables, "Pribyl", "Money")
    refresh(tables)
    add_deal(
        tables, Pribyl={"contentType": "Money", "currency": "USD", "value": 3100.5, "valueInMain": 240715.62}
    )
    assert list(columns(tables)) == ["cf_pribyl", "cf_pribyl_currency"]
    loaded = tables.execute("SELECT cf_pribyl, cf_pribyl_currency FROM megaplan.deals_of_west").fetchone()
    assert loaded == (Decimal("3100.5"), "USD")


def test_several_values_are_one_text(tables: Connection[Any]) -> None:
    add_field(tables, "Kanaly", "Integer", isMultiple=True)
    refresh(tables)
    add_deal(tables, Kanaly=[{"contentType": "Employee", "id": "4", "name": "Анна"}, "Почта"])
    assert tables.execute("SELECT cf_kanaly FROM megaplan.deals_of_west").fetchone() == ("Анна; Почта",)


def test_a_renamed_field_keeps_its_column_and_gets_its_new_title(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    before = columns(database, view_of(database))
    (key,) = database.execute(
        "SELECT key FROM megaplan_sync.view_columns WHERE column_name = 'cf_kolichestvo_tochek'"
    ).fetchone() or (None,)
    assert before["cf_kolichestvo_tochek"] == "Количество точек"
    megaplan.control("mutate", {"op": "rename_custom_field", "key": key, "title": "Число магазинов"})
    sync("custom_fields", directories_every_minutes=0)
    assert columns(database, view_of(database)) == {**before, "cf_kolichestvo_tochek": "Число магазинов"}
    titles = database.execute(
        "SELECT label, valid_to IS NULL FROM megaplan_raw.custom_fields WHERE key = %s ORDER BY valid_from",
        (key,),
    ).fetchall()
    assert titles == [("Количество точек", False), ("Число магазинов", True)]


def test_nothing_new_leaves_the_view_alone(sync: Sync, database: Connection[Any]) -> None:
    sync("custom_fields")
    rule = "SELECT xmin::text FROM pg_rewrite WHERE ev_class = to_regclass(%s)"
    view = f"megaplan.{view_of(database)}"
    before = database.execute(rule, (view,)).fetchone()
    assert before is not None
    sync("custom_fields", directories_every_minutes=0)
    assert database.execute(rule, (view,)).fetchone() == before


def test_names_that_clash_are_numbered_for_good(tables: Connection[Any]) -> None:
    add_field(tables, "VidSdelki", "String", category=1)
    refresh(tables)
    add_field(tables, "VidSdelki", "Enum", category=2)
    add_field(tables, "Vid_Sdelki", "Enum", category=3)
    refresh(tables)
    assert list(columns(tables)) == ["cf_vid_sdelki", "cf_vid_sdelki_2", "cf_vid_sdelki_3"]
    refresh(tables)
    keys = tables.execute(
        "SELECT key FROM megaplan_sync.view_columns WHERE view = 'deals_of_west' ORDER BY column_name"
    ).fetchall()
    assert [key[:9] for (key,) in keys] == ["Category1", "Category2", "Category3"]


def test_names_fit_into_63_bytes(tables: Connection[Any]) -> None:
    long = "ОтветственныйЗаСогласованиеСпецификации" * 2
    add_field(tables, long, "Money", category=1)
    add_field(tables, long, "Money", category=2)
    refresh(tables)
    names = list(columns(tables))
    assert len(names) == 4
    assert all(len(name.encode()) <= 63 for name in names)


def test_a_users_own_view_survives_new_custom_fields(tables: Connection[Any]) -> None:
    add_field(tables, "Ssylka", "String")
    refresh(tables)
    tables.execute("CREATE VIEW public.report AS SELECT id, cf_ssylka FROM megaplan.deals_of_west")
    tables.execute("CREATE VIEW public.everything AS SELECT * FROM megaplan.deals_of_west")
    add_deal(tables, Ssylka="диск", Noviy="значение")
    add_field(tables, "Noviy", "String")
    refresh(tables)
    assert list(columns(tables)) == ["cf_ssylka", "cf_noviy"]
    assert tables.execute("SELECT * FROM public.report").fetchall() == [(1, "диск")]
    assert tables.execute("SELECT cf_ssylka FROM public.everything").fetchall() == [("диск",)]
    assert tables.execute("SELECT cf_noviy FROM megaplan.deals_of_west").fetchall() == [("значение",)]


def test_a_field_that_is_gone_keeps_its_column(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    before = columns(database, view_of(database))
    (key,) = database.execute(
        "SELECT key FROM megaplan_sync.view_columns WHERE column_name = 'cf_kolichestvo_tochek'"
    ).fetchone() or (None,)
    megaplan.control("mutate", {"op": "remove_custom_field", "key": key})
    sync("custom_fields", directories_every_minutes=0)
    assert columns(database, view_of(database)).keys() == before.keys()


def test_values_of_all_accounts_stand_in_one_long_view(tables: Connection[Any]) -> None:
    add_field(tables, "Nachalo", "Date")
    add_field(tables, "Ssylka", "String")
    add_deal(tables, "west", Nachalo=moment("2026-09-20T21:00:00+00:00"), Ssylka="диск", Unknown="x")
    add_deal(tables, "east", Ssylka=None)
    rows = tables.execute(
        "SELECT account, entity, id, title, value, date FROM megaplan.custom_field_values ORDER BY key"
    ).fetchall()
    assert rows == [
        ("west", "Deal", 1, "Поле Nachalo", "2026-09-20T21:00:00+00:00", date(2026, 9, 21)),
        ("west", "Deal", 1, "Поле Ssylka", "диск", None),
    ]


def test_an_account_with_more_fields_than_a_view_takes_is_shown_as_far_as_it_goes(
    tables: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    tables.execute(
        """INSERT INTO megaplan_raw.custom_fields (account, entity, valid_from, payload, content_hash)
        SELECT 'west', 'Deal', now(), jsonb_build_object('name', 'Category1CustomFieldF' || n, 'type', 'String'), ''
        FROM generate_series(1, 1700) AS n"""
    )
    refresh(tables)
    assert len(columns(tables)) == 1500
    assert "1700 columns of custom fields" in caplog.text
    add_deal(tables, F1="a", F1700="z")
    assert tables.execute("SELECT count(*) FROM megaplan.deals_of_west").fetchone() == (1,)
    assert tables.execute("SELECT count(*) FROM megaplan.custom_field_values").fetchone() == (2,)


def test_a_view_that_cannot_be_made_is_reported_and_stops_nothing(
    tables: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    tables.execute("CREATE TABLE megaplan.deals_of_west ()")
    add_field(tables, "Ssylka", "String")
    refresh(tables)
    assert (
        'of account west with its custom fields was not updated: "deals_of_west" is not a view' in caplog.text
    )
    assert list(columns(tables, "deals_of_east")) == ["cf_ssylka"]


def test_names_of_views_are_readable_unique_and_stay(tables: Connection[Any]) -> None:
    labels = ["mp.361", "mp-361", "127.0.0.1:8080", "Ж" * 60]
    for label in labels:
        tables.execute("INSERT INTO megaplan_sync.accounts (account, timezone) VALUES (%s, 'UTC')", (label,))
    for _ in range(2):
        for label in labels:
            refresh_account_view(tables, label)
        names = dict(
            tables.execute(
                "SELECT account, deals_view FROM megaplan_sync.accounts WHERE timezone = 'UTC'"
            ).fetchall()
        )
        assert [names[label] for label in labels] == [
            "deals_of_mp_361",
            "deals_of_mp_361_2",
            "deals_of_127_0_0_1_8080",
            "deals_of_" + "ж" * 27,
        ]
