"""What the doctor has seen of an account, and how it is used: only where the connection is silent.

The hooks know no Postgres. Whoever opens a session for an account gives the hook settings that include what was seen,
before its first request.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, TypeVar

from psycopg.errors import UndefinedTable
from pydantic import TypeAdapter, ValidationError

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from uis_hook.hook import UisHook
from uis_hook.settings import UisSettings

log = logging.getLogger(__name__)

Side = Literal["megaplan", "uis"]
QUIRKS = "vendor_quirks."

Settings = TypeVar("Settings", AccountSettings, UisSettings)


@dataclass(frozen=True)
class SeenFact:
    """One thing that was looked at.

    :param name: a key of ``vendor_quirks`` where there is one
    :param assumed: what the connection, or else the documentation, says
    :param seen: what the account showed; None if it could not be seen
    :param setting: of the connection, such as ``vendor_quirks.token_body``; None if no setting is needed
    :param value: for that setting
    """

    side: Side
    name: str
    assumed: str
    seen: str | None
    setting: str | None = None
    value: Any = None

    @property
    def is_deviation(self) -> bool:
        """Whether the account differs from what is assumed."""
        return self.seen is not None and self.seen != self.assumed


def save_facts(connection: Session, account: str, facts: Iterable[SeenFact]) -> None:
    """Save what was seen of an account; what could not be seen now stays as it was seen before."""
    rows = [asdict(fact) for fact in facts]
    connection.execute(read_sql("replace_calibration"), {"account": account, "facts": json_text(rows)})


def seen_settings(connection: Session, account: str, side: Side) -> dict[str, Any]:
    """Return the values of settings that the account has shown to need, by the settings' names."""
    asked = {"account": account, "side": side}
    try:
        return dict(connection.execute(read_sql("select_seen_settings"), asked).fetchall())
    except UndefinedTable:  # the tables were created by an older version, or not yet
        return {}


def all_seen_settings(connection: Session) -> dict[tuple[str, str], dict[str, Any]]:
    """Return them for all accounts, by account and side."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        rows = connection.execute(read_sql("select_all_seen_settings")).fetchall()
    except UndefinedTable:
        rows = []
    for account, side, setting, value in rows:
        found.setdefault((account, side), {})[setting] = value
    return found


def is_explicit(settings: AccountSettings | UisSettings, name: str) -> bool:
    """Return whether the connection itself gives a setting, so that nothing else may."""
    if name.startswith(QUIRKS):
        return name.removeprefix(QUIRKS) in settings.vendor_quirks.model_fields_set
    return name in settings.model_fields_set


def is_usable(settings: AccountSettings | UisSettings, name: str, value: Any) -> bool:
    """Return whether a setting may have a value, by the same rules as in the connection."""
    declared = type(settings).model_fields[name]
    annotated: Any = Annotated[(declared.annotation, *declared.metadata)]
    try:
        TypeAdapter(annotated).validate_python(value)
    except ValidationError:
        return False
    return True


def with_seen(settings: Settings, seen: Mapping[str, Any]) -> Settings:
    """Return settings in which what was seen fills what the connection leaves open."""
    open_now = {name: value for name, value in seen.items() if not is_explicit(settings, name)}
    quirks = {name.removeprefix(QUIRKS): value for name, value in open_now.items() if name.startswith(QUIRKS)}
    own = {}
    for name, value in open_now.items():
        if name.startswith(QUIRKS):
            continue
        if is_usable(settings, name, value):
            own[name] = value
        else:
            log.warning("%s: %s cannot be what the doctor has seen", settings.connection_id, name)
    try:
        read = type(settings.vendor_quirks).model_validate(quirks)
    except ValidationError:
        log.warning("%s: what the doctor has seen does not fit this version", settings.connection_id)
        return settings
    update: dict[str, Any] = {name: getattr(read, name) for name in quirks}
    return settings.model_copy(
        update={**own, "vendor_quirks": settings.vendor_quirks.model_copy(update=update)}
    )


def use_what_was_seen(connection: Session, hook: MegaplanHook) -> None:
    """Let a hook of Megaplan use what was seen of its account; call this before its first request."""
    hook.settings = with_seen(hook.settings, seen_settings(connection, hook.account, "megaplan"))


def use_what_was_seen_of_uis(connection: Session, hook: UisHook, account: str) -> None:
    """Let a hook of UIS use what was seen of an account's cabinet; call this before asking for its client."""
    hook.settings = with_seen(hook.settings, seen_settings(connection, account, "uis"))
