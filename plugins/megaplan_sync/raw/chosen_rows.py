"""Which rows of a list an account's connection wants to be copied, and what becomes of their fields."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time

from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.values import moment
from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.change_times import reached
from megaplan_sync.raw.entities import EntitySpec
from megaplan_sync.raw.private_fields import PrivateFields

_MARK = "created since "


class ChosenRows:
    """The choice for one list of one account.

    :param since: rows created before are not copied; None to copy all
    :param private: what becomes of private fields
    """

    def __init__(self, settings: AccountSettings, spec: EntitySpec) -> None:
        self.private = PrivateFields(settings)
        day = getattr(settings, spec.since) if spec.since else None
        self.since = None if day is None else datetime.combine(day, time(), settings.zone)

    def among(self, entities: Iterable[Entity]) -> list[Entity]:
        """Return the entities to be copied; one without a time of creation is."""
        return [entity for entity in entities if not self.is_too_old(entity)]

    def is_too_old(self, entity: Entity) -> bool:
        """Return whether an entity was created before the day from which on rows are copied."""
        if self.since is None:
            return False
        created = moment(entity.get("timeCreated"))
        return created is not None and created < self.since

    def is_beyond(self, rows: Sequence[Entity]) -> bool:
        """Return whether a list sorted by latest creation has come to rows that are not copied."""
        created = [moment(row.get("timeCreated")) for row in rows]
        down_to = reached([each for each in created if each is not None])
        return self.since is not None and down_to is not None and down_to < self.since

    def marks(self) -> list[str]:
        """Return marks of the choice, to be saved with the names of the fields that rows were read with."""
        return self.private.marks() + ([] if self.since is None else [f"{_MARK}{self.since.isoformat()}"])

    def needs_older_rows(self, saved: Sequence[str] | None) -> bool:
        """Return whether rows are wanted now that the last reading has left out.

        :param saved: its names and marks
        """
        before = [datetime.fromisoformat(name.removeprefix(_MARK)) for name in saved or () if is_choice(name)]
        return bool(before) and (self.since is None or self.since < before[0])


def is_choice(name: str) -> bool:
    """Return whether a saved name is not a field but says which rows were chosen."""
    return name.startswith(_MARK)
