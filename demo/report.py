"""Compares the loaded rows with what the emulator has."""

from collections.abc import Mapping
from typing import NamedTuple

import psycopg
from psycopg import sql


class Landed(NamedTuple):
    """A raw table, the number of its rows, and how many there should be."""

    table: str
    rows: int
    in_megaplan: int | None


def count_rows(raw_database_uri: str, truth: Mapping[str, int]) -> list[Landed]:
    """Count the rows of all raw tables of entities, without deleted ones.

    :param truth: how many the emulator has, by table
    """
    landed = []
    with psycopg.connect(raw_database_uri) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'megaplan_raw' AND column_name = 'deleted_at' ORDER BY 1"
        ).fetchall()
        for (name,) in names:
            statement = sql.SQL("SELECT count(*) FROM megaplan_raw.{} WHERE deleted_at IS NULL")
            (rows,) = connection.execute(statement.format(sql.Identifier(name))).fetchone() or (0,)
            landed.append(Landed(name, rows, truth.get(name)))
    return landed


def rows_so_far(raw_database_uri: str) -> str:
    """Return how many contacts and deals a running load has written."""
    with psycopg.connect(raw_database_uri) as connection:
        if connection.execute("SELECT to_regclass('megaplan_raw.deals')").fetchone() == (None,):
            return "raw tables are not there yet"
        counted = connection.execute(
            "SELECT (SELECT count(*) FROM megaplan_raw.contacts), (SELECT count(*) FROM megaplan_raw.deals)"
        ).fetchone()
    contacts, deals = counted or (0, 0)
    return f"{contacts} contacts, {deals} deals"


def differences(landed: list[Landed]) -> list[Landed]:
    """Return the tables whose counts differ from the emulator's."""
    return [table for table in landed if table.in_megaplan is not None and table.rows != table.in_megaplan]


def as_text(landed: list[Landed]) -> str:
    """Return the counts as a table for the terminal."""
    lines = [f"{'megaplan_raw':<20} {'rows':>8} {'in Megaplan':>12}"]
    for table in landed:
        known = "" if table.in_megaplan is None else str(table.in_megaplan)
        mark = "" if table.in_megaplan in (None, table.rows) else "   differs"
        lines.append(f"{table.table:<20} {table.rows:>8} {known:>12}{mark}")
    return "\n".join(lines)


def some_deals(raw_database_uri: str, limit: int = 5) -> str:
    """Return the latest deals of the view ``megaplan.deals``."""
    with psycopg.connect(raw_database_uri) as connection:
        rows = connection.execute(
            "SELECT number, name, pipeline, stage, manager, price, price_currency FROM megaplan.deals"
            " ORDER BY updated_at DESC LIMIT %s",
            (limit,),
        ).fetchall()
    return "\n".join(
        f"  {number}  {name}  |  {pipeline}: {stage}  |  {manager or '-'}  |  "
        + (f"{price:,.2f} {currency}" if price is not None else "no price")
        for number, name, pipeline, stage, manager, price, currency in rows
    )
