"""Keeps the dictionary of custom fields with its history: a renamed field gets a new row."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson
from psycopg import Connection, Cursor

from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.hook import ExtraFieldsEntity, MegaplanHook
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import text
from megaplan_sync.raw.canonical import CanonicalPage, Entity, content
from megaplan_sync.raw.flatten import is_custom
from megaplan_sync.raw.page_writers import PageCounts
from megaplan_sync.raw.views import refresh_deals_view

log = logging.getLogger(__name__)

OWNERS: dict[str, ExtraFieldsEntity] = {
    "Deal": "deal",
    "ContractorHuman": "contractorHuman",
    "ContractorCompany": "contractorCompany",
}
"""Content types whose custom fields are known, and the route that lists them (``/<route>/extraFields``)."""


class DictionaryChanges(NamedTuple):
    """What one content type's definitions changed in the dictionary, by key.

    ``not_believed``: keys that are gone from an answer without a single custom field; they stay.
    """

    owner: str
    read: int
    new: Sequence[str] = ()
    changed: Sequence[str] = ()
    gone: Sequence[str] = ()
    not_believed: Sequence[str] = ()


def read_custom_fields(hook: MegaplanHook, connection: Connection[Any]) -> Iterator[PageCounts]:
    """Read the definitions of all custom fields and note what is new, renamed or gone."""
    for changes in changes_of_custom_fields(hook, connection):
        yield PageCounts(changes.read, len(changes.new), len(changes.changed) + len(changes.gone))


def changes_of_custom_fields(
    hook: MegaplanHook,
    connection: Connection[Any],
    and_then: Callable[[DictionaryChanges], None] = lambda changes: None,
) -> Iterator[DictionaryChanges]:
    """Read and note all definitions, one content type in a transaction.

    An answer without a single custom field where there were some is not believed: nothing is closed then.

    :param and_then: more for the same transaction
    """
    for owner, route in OWNERS.items():
        try:
            sent = [field for field in hook.extra_fields(route) if is_custom(str(field.get("name")))]
        except (MegaplanNotFoundError, MegaplanForbiddenError) as refusal:
            # not every build has this route for every entity, and not every user may see it
            log.warning("Custom fields of %s stay as they are known: %s", owner, refusal)
            continue
        CanonicalPage().bring(sent)
        with connection.transaction(), connection.cursor() as cursor:
            changes = _note(cursor, hook.account, owner, sent)
            and_then(changes)
        yield changes
    with connection.transaction(), connection.cursor() as cursor:
        refresh_deals_view(cursor)


def _note(cursor: Cursor[Any], account: str, owner: str, fields: Iterable[Entity]) -> DictionaryChanges:
    cursor.execute(read_sql("select_present_custom_fields"), {"account": account})
    present = {row[1]: row[2:] for row in cursor.fetchall() if row[0] == owner}
    sent = {str(field["name"]): field for field in fields}
    new: list[str] = []
    changed: list[str] = []
    for key, field in sent.items():
        whole = content(field)
        label, kind = text(field.get("hrName")), field_type(field)
        values = {
            "account": account,
            "entity": owner,
            "key": key,
            "label": label,
            "type": kind,
            "payload": whole.payload,
            "content_hash": whole.content_hash,
        }
        known = present.get(key)
        if known is None:
            cursor.execute(read_sql("insert_custom_field"), values)
            new.append(key)
        elif known[:2] != (label, kind):
            log.info("Custom field %s of %s: %r becomes %r", key, owner, known[0], label)
            cursor.execute(read_sql("close_custom_field"), values)
            cursor.execute(read_sql("insert_custom_field"), values)
            changed.append(key)
        elif known[2:] != (
            whole.content_hash,
            orjson.loads(bytes(whole.payload)),
        ):  # or somebody edited it here
            cursor.execute(read_sql("update_custom_field"), values)
            changed.append(key)
    gone = present.keys() - sent.keys()
    if gone and not sent:
        log.warning(
            "Megaplan names no custom field of %s any more, where account %s had %d: not believed, nothing closed",
            owner, account, len(gone),
        )  # fmt: skip
        return DictionaryChanges(owner, 0, not_believed=sorted(gone))
    for key in sorted(gone):
        log.warning("Custom field %s of %s is gone from account %s", key, owner, account)
        cursor.execute(read_sql("close_custom_field"), {"account": account, "entity": owner, "key": key})
    return DictionaryChanges(owner, len(sent), new, changed, sorted(gone))


def field_type(field: Entity) -> str | None:
    """Return the type of a definition: ``type``, or its content type without ``Field``."""
    return text(field.get("type")) or str(field.get("contentType", "")).removesuffix("Field") or None
