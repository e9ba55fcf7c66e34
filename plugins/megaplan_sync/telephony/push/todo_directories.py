"""Ids of Megaplan's todo categories and statuses, which differ between accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.sql import read_sql


class TodoDirectories:
    """Looks ids up in ``telephony.directories``; asks Megaplan if the sync has not filled it yet."""

    def __init__(self, connection: Connection[Any], hook: MegaplanHook) -> None:
        self._connection = connection
        self._hook = hook

    @cached_property
    def call_category(self) -> str | None:
        """The category of telephone calls; None if the account has none."""
        return self._known("todo_categories", "call") or _first(self._hook.todo_categories, ("call",))

    @cached_property
    def finished_status(self) -> str | None:
        """The status of a finished todo; None leaves the choice to Megaplan."""
        known = (self._known("todo_statuses", kind) for kind in ("success", "finished"))
        return next(filter(None, known), None) or _first(self._hook.todo_statuses, ("success", "finished"))

    def is_scheduled(self, todo: dict[str, Any]) -> bool:
        """Return whether a todo is not finished, by its status, which may come as a bare link."""
        status = todo.get("status") or {}
        if status.get("masterType") is not None:
            return bool(status["masterType"] == "scheduled")
        return str(status.get("id")) != self.finished_status

    def _known(self, directory: str, master_type: str) -> str | None:
        parameters = {"account": self._hook.account, "directory": directory, "master_type": master_type}
        row = self._connection.execute(read_sql("select_todo_directory"), parameters).fetchone()
        return None if row is None else str(row[0])


def _first(pages: Callable[[], Iterator[ListPage]], master_types: tuple[str, ...]) -> str | None:
    found: dict[str, str] = {}
    for page in pages():
        for item in page.items:
            found.setdefault(str(item.get("masterType")), str(item["id"]))
    return next((found[kind] for kind in master_types if kind in found), None)
