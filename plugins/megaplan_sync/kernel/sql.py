"""Finds SQL statements by name, in a checkout and in an installed wheel."""

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from psycopg.sql import SQL, Composed, Identifier

_IN_THE_WHEEL = files("megaplan_sync") / "sql_files"
_IN_A_CHECKOUT = Path(__file__).resolve().parents[3] / "include" / "sql"
_HEADER = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def read_sql(name: str) -> str:
    """Return the statement below ``-- name: <name>`` in a file of ``include/sql/<lane>/``.

    :param name: such as ``claim_deliveries``
    :raises KeyError: there is no such statement
    """
    return statements()[name]


def for_table(name: str, table: str) -> Composed:
    """Return a statement that serves several raw tables, with ``{table}`` in it replaced.

    :raises KeyError: there is no such statement
    """
    first, *others = read_sql(name).split("{table}")
    return Composed([SQL(first), *(part for text in others for part in (Identifier(table), SQL(text)))])


@cache
def statements() -> dict[str, str]:
    """Return all statements by name."""
    return read_folder(_IN_THE_WHEEL if _IN_THE_WHEEL.is_dir() else _IN_A_CHECKOUT)


def read_folder(folder: Traversable) -> dict[str, str]:
    """Return all statements of a folder of lanes by name.

    :raises ValueError: two statements have the same name
    """
    found: dict[str, str] = {}
    for lane in folder.iterdir():
        for topic in lane.iterdir():
            _, *parts = _HEADER.split(topic.read_text(encoding="utf-8"))
            for name, text in zip(parts[::2], parts[1::2], strict=True):
                if name in found:
                    raise ValueError(f"include/sql has two statements called {name}: rename one")
                found[name] = text.strip()
    return found
