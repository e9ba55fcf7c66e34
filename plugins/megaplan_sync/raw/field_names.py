"""Chooses the names for ``fields``, and finds out which of them an account refuses."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanValidationError
from megaplan_sync.kernel.exceptions import RequiredFieldRefusedError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.entities import EntitySpec

log = logging.getLogger(__name__)


class FieldNames:
    """The fields to request for one entity of one account."""

    def __init__(self, connection: Connection[Any], account: str, spec: EntitySpec) -> None:
        self._connection = connection
        self._account = account
        self._spec = spec

    def wanted(self) -> list[str]:
        """Return the required fields, the optional ones and the custom fields, without those refused lately."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            parameters = {"account": self._account, "entity": self._spec.name}
            cursor.execute(read_sql("select_refused_fields"), parameters)
            refused = {field for (field,) in cursor.fetchall()}
            cursor.execute(
                read_sql("select_custom_field_keys"),
                {"account": self._account, "content_types": list(self._spec.custom_field_types)},
            )
            custom = [key for (key,) in cursor.fetchall()]
        return [
            *self._spec.required,
            *(name for name in (*self._spec.optional, *custom) if name not in refused),
        ]

    def without_refused(
        self,
        names: Sequence[str],
        refusal: MegaplanValidationError,
        try_names: Callable[[Sequence[str]], None],
    ) -> list[str]:
        """Find out which fields the account refuses, save them and return the others.

        :param names: requested fields
        :param refusal: the answer, which may not name the refused field
        :param try_names: requests some fields, raising ``MegaplanValidationError`` if any is refused
        :raises RequiredFieldRefusedError: the table needs one of the refused fields
        :raises MegaplanValidationError: the account refuses the request for another reason
        """
        if _is_refused([], try_names):
            raise refusal
        refused = _refused_among(list(names), try_names)
        if not refused:
            raise refusal
        required = [name for name in refused if name in self._spec.required]
        if required:
            raise RequiredFieldRefusedError(self._account, self._spec.name, required) from refusal
        log.warning(
            "Account %s refuses %s in `fields` of %s (422): continuing without. Requested again after a day.",
            self._account,
            ", ".join(refused),
            self._spec.name,
        )
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for name in refused:
                cursor.execute(
                    read_sql("save_refused_field"),
                    {"account": self._account, "entity": self._spec.name, "field": name},
                )
        return [name for name in names if name not in refused]


def _refused_among(names: list[str], try_names: Callable[[Sequence[str]], None]) -> list[str]:
    """Find refused names by bisection: about 2 log2(n) requests for each."""
    if not names or not _is_refused(names, try_names):
        return []
    if len(names) == 1:
        return names
    middle = len(names) // 2
    return _refused_among(names[:middle], try_names) + _refused_among(names[middle:], try_names)


def _is_refused(names: Sequence[str], try_names: Callable[[Sequence[str]], None]) -> bool:
    try:
        try_names(names)
    except MegaplanValidationError:
        return True
    return False
