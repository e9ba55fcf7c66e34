"""Which names go into ``fields``, and what happens when an account refuses some of them."""

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
    """The names to ask for of one entity of one account."""

    def __init__(self, connection: Connection[Any], account: str, spec: EntitySpec) -> None:
        self._connection = connection
        self._account = account
        self._spec = spec

    def wanted(self) -> list[str]:
        """Return the table's names, the optional ones and the custom fields, less those refused lately."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            parameters = {"account": self._account, "entity": self._spec.name}
            cursor.execute(read_sql("select_refused_fields"), parameters)
            refused = {field for (field,) in cursor.fetchall()}
            cursor.execute(
                read_sql("select_custom_field_keys"),
                {"account": self._account, "owners": list(self._spec.custom_field_owners)},
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
        """Find out which names the account refuses, remember them and return the others.

        :param names: what was asked for
        :param refusal: the answer to that; it need not say which name is meant
        :param try_names: asks for some names, raising ``MegaplanValidationError`` if any is refused
        :raises RequiredFieldRefusedError: the table needs one of the refused names
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
            "Account %s refuses %s in `fields` of %s (422): going on without. Asked for again after a day.",
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
    """Halve until each refused name stands alone: about 2 log2(n) requests for each of them."""
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
