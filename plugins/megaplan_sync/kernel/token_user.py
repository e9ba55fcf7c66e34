"""The user that the connection logs in as, and its rights: losing some looks like a mass deletion."""

from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.sql import read_sql

_IDENTITY = ("contentType", "id")
_FLAGS = ("isWorking", "canLogin")


def current_rights(hook: MegaplanHook) -> dict[str, Any]:
    """Return what decides on the visibility of entities, of the user that the token belongs to.

    That is who it is, its department, whether it may log in, and its possible actions (RAML r2510: Employee). Names,
    job titles and presence are not: people change them, and see as much as before.
    """
    user = hook.current_user()
    rights: dict[str, Any] = {key: user[key] for key in (*_IDENTITY, *_FLAGS) if key in user}
    if "id" in rights:
        rights["id"] = str(rights["id"])
    department = user.get("department")
    if isinstance(department, dict):
        rights["department"] = {"id": str(department.get("id")), "name": department.get("name")}
    elif "department" in user:
        rights["department"] = department
    if isinstance(user.get("possibleActions"), list):
        rights["possibleActions"] = sorted(map(str, user["possibleActions"]))
    return rights


def lost_rights(connection: Connection[Any], account: str, now: dict[str, Any]) -> str | None:
    """Compare with the last proven reconciliation.

    :returns: a description of what may hide entities; None if nothing may, or if there is nothing to compare with
    """
    row = connection.execute(read_sql("select_token_user"), {"account": account}).fetchone()
    if row is None:
        return None
    before: dict[str, Any] = row[0]
    changes = [
        f"{key} was {before[key]!r} and is {now[key]!r}"
        for key in _IDENTITY
        if key in before and key in now and str(before[key]) != str(now[key])
    ]
    if "department" in before and "department" in now:
        old, new = before["department"], now["department"]
        if not _are_one_department(old, new):
            changes.append(f"department was {_name(old)!r} and is {_name(new)!r}")
    changes += [f"{key} is false" for key in _FLAGS if before.get(key) is True and now.get(key) is False]
    old, new = before.get("possibleActions"), now.get("possibleActions")
    if isinstance(old, list) and isinstance(new, list) and (gone := sorted(set(old) - set(new))):
        changes.append(f"possibleActions lost {', '.join(gone)}")
    return "; ".join(changes) or None


def _are_one_department(old: Any, new: Any) -> bool:
    """Compare ids, since departments are renamed; earlier versions of this package have saved names only."""
    if isinstance(old, dict) and isinstance(new, dict):
        return bool(old.get("id") == new.get("id"))
    return bool(_name(old) == _name(new))


def _name(department: Any) -> Any:
    if isinstance(department, dict):
        return department.get("name") or department.get("id")
    return department


def is_known(connection: Connection[Any], account: str) -> bool:
    """Return whether the rights of an account's user have been saved before."""
    return connection.execute(read_sql("select_token_user"), {"account": account}).fetchone() is not None


def save_rights(connection: Connection[Any], account: str, now: dict[str, Any]) -> None:
    """Save the rights as those of a proven reconciliation."""
    connection.execute(read_sql("save_token_user"), {"account": account, "rights": json_text(now)})
