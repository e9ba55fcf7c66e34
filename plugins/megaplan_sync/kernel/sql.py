"""Finds SQL files, from a checkout and from an installed wheel alike."""

from functools import cache
from importlib.resources import files
from pathlib import Path

_IN_THE_WHEEL = files("megaplan_sync") / "sql_files"
_IN_A_CHECKOUT = Path(__file__).resolve().parents[3] / "include" / "sql"


@cache
def read_sql(name: str) -> str:
    """Return the statement in ``include/sql/<name>.sql``.

    :param name: verb_noun without the ending, e.g. ``upsert_deals``
    :raises FileNotFoundError: there is no such file
    """
    packed = _IN_THE_WHEEL / f"{name}.sql"
    source = packed if packed.is_file() else _IN_A_CHECKOUT / f"{name}.sql"
    return source.read_text(encoding="utf-8")
