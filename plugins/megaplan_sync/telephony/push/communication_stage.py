"""Third stage: the communication of a call under Клиенты → Коммуникации, exactly one.

If Megaplan creates none, this stage does: after a request with an unknown outcome, it first searches the call's todos
for its own, which has a marker with the call's number. If Megaplan creates one for each call object
(``megaplan_creates_todo``), that one is completed and nothing is created.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from megaplan_hook.exceptions import MegaplanError, MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.settings import Communication
from megaplan_sync.telephony.push import communication_text as text
from megaplan_sync.telephony.push.call_info import call_type, employee_link
from megaplan_sync.telephony.push.delivery import UNKNOWN_OUTCOME, Delivery, StageResult
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.stage_context import StageContext
from megaplan_sync.telephony.push.todo_directories import TodoDirectories
from megaplan_sync.telephony.push.todo_times import WhenFormat, formats_to_try, is_about_when, when

CALLS_PER_BATCH = 20
TODO_WHEN = "todo_when"
"""Learned topic: the format in which the account accepts the time of a todo."""
_SETTINGS = {
    "in": "communication_incoming_answered",
    "miss": "communication_incoming_missed",
    "out": "communication_outgoing_answered",
    "fail": "communication_outgoing_unanswered",
}


class CommunicationStage:
    """Creates or completes the communications of calls."""

    def __init__(self, context: StageContext, directories: TodoDirectories) -> None:
        self._context = context
        self._hook = context.hook
        self._settings = context.hook.settings
        self._outbox = context.outbox
        self._directories = directories

    def push_batch(self) -> int:
        """Handle a batch of calls; return how many were due.

        :raises MegaplanError: a request to Megaplan has failed
        """
        claimed = self._outbox.claim("communication", CALLS_PER_BATCH)
        unwanted = [each for each in claimed if each.todo_id is None and self.wanted(each) == "none"]
        self._context.settle(
            "communication", *(StageResult(each.call_session_id, "none") for each in unwanted)
        )
        for delivery in claimed:
            if delivery not in unwanted:
                self._push(delivery)
        return len(claimed)

    def wanted(self, delivery: Delivery) -> Communication:
        """Return which communication the settings ask for: none, planned or done."""
        setting = _SETTINGS.get(call_type(delivery) or "")
        if setting is None or delivery.is_internal:
            return "none"
        return cast(Communication, getattr(self._settings, setting))

    def _push(self, delivery: Delivery) -> None:
        kind = self.wanted(delivery)
        try:
            if delivery.todo_id is not None:
                self._complete(delivery, kind)
            elif self._settings.megaplan_creates_todo:
                self._adopt(delivery, kind)
            elif delivery.communication != UNKNOWN_OUTCOME or not self._find(delivery, kind):
                self._create(delivery, kind)
        except MegaplanError as error:
            if not is_refusal(error):
                raise
            result = self._context.retry_later("communication", delivery, error)
            self._context.settle("communication", replace(result, more_tries=1))

    def _find(self, delivery: Delivery, kind: Communication) -> bool:
        """Continue with the communication that an earlier attempt may have created; return whether there is one."""
        for todo in self._todos(delivery):
            if text.is_marked(todo.get("description"), delivery):
                self._finish(delivery, kind, todo)
                return True
        return False

    def _adopt(self, delivery: Delivery, kind: Communication) -> None:
        """Complete the communication that Megaplan has created."""
        still_unseen = self._context.schedule.read_lag_seconds - delivery.history_age_seconds
        if still_unseen > 0:
            self._context.settle("communication", StageResult(delivery.call_session_id, "due", still_unseen))
            return
        todos = self._todos(delivery)
        marked = [todo for todo in todos if text.is_marked(todo.get("description"), delivery)]
        own = min(marked or todos, key=lambda todo: int(todo["id"]), default=None)
        if own is None:
            reason = (
                "Megaplan has created no communication for this call, although megaplan_creates_todo is on; if it "
                "creates none, switch that setting off and resend the call"
            )
            result = self._context.retry_later("communication", delivery, reason)
            self._context.settle("communication", replace(result, more_tries=1))
            return
        card = self._with_when(delivery, lambda body: self._hook.update_todo(str(own["id"]), body), own)
        self._finish(delivery, kind, {**own, **card})

    def _create(self, delivery: Delivery, kind: Communication) -> None:
        """Create the communication; if the outcome is unknown, the next run searches for it first."""
        number = delivery.call_session_id

        def create(body: dict[str, Any]) -> dict[str, Any]:
            self._outbox.intend("communication", [number])
            try:
                return self._hook.create_todo(body)
            except MegaplanError as error:
                if is_about_when(error):  # trying the next format is not another attempt
                    untried = StageResult(number, "due", more_tries=-1, keep_claim=True)
                    self._outbox.settle("communication", untried)
                raise

        try:
            card = self._with_when(delivery, create, None)
        except MegaplanError as error:
            if is_refusal(error):
                result = self._context.retry_later("communication", delivery, error)
                self._context.settle("communication", result)
                return
            if is_ambiguous(error):
                result = self._context.verify_later("communication", delivery, error)
            else:
                result = StageResult(number, "due", more_tries=-1)
            self._context.settle("communication", result)
            raise
        self._finish(delivery, kind, card)

    def _complete(self, delivery: Delivery, kind: Communication) -> None:
        """Update the description of a known communication, and finish it if it is not finished yet."""
        try:
            card = self._hook.update_todo(
                str(delivery.todo_id), {"description": self._description(delivery, self._learned())}
            )
        except MegaplanNotFoundError:
            reason = "the communication was deleted in Megaplan and is not created again"
            self._context.settle("communication", StageResult(delivery.call_session_id, "done", error=reason))
            return
        self._finish(delivery, kind, card)

    def _finish(self, delivery: Delivery, kind: Communication, todo: dict[str, Any]) -> None:
        """Record the communication; if it is wanted as done, finish it with the result of the call as a comment."""
        number, todo_id = delivery.call_session_id, str(todo["id"])
        if kind == "done" and self._directories.is_scheduled(todo):
            step = StageResult(number, "due", todo_id=todo_id, keep_claim=True)
            self._outbox.settle("communication", step)
            try:
                self._hook.finish_todo(
                    todo_id, status_id=self._directories.finished_status, result_text=text.result(delivery)
                )
            except MegaplanForbiddenError:
                if self._directories.is_scheduled(self._hook.todo(todo_id)):
                    raise
            except MegaplanError as error:
                if is_ambiguous(error):
                    result = self._context.verify_later("communication", delivery, error)
                    self._context.settle("communication", replace(result, more_tries=1))
                raise
        self._context.settle("communication", StageResult(number, "done", todo_id=todo_id))

    def _todos(self, delivery: Delivery) -> list[dict[str, Any]]:
        """Return the call's todos of the category call that are not deleted, with their descriptions."""
        category = self._directories.call_category
        found = []
        for todo in self._hook.call_todos(str(delivery.call_info_id)):
            if "description" not in todo:
                todo = self._hook.todo(str(todo["id"]))
            of_todo = todo.get("category") or {}
            if not todo.get("isDropped") and (
                category is None or str(of_todo.get("id")) in (category, "None")
            ):
                found.append(todo)
        return found

    def _with_when(self, delivery: Delivery, write: Any, present: dict[str, Any] | None) -> dict[str, Any]:
        """Write a todo in the first time format that the account accepts, and remember that format.

        A refusal is certain: nothing was written, so the next format can be tried at once.

        :param write: sends a body
        :param present: the todo to update; None for a new one
        """
        learned = self._learned()
        if delivery.started_at is None:
            return cast(dict[str, Any], write(self._body(delivery, "omit", present)))
        refusal: MegaplanError | None = None
        for form in formats_to_try(learned):
            try:
                card = write(self._body(delivery, form, present))
            except MegaplanError as error:
                if not is_about_when(error):
                    raise
                refusal = error
                continue
            if form != learned:
                self._outbox.learn(TODO_WHEN, form)
            return cast(dict[str, Any], card)
        raise cast(MegaplanError, refusal)

    def _body(self, delivery: Delivery, form: WhenFormat, present: dict[str, Any] | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "name": text.title(delivery),
            "description": self._description(delivery, form),
            "relations": self._relations(delivery, present),
        }
        if self._directories.call_category is not None:
            body["category"] = {"contentType": "TodoCategory", "id": self._directories.call_category}
        if (employee := employee_link(delivery)) is not None:
            body["responsible"] = employee
        if delivery.started_at is not None:
            body |= when(delivery.started_at, self._settings.communication_minutes, form)
        return body

    def _relations(self, delivery: Delivery, present: dict[str, Any] | None) -> list[dict[str, Any]]:
        """Return the relations: the client, and the call by which the communication is found again.

        A list is replaced as a whole, so the relations of an existing todo are repeated; its client stays.
        """
        kept = [
            {"contentType": str(each["contentType"]), "id": str(each["id"])}
            for each in (present or {}).get("relations") or ()
        ]
        call = {"contentType": "CallInfo", "id": str(delivery.call_info_id)}
        if not any(each["contentType"].startswith("Contractor") for each in kept):
            client = self._context.clients.find(delivery.contact_phone, delivery.employee_id)
            if client is not None:
                kept.insert(0, {"contentType": client["contentType"], "id": client["id"]})
        return kept if call in kept else [*kept, call]

    def _description(self, delivery: Delivery, form: WhenFormat | str | None) -> str:
        return text.description(delivery, self._settings.zone, with_times=form == "omit")

    def _learned(self) -> str | None:
        return self._outbox.learned(TODO_WHEN)
