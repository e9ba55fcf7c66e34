"""Reads back what deals refer to, and compares it with what was sent.

That is funnels with their stages, employees, contacts, and user fields.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from psycopg.types.json import Jsonb

from megaplan_sync.uis_upload.contacts import adopted_contact
from megaplan_sync.uis_upload.directory_ledger import Kind
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook import deals

log = logging.getLogger(__name__)

MOST_CONTACTS_BY_ID = 5_000
"""Of more contacts, all that UIS has of the account are read: that takes fewer requests."""
MOST_LOGGED = 20


class DirectoryVerification:
    """Compares one account's directories with the cabinet. What differs is sent once more by the next run."""

    def __init__(self, session: UploadSession) -> None:
        self._session = session
        self.differing: set[str] = set()
        """Ids of what differs."""

    def run(self) -> None:
        """Compare everything that has not been read back since it was sent."""
        names: tuple[tuple[Kind, Callable[[list[str]], Iterator[Mapping[str, Any]]]], ...] = (
            ("funnel", lambda _: self._session.uis.rows(deals.sales_funnels())),
            ("employee", lambda _: self._session.uis.rows(deals.deal_employees())),
            ("user_field", lambda _: self._session.uis.rows(deals.deal_user_fields())),
            ("contact", self._contacts),
        )
        for kind, read in names:
            due = self._session.execute("select_unverified_directory_rows", kind=kind)
            if not due:
                continue
            wanted = {ext_id for ext_id, _, _ in due}
            shown = {str(row["ext_id"]): row for row in read(sorted(wanted)) if row.get("ext_id") in wanted}
            self._save(kind, due, shown)

    def _contacts(self, ext_ids: list[str]) -> Iterator[Mapping[str, Any]]:
        listing = deals.deal_contacts()
        if len(ext_ids) <= MOST_CONTACTS_BY_ID:
            yield from self._session.uis.rows(*deals.with_ext_ids(listing, ext_ids))
        else:
            yield from self._session.uis.rows(
                deals.beginning_with(listing, f"{self._session.prefix}-contact-")
            )

    def _save(self, kind: Kind, due: list[Any], shown: Mapping[str, Mapping[str, Any]]) -> None:
        found = {ext_id: _difference(kind, content, shown.get(ext_id)) for ext_id, _, content in due}
        self._session.execute(
            "save_verified_directory_rows",
            kind=kind,
            ext_ids=[ext_id for ext_id, _, _ in due],
            hashes=[content_hash for _, content_hash, _ in due],
            differences=[found[ext_id] for ext_id, _, _ in due],
            are_there=[ext_id in shown for ext_id, _, _ in due],
            shown=[
                Jsonb(
                    adopted_contact(shown[ext_id]).content if kind == "contact" and ext_id in shown else None
                )
                for ext_id, _, _ in due
            ],
        )
        differing = {ext_id: difference for ext_id, difference in found.items() if difference}
        for ext_id, difference in list(differing.items())[:MOST_LOGGED]:
            log.warning("%s %s in UIS: %s", kind, ext_id, difference)
        self.differing |= differing.keys()
        if any(difference == MISSING for difference in differing.values()):
            self._session.execute("retry_missing_links")
        self._session.count(f"{kind}s_differing", len(differing))


MISSING = "UIS does not have it"


def _difference(kind: Kind, content: Any, row: Mapping[str, Any] | None) -> str | None:
    """Return which parts of a row differ in UIS, without their values; None if there are none."""
    if row is None:
        return MISSING
    if kind == "contact":
        shown = adopted_contact(row).content
        parts = {name: _as_set(shown[name]) == _as_set(content[name]) for name in ("phones", "emails")}
        parts["name"] = _same(shown["name"], content["name"])
    elif kind == "funnel":
        parts = {"name": _same(row.get("name"), content["name"]), **_stages(content, row.get("stages") or ())}
    else:
        parts = {"name": _same(row.get("name"), content)}
    return ", ".join(sorted(name for name, is_same in parts.items() if not is_same)) or None


def _stages(content: Mapping[str, Any], shown: Any) -> dict[str, bool]:
    """Compare the stages of a funnel: final ones by their status, the others by their order."""
    names = {str(stage.get("stage_ext_id")): stage for stage in shown}
    ours = [content["success"], content["failed"], *content["in_process"]]
    ordered = sorted(shown, key=lambda stage: float(stage.get("stage_order") or 0))
    wanted = [ext_id for ext_id, _ in content["in_process"]]
    return {
        "stages": all(ext_id in names for ext_id, _ in ours),
        "stage names": all(
            _same(names[ext_id].get("stage_name"), name) for ext_id, name in ours if ext_id in names
        ),
        "order of stages": [
            ext_id for stage in ordered if (ext_id := str(stage.get("stage_ext_id"))) in wanted
        ]
        == [ext_id for ext_id in wanted if ext_id in names],
        "final stages": all(
            names[content[kind][0]].get("stage_status", kind) == kind
            for kind in ("success", "failed")
            if content[kind][0] in names
        ),
    }


def _same(shown: Any, sent: Any) -> bool:
    return str(shown or "").strip() == str(sent or "").strip()


def _as_set(values: Any) -> set[str]:
    return {str(value).lower() for value in values or ()}
