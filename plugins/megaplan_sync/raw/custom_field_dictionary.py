"""Maintains the dictionary of custom fields and its history: a renamed field gets a new row."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from psycopg import Connection, Cursor

from megaplan_hook.exceptions import (
    MegaplanError,
    MegaplanForbiddenError,
    MegaplanNotFoundError,
    concerns_one_answer,
)
from megaplan_hook.hook import ExtraFieldsEntity, MegaplanHook
from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.json_text import JsonText
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.canonical import (
    CanonicalPage,
    Entity,
    canonical_json,
    is_custom,
    is_writable,
    readable,
)
from megaplan_sync.raw.views import refresh_account_view
from megaplan_sync.raw.writer import PageCounts

log = logging.getLogger(__name__)

_LONGEST_KEY = 500
"""Bytes of a custom field's key; an index entry holds no more than 2 700."""

ROUTES: dict[str, ExtraFieldsEntity] = {
    "Deal": "deal",
    "ContractorHuman": "contractorHuman",
    "ContractorCompany": "contractorCompany",
}
"""Content types with custom fields, and the route that lists them (``/<route>/extraFields``)."""


class DictionaryChanges(NamedTuple):
    """Keys of one content type that changed in the dictionary.

    ``not_believed``: keys missing from a response without any custom field; they are kept.
    """

    content_type: str
    read: int
    new: Sequence[str] = ()
    changed: Sequence[str] = ()
    gone: Sequence[str] = ()
    not_believed: Sequence[str] = ()


def read_custom_fields(hook: MegaplanHook, connection: Connection[Any]) -> Iterator[PageCounts]:
    """Read the definitions of all custom fields and save what is new, renamed or gone."""
    for changes in changes_of_custom_fields(hook, connection):
        yield PageCounts(changes.read, len(changes.new), len(changes.changed) + len(changes.gone))


def changes_of_custom_fields(
    hook: MegaplanHook,
    connection: Connection[Any],
    and_then: Callable[[DictionaryChanges], None] = lambda changes: None,
) -> Iterator[DictionaryChanges]:
    """Read and save all definitions, one transaction per content type.

    A response without any custom field where there were some is not believed, and no row is closed.

    If Megaplan fails for one content type, the others are read before its error is raised.

    :param and_then: called in the same transaction
    :raises MegaplanError: a route has failed, or cannot be read
    """
    failures: list[MegaplanError] = []
    for content_type, route in ROUTES.items():
        try:
            sent = [field for field in hook.extra_fields(route) if _is_definition(field)]
        except (MegaplanNotFoundError, MegaplanForbiddenError) as refusal:
            # not every build of Megaplan has this route for every entity, and not every user may read it
            log.warning("Custom fields of %s were not updated: %s", content_type, refusal)
            continue
        except MegaplanError as error:
            if not concerns_one_answer(error):
                raise
            failures.append(error)
            continue
        CanonicalPage().bring(readable(sent)[0])
        with account_transaction(connection, hook.account), connection.cursor() as cursor:
            changes = _note(cursor, hook.account, content_type, sent)
            and_then(changes)
        yield changes
    refresh_account_view(connection, hook.account)
    if failures:
        raise failures[0]


def _is_definition(field: Any) -> bool:
    """Return whether an entry defines a custom field. It needs no id."""
    if not isinstance(field, dict) or not isinstance(field.get("name"), str) or not is_custom(field["name"]):
        return False
    if len(field["name"].encode()) <= _LONGEST_KEY and is_writable(field):
        return True
    log.warning(
        "A custom field cannot be stored, its name is too long or it is too deep: %.100s", field["name"]
    )
    return False


def _note(cursor: Cursor[Any], account: str, content_type: str, sent: Sequence[Entity]) -> DictionaryChanges:
    of = {"account": account, "entity": content_type}
    if not sent:
        present = [key for (key,) in cursor.execute(read_sql("select_present_custom_fields"), of)]
        if present:
            log.warning(
                "Megaplan lists no custom fields of %s, where account %s had %d: not believed, none closed",
                content_type, account, len(present),
            )  # fmt: skip
        return DictionaryChanges(content_type, 0, not_believed=sorted(present))
    values = {**of, "page": JsonText(b"[" + b",".join(map(canonical_json, sent)) + b"]")}
    closed = cursor.execute(read_sql("close_custom_fields"), values).fetchall()
    written = cursor.execute(read_sql("write_custom_fields"), values).fetchall()
    renamed = {key for key, _, is_renamed in closed if is_renamed}
    gone = sorted(key for key, _, is_renamed in closed if not is_renamed)
    for key, label, is_renamed in closed:
        what = "was renamed or retyped, it was" if is_renamed else "is gone, it was"
        log.info("Custom field %s of %s of %s %s %r", key, content_type, account, what, label)
    new = [key for key, is_new in written if is_new and key not in renamed]
    changed = [key for key, is_new in written if not is_new or key in renamed]
    return DictionaryChanges(content_type, len(sent), new, changed, gone)
