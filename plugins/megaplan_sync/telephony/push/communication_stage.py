"""Third stage: the communication that a call makes under Клиенты → Коммуникации, exactly one.

Where Megaplan makes none, we do: an ambiguous answer is followed by a look at the call's todos, of which ours has a
marker with the call's number. Where Megaplan makes one for each call object (``megaplan_creates_todo``), that one is
found and completed; nothing is ever created there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from megaplan_hook.exceptions import MegaplanError, MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_hook.settings import Communication
from megaplan_sync.telephony.push import communication_text as text
from megaplan_sync.telephony.push.call_info import call_type, employee_link
from megaplan_sync.telephony.push.delivery import Delivery, Verdict
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.stage_context import PushTools
from megaplan_sync.telephony.push.todo_directories import TodoDirectories
from megaplan_sync.telephony.push.todo_times import WhenFormat, is_about_when, rungs, when

CALLS_AT_ONCE = 20
TODO_WHEN = "todo_when"
"""What is learned: in which format this account takes the time of a todo."""
_SETTINGS = {
    "in": "communication_incoming_answered",
    "miss": "communication_incoming_missed",
    "out": "communication_outgoing_answered",
    "fail": "communication_outgoing_unanswered",
}


class CallCommunications:
    """Makes or completes the communications of calls."""

    def __init__(self, tools: PushTools, directories: TodoDirectories) -> None:
        self._tools = tools
        self._hook = tools.hook
        self._settings = tools.hook.settings
        self._ledger = tools.ledger
        self._directories = directories

    def push_batch(self) -> int:
        """Handle a batch of what is due; return how many calls that were.

        :raises MegaplanError: when Megaplan cannot be worked with now
        """
        claimed = self._ledger.claim("communication", CALLS_AT_ONCE)
        unwanted = [each for each in claimed if each.todo_id is None and self.wanted(each) == "none"]
        self._tools.settle("communication", *(Verdict(each.call_session_id, "none") for each in unwanted))
        for delivery in claimed:
            if delivery not in unwanted:
                self._push(delivery)
        return len(claimed)

    def wanted(self, delivery: Delivery) -> Communication:
        """Return which communication such a call makes: none, planned or done."""
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
            elif delivery.communication != "unsure" or not self._find(delivery, kind):
                self._create(delivery, kind)
        except MegaplanError as error:
            if not is_refusal(error):
                raise
            self._tools.settle(
                "communication", replace(self._tools.again("communication", delivery, error), more_tries=1)
            )

    def _find(self, delivery: Delivery, kind: Communication) -> bool:
        """Look for the one that we may have made, and go on with it; say whether there is one."""
        for todo in self._todos(delivery):
            if text.is_marked(todo.get("description"), delivery):
                self._finish(delivery, kind, todo)
                return True
        return False

    def _adopt(self, delivery: Delivery, kind: Communication) -> None:
        """Complete the communication that Megaplan has made by itself."""
        still_unseen = self._tools.pace.read_lag_seconds - delivery.history_age_seconds
        if still_unseen > 0:
            self._tools.settle(
                "communication", Verdict(delivery.call_session_id, "due", due_in_seconds=still_unseen)
            )
            return
        todos = self._todos(delivery)
        marked = [todo for todo in todos if text.is_marked(todo.get("description"), delivery)]
        own = min(marked or todos, key=lambda todo: int(todo["id"]), default=None)
        if own is None:
            told = (
                "Megaplan has made no communication for this call, although megaplan_creates_todo is on; if it "
                "makes none, switch that setting off and send the call again"
            )
            verdict = self._tools.again("communication", delivery, told)
            self._tools.settle("communication", replace(verdict, more_tries=1))
            return
        card = self._with_when(delivery, lambda body: self._hook.update_todo(str(own["id"]), body), own)
        self._finish(delivery, kind, {**own, **card})

    def _create(self, delivery: Delivery, kind: Communication) -> None:
        """Make the communication; should the answer be ambiguous, the next run looks first."""

        def create(body: dict[str, Any]) -> dict[str, Any]:
            self._ledger.intend("communication", [delivery.call_session_id])
            try:
                return self._hook.create_todo(body)
            except MegaplanError as error:
                if is_about_when(error):  # the next format is no further try
                    untried = Verdict(delivery.call_session_id, "due", more_tries=-1, keep_claim=True)
                    self._ledger.settle("communication", untried)
                raise

        try:
            card = self._with_when(delivery, create, None)
        except MegaplanError as error:
            if is_ambiguous(error):
                self._tools.settle("communication", self._tools.look_later("communication", delivery, error))
            elif is_refusal(error):
                self._tools.settle("communication", self._tools.again("communication", delivery, error))
                return
            else:
                self._tools.settle("communication", Verdict(delivery.call_session_id, "due", more_tries=-1))
            raise
        self._finish(delivery, kind, card)

    def _complete(self, delivery: Delivery, kind: Communication) -> None:
        """Go on with a communication that is known: its description anew, and the end if that is missing."""
        try:
            card = self._hook.update_todo(
                str(delivery.todo_id), {"description": self._description(delivery, self._learned())}
            )
        except MegaplanNotFoundError:
            told = "the communication was deleted in Megaplan, and is not made again"
            self._tools.settle("communication", Verdict(delivery.call_session_id, "done", error=told))
            return
        self._finish(delivery, kind, card)

    def _finish(self, delivery: Delivery, kind: Communication, todo: dict[str, Any]) -> None:
        """Note the communication; finish it where the call type wants it done, with the result as its comment."""
        number, todo_id = delivery.call_session_id, str(todo["id"])
        if kind == "done" and self._directories.is_scheduled(todo):
            step = Verdict(number, "due", todo_id=todo_id, keep_claim=True)
            self._ledger.settle("communication", step)
            try:
                self._hook.finish_todo(
                    todo_id, status_id=self._directories.finished_status, result_text=text.result(delivery)
                )
            except MegaplanForbiddenError:
                if self._directories.is_scheduled(self._hook.todo(todo_id)):
                    raise
            except MegaplanError as error:
                if is_ambiguous(error):
                    verdict = self._tools.look_later("communication", delivery, error)
                    self._tools.settle("communication", replace(verdict, more_tries=1))
                raise
        self._tools.settle("communication", Verdict(number, "done", todo_id=todo_id))

    def _todos(self, delivery: Delivery) -> list[dict[str, Any]]:
        """Return the todos of a call that are calls themselves and are not deleted, with their descriptions."""
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
        """Write a todo in the first format of its time that the account takes, and remember that one.

        A refusal is certain: nothing was written, so the next format may be tried at once.

        :param write: sends a body
        :param present: the todo that is changed, if it is not a new one
        """
        learned = self._learned()
        if delivery.started_at is None:
            return cast(dict[str, Any], write(self._body(delivery, "omit", present)))
        refusal: MegaplanError | None = None
        for form in rungs(learned):
            try:
                card = write(self._body(delivery, form, present))
            except MegaplanError as error:
                if not is_about_when(error):
                    raise
                refusal = error
                continue
            if form != learned:
                self._ledger.learn(TODO_WHEN, form)
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
        """Return what the communication belongs to: the client, and the call by which it is found again.

        A list is replaced as a whole, so what a present todo belongs to is repeated; a client that is there stays.
        """
        kept = [
            {"contentType": str(each["contentType"]), "id": str(each["id"])}
            for each in (present or {}).get("relations") or ()
        ]
        call = {"contentType": "CallInfo", "id": str(delivery.call_info_id)}
        if not any(each["contentType"].startswith("Contractor") for each in kept):
            client = self._tools.clients.find(delivery.contact_phone, delivery.employee_id)
            if client is not None:
                kept.insert(0, {"contentType": client["contentType"], "id": client["id"]})
        return kept if call in kept else [*kept, call]

    def _description(self, delivery: Delivery, form: WhenFormat | str | None) -> str:
        return text.description(delivery, self._settings.zone, with_times=form == "omit")

    def _learned(self) -> str | None:
        return self._ledger.learned(TODO_WHEN)
