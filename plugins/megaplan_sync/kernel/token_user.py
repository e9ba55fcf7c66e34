"""The user that the connection logs in as, and its rights: losing some looks like a mass deletion."""

from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.sql import read_sql

_KEYS = ("contentType", "id", "department", "position", "isWorking", "canLogin", "possibleActions", "status")
"""Fields of ``/currentUser`` that concern rights (RAML r2510: Employee)."""


def current_rights(hook: MegaplanHook) -> dict[str, Any]:
    """Return the fields about rights of the user that the token belongs to."""
    user = hook.current_user()
    rights: dict[str, Any] = {key: user[key] for key in _KEYS if key in user}
    for key in ("department", "status"):
        if isinstance(rights.get(key), dict):
            rights[key] = rights[key].get("name") or rights[key].get("id")
    if isinstance(rights.get("possibleActions"), list):
        rights["possibleActions"] = sorted(map(str, rights["possibleActions"]))
    return rights


def lost_rights(connection: Connection[Any], account: str, now: dict[str, Any]) -> str | None:
    """Compare with the last proven reconciliation.

    :returns: a description of the changes; None if there are none, or nothing to compare with
    """
    row = connection.execute(read_sql("select_token_user"), {"account": account}).fetchone()
    if row is None:
        return None
    before: dict[str, Any] = row[0]
    changes = []
    for key in _KEYS:
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, list) and isinstance(new, list):
            if gone := sorted(set(old) - set(new)):
                changes.append(f"{key} lost {', '.join(gone)}")
        else:
            changes.append(f"{key} was {old!r} and is {new!r}")
    return "; ".join(changes) or None


def is_known(connection: Connection[Any], account: str) -> bool:
    """Return whether the rights of an account's user have been saved before."""
    return connection.execute(read_sql("select_token_user"), {"account": account}).fetchone() is not None


def save_rights(connection: Connection[Any], account: str, now: dict[str, Any]) -> None:
    """Save the rights as those of a proven reconciliation."""
    connection.execute(read_sql("save_token_user"), {"account": account, "rights": json_text(now)})
