"""What Megaplan is sent about telephone calls: the calls themselves, and the communications made of them.

Shapes are those of the RAML of build r2510; no public client is known to use the routes of calls. Nothing here is
tried again after an ambiguous answer: whether a call or a todo was made is for the caller to find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from megaplan_hook.client import MegaplanClient
from megaplan_hook.envelope import entity, entity_or_not_found, objects
from megaplan_hook.exceptions import MegaplanTransportError
from megaplan_hook.links import is_entity
from megaplan_hook.paging import Anchor, ListPage
from megaplan_hook.query import path_id

_LISTED = (
    *("providerId", "state", "type", "recordLinks", "timeFrom", "timeTo"),
    *("fromPhone", "toPhone", "fromUser", "toUser"),
)
"""What a list of calls is asked for: everything that is sent of a call."""


_TYPES: dict[str, type] = {
    "name": str,
    "description": str,
    "status": dict,
    "category": dict,
    "responsible": dict,
    "when": dict,
    "relations": list,
}


class MegaplanCallDelivery(MegaplanClient):
    """Nouns of calls (``CallInfo``) and of communications (``Todo``)."""

    def call_info_by_provider(self, provider_id: str) -> dict[str, Any]:
        """Return the call that has the exchange's own id; of several the latest.

        :raises MegaplanNotFoundError: when there is none, or it was written only seconds ago.
        """
        path = "/callInfo/provider"
        return entity_or_not_found(self.request("GET", path, arguments={"providerId": provider_id}), path)

    def push_call_history(self, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Import finished calls: created, or updated when Megaplan has them; no widget hears of it.

        :param calls: ``CallInfo`` objects; an ``id`` names the one to update.
        :returns: what Megaplan has now, ``providerId`` says which is which.
        """
        path = "/callInfo/history"
        return objects(self.request("POST", path, body=[_call(call) for call in calls]), path)

    def update_call_info(self, call_info_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change a call by Megaplan's id; ``recordLinks`` is replaced as a whole. The widget hears of it."""
        path = f"/callInfo/{path_id(call_info_id)}"
        # without the id in the body Megaplan may make another one, as it does with todos (seen live)
        return entity(self.request("POST", path, body={**_call(changes), "id": call_info_id}), path)

    def update_call_info_by_provider(self, provider_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change a call by the exchange's own id; of several the latest. The widget hears of it.

        :raises MegaplanNotFoundError: when no call has it.
        """
        path = "/callInfo/provider"
        return entity_or_not_found(
            self.request("POST", path, body={**_call(changes), "providerId": provider_id}), path
        )

    def call_infos(self, behind: str | None = None) -> Iterator[ListPage]:
        """List all calls, page by page, in Megaplan's internal order: no field of calls is known to be sortable.

        :param behind: id of a call; those that come before it in that order, and itself, are left out.
        """
        start = [] if behind is None else [Anchor(contentType="CallInfo", id=behind, key=None)]
        asked = {"fields": list(_LISTED), "onlyRequestedFields": True}
        return self.pages("/callInfo", arguments=asked, start=start)

    def call_route(self, phone: str) -> dict[str, Any]:
        """Return who has a phone number: ``CallRoute {type, timeout, employees, users}``.

        :param phone: digits with the country code, as the vendor's example has it.
        """
        path = "/callRoute"
        answer = self.request("GET", path, arguments={"phone": phone})
        if not isinstance(answer.data, dict):
            raise MegaplanTransportError(f"{path}: 'data' is no object", answer.status)
        return answer.data

    def call_todos(self, call_info_id: str) -> list[dict[str, Any]]:
        """Return the communications of a call, open and finished ones."""
        path = f"/callInfo/{path_id(call_info_id)}/todos"
        asked = {
            "all": True,
            "fields": ["name", "description", "status", "category", "relations", "isDropped"],
        }
        return [
            _todo(each) for page in self.pages(path, arguments=asked, page_size=100) for each in page.items
        ]

    def todo(self, todo_id: str) -> dict[str, Any]:
        """Return the full card of a todo."""
        path = f"/todo/{path_id(todo_id)}"
        return _todo(entity(self.request("GET", path), path))

    def create_todo(self, todo: Mapping[str, Any]) -> dict[str, Any]:
        """Make a todo; a ``status`` in it is not relied on, see ``finish_todo``."""
        return _todo(entity(self.request("POST", "/todo", body={"contentType": "Todo", **todo}), "/todo"))

    def update_todo(self, todo_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the sent fields of a todo; arrays are replaced as a whole."""
        path = f"/todo/{path_id(todo_id)}"
        body = {
            "contentType": "Todo",
            **changes,
            "id": todo_id,
        }  # without the id another one is made (seen live)
        return _todo(entity(self.request("POST", path, body=body), path))

    def finish_todo(
        self, todo_id: str, *, status_id: str | None = None, result_text: str | None = None
    ) -> None:
        """Finish a todo; the result becomes a comment of it. Nobody outside of the account is notified.

        :param status_id: a ``TodoStatus``; None leaves the choice to Megaplan.
        :raises MegaplanForbiddenError: when it is finished already.
        """
        body: dict[str, Any] = {"contentType": "TodoFinishActionRequest", "notifyContractors": False}
        if status_id is not None:
            body["status"] = {"contentType": "TodoStatus", "id": status_id}
        if result_text is not None:
            body["resultText"] = result_text
        self.request("POST", f"/todo/{path_id(todo_id)}/doAction", body=body)

    def renew_todo(self, todo_id: str) -> None:
        """Open a finished todo again.

        :raises MegaplanForbiddenError: when it is not finished.
        """
        body = {"contentType": "TodoRenewActionRequest"}
        self.request("POST", f"/todo/{path_id(todo_id)}/doAction", body=body)

    def delete_todo(self, todo_id: str) -> None:
        """Delete a todo; Megaplan keeps it as dropped."""
        self.request("DELETE", f"/todo/{path_id(todo_id)}")

    def comment_todo(self, todo_id: str, content: str) -> None:
        """Add a comment to a todo.

        :param content: HTML.
        """
        body = {"contentType": "Comment", "content": content}
        self.request("POST", f"/todo/{path_id(todo_id)}/comments", body=body)


def _todo(card: dict[str, Any]) -> dict[str, Any]:
    """Return a todo whose fields have the types that they should have; what has another is as good as empty."""
    todo: dict[str, Any] = {
        name: value if isinstance(value, _TYPES.get(name, object)) else None for name, value in card.items()
    }
    if todo.get("responsible") and not is_entity(todo["responsible"]):
        todo["responsible"] = None
    if "relations" in todo:
        todo["relations"] = [each for each in todo["relations"] or () if is_entity(each)]
    return todo


def _call(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"contentType": "CallInfo", **fields}
