"""Third stage: the communication of a call under Клиенты → Коммуникации, exactly one, which follows its call.

If Megaplan creates none, this stage does: after a request with an unknown outcome, and for calls that may have been
told before a backup was restored, it first searches the call's todos for its own, which has a marker with the call's
number. If Megaplan creates one for each call object
(``megaplan_creates_todo``), that one is completed and nothing is created. When the call changes, its communication is
read, and what differs is corrected; if a person has changed it, it is left alone and gets a comment.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final, cast

from megaplan_hook.exceptions import MegaplanError, MegaplanForbiddenError, MegaplanNotFoundError
from megaplan_sync.telephony.push import communication_text as text
from megaplan_sync.telephony.push.call_info import employee_link
from megaplan_sync.telephony.push.communication_content import (
    Content,
    content_of,
    differing,
    touched_fields,
    wanted_communication,
)
from megaplan_sync.telephony.push.delivery import UNKNOWN_OUTCOME, Delivery, StageResult
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.stage_context import StageContext
from megaplan_sync.telephony.push.todo_directories import TodoDirectories
from megaplan_sync.telephony.push.todo_times import WhenFormat, formats_to_try, is_about_when, when

CALLS_PER_BATCH = 20
TODO_WHEN = "todo_when"
"""Learned topic: the format in which the account accepts the time of a todo."""
RESTORED_AT = "restored_at"
"""Learned topic, written after a restore: what was told to Megaplan before that time may be unknown here."""
STAGE: Final = "communication"


class CommunicationStage:
    """Creates, completes and corrects the communications of calls."""

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
        claimed = self._outbox.claim(STAGE, CALLS_PER_BATCH)
        for delivery in claimed:
            self._push(delivery, wanted_communication(delivery, self._settings))
        return len(claimed)

    def _push(self, delivery: Delivery, wanted: Content | None) -> None:
        row = delivery.stage(STAGE)
        try:
            if row.result_id is not None:
                self._follow(delivery, wanted, row.result_id)
            elif wanted is None and row.state != UNKNOWN_OUTCOME:
                self._context.settle(STAGE, StageResult(delivery.call_session_id, "none"))
            elif self._settings.megaplan_creates_todo and wanted is not None:
                self._adopt(delivery, wanted)
            elif self._may_exist(delivery) and (todo := self._find(delivery)) is not None:
                self._correct(delivery, wanted, todo)
            elif wanted is None:
                self._context.settle(STAGE, StageResult(delivery.call_session_id, "none"))
            else:
                self._create(delivery, wanted)
        except MegaplanError as error:
            if not is_refusal(error):
                raise
            result = self._context.retry_later(STAGE, delivery, error)
            self._context.settle(STAGE, replace(result, more_tries=1))

    def _may_exist(self, delivery: Delivery) -> bool:
        if delivery.stage(STAGE).state == UNKNOWN_OUTCOME:
            return True
        restored_at = self._outbox.learned(RESTORED_AT)
        if restored_at is None:
            return False
        return delivery.started_at is None or delivery.started_at <= datetime.fromisoformat(restored_at)

    def _find(self, delivery: Delivery) -> dict[str, Any] | None:
        """Return the communication that an earlier attempt may have created."""
        marked = (todo for todo in self._todos(delivery) if text.is_marked(todo.get("description"), delivery))
        return next(marked, None)

    def _adopt(self, delivery: Delivery, wanted: Content) -> None:
        """Complete the communication that Megaplan has created."""
        if self._is_too_early(delivery, delivery.stage("history").done_seconds_ago):
            return
        todos = self._todos(delivery)
        marked = [todo for todo in todos if text.is_marked(todo.get("description"), delivery)]
        own = min(marked or todos, key=lambda todo: (len(str(todo["id"])), str(todo["id"])), default=None)
        if own is None:
            reason = (
                "Megaplan has created no communication for this call, although megaplan_creates_todo is on; if it "
                "creates none, switch that setting off and resend the call"
            )
            result = self._context.retry_later(STAGE, delivery, reason)
            self._context.settle(STAGE, replace(result, more_tries=1))
        elif marked:
            self._correct(delivery, wanted, own)
        else:
            # what Megaplan has written may be overwritten
            self._write(delivery, wanted, own, [self._content_of(own)])

    def _create(self, delivery: Delivery, wanted: Content) -> None:
        """Create the communication; if the outcome is unknown, the next run searches for it first."""
        number = delivery.call_session_id
        planned = {**wanted, "status": "planned"}

        def create(body: dict[str, Any]) -> dict[str, Any]:
            self._outbox.intend(STAGE, [number], sent=[planned])
            try:
                return self._hook.create_todo(body)
            except MegaplanError as error:
                if is_about_when(error):  # trying the next format is not another attempt
                    untried = StageResult(number, "due", more_tries=-1, keep_claim=True)
                    self._outbox.settle(STAGE, untried)
                raise

        try:
            card = self._with_when(delivery, create, None)
        except MegaplanError as error:
            if is_refusal(error):
                self._context.settle(STAGE, self._context.retry_later(STAGE, delivery, error))
                return
            if is_ambiguous(error):
                result = self._context.verify_later(STAGE, delivery, error)
            else:
                result = StageResult(number, "due", more_tries=-1)
            self._context.settle(STAGE, result)
            raise
        self._set_status(delivery, wanted, card, [planned])

    def _follow(self, delivery: Delivery, wanted: Content | None, todo_id: str) -> None:
        """Correct a known communication, unless it was deleted."""
        if self._is_too_early(delivery, delivery.stage(STAGE).done_seconds_ago):
            return
        try:
            todo = self._hook.todo(todo_id)
        except MegaplanNotFoundError:
            todo = {"isDropped": True}
        if todo.get("isDropped"):
            reason = "the communication was deleted in Megaplan and is not created again"
            result = StageResult(delivery.call_session_id, "done", error=reason, sent=[wanted])
            self._context.settle(STAGE, result)
            return
        self._correct(delivery, wanted, todo)

    def _correct(self, delivery: Delivery, wanted: Content | None, todo: dict[str, Any]) -> None:
        """Write what differs; a communication that a person has changed only gets a comment."""
        row, number = delivery.stage(STAGE), delivery.call_session_id
        found = self._content_of(todo)
        written: list[Content] = [content for content in row.sent or () if content is not None]
        is_ours = text.is_title(todo.get("name"), delivery) and text.is_marked(
            todo.get("description"), delivery
        )
        if row.sent is None and is_ours:
            written = [found]  # from before version 8
        is_omitting = self._learned() == "omit"
        touched = touched_fields(
            found,
            written,
            is_omitting=is_omitting,
            is_megaplans_own=self._settings.megaplan_creates_todo,
        )
        if wanted is not None and not self._is_outdated(
            delivery, wanted, todo, written, is_omitting=is_omitting
        ):
            self._context.settle(STAGE, StageResult(number, "done", result_id=str(todo["id"]), sent=[wanted]))
        elif touched:
            self._leave_alone(delivery, wanted, todo, touched)
        elif wanted is None:
            self._hook.delete_todo(str(todo["id"]))
            self._context.settle(STAGE, StageResult(number, "none", forget=True))
        else:
            self._write(delivery, wanted, todo, written)

    def _is_outdated(
        self,
        delivery: Delivery,
        wanted: Content,
        todo: dict[str, Any],
        written: list[Content],
        *,
        is_omitting: bool,
    ) -> bool:
        """Return whether anything of a communication has to be written."""
        names = differing(wanted, self._content_of(todo))
        if is_omitting:
            names -= {"from", "to"}
        has_former = any(
            content.get(name) != wanted[name] for content in written for name in ("call", "phone", "from")
        )
        is_related = {"contentType": "CallInfo", "id": str(delivery.call_info_id)} in _links(todo)
        return bool(names) or has_former or not is_related

    def _leave_alone(
        self, delivery: Delivery, wanted: Content | None, todo: dict[str, Any], touched: list[str]
    ) -> None:
        """Note what differs in a comment, once for each change of the call."""
        number = delivery.call_session_id
        reason = f"the communication was changed in Megaplan ({', '.join(touched)}) and is left as it is"
        done = StageResult(
            number, "done", error=reason, result_id=str(todo["id"]), sent=[wanted], keep_claim=True
        )
        # before the comment: it is better missing than repeated
        self._outbox.settle(STAGE, done)
        self._hook.comment_todo(str(todo["id"]), text.note(delivery))
        self._context.settle(STAGE, replace(done, keep_claim=False))

    def _write(
        self,
        delivery: Delivery,
        wanted: Content,
        todo: dict[str, Any],
        written: list[Content],
    ) -> None:
        """Write all fields but the status of an existing communication, then the status."""
        found = self._content_of(todo)
        pending = [*written, {**wanted, "status": found["status"]}]
        if not self._is_outdated(
            delivery,
            {**wanted, "status": found["status"]},
            todo,
            written,
            is_omitting=self._learned() == "omit",
        ):
            self._set_status(delivery, wanted, todo, pending)
            return
        step = StageResult(
            delivery.call_session_id,
            UNKNOWN_OUTCOME,
            result_id=str(todo["id"]),
            sent=pending,
            keep_claim=True,
        )
        self._outbox.settle(STAGE, step)
        card = self._with_when(delivery, lambda body: self._hook.update_todo(str(todo["id"]), body), todo)
        self._set_status(delivery, wanted, {**todo, **card}, pending)

    def _set_status(
        self, delivery: Delivery, wanted: Content, todo: dict[str, Any], written: list[Content]
    ) -> None:
        """Record the communication; finish it, with the result of the call as a comment, or open it again."""
        number, todo_id = delivery.call_session_id, str(todo["id"])
        is_scheduled = self._directories.is_scheduled(todo)
        if is_scheduled is (wanted["status"] == "done"):
            step = StageResult(
                number, UNKNOWN_OUTCOME, result_id=todo_id, sent=[*written, wanted], keep_claim=True
            )
            self._outbox.settle(STAGE, step)
            try:
                if is_scheduled:
                    self._hook.finish_todo(
                        todo_id,
                        status_id=self._directories.finished_status,
                        result_text=text.result(delivery),
                    )
                else:
                    self._hook.renew_todo(todo_id)
            except MegaplanForbiddenError:
                if self._directories.is_scheduled(self._hook.todo(todo_id)) is is_scheduled:
                    raise
            except MegaplanError as error:
                if is_ambiguous(error):
                    result = self._context.verify_later(STAGE, delivery, error)
                    self._context.settle(STAGE, replace(result, more_tries=1))
                raise
        self._context.settle(STAGE, StageResult(number, "done", result_id=todo_id, sent=[wanted]))

    def _content_of(self, todo: dict[str, Any]) -> Content:
        return content_of(todo, is_scheduled=self._directories.is_scheduled(todo))

    def _is_too_early(self, delivery: Delivery, written_seconds_ago: float | None) -> bool:
        """Put a call off whose last write Megaplan may not show yet."""
        lag = self._context.schedule.read_lag_seconds
        still_unseen = lag - (lag if written_seconds_ago is None else written_seconds_ago)
        if still_unseen > 0:
            row = delivery.stage(STAGE)
            self._context.settle(
                STAGE, StageResult(delivery.call_session_id, row.state, still_unseen, error=row.error)
            )
        return still_unseen > 0

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
            "description": text.description(delivery, self._settings.zone, with_times=form == "omit"),
            "relations": self._relations(delivery, present),
        }
        is_new = present is None or not delivery.stage(STAGE).sent
        if is_new and self._directories.call_category is not None:
            body["category"] = {"contentType": "TodoCategory", "id": self._directories.call_category}
        if (employee := employee_link(delivery)) is not None:
            body["responsible"] = employee
        if delivery.started_at is not None:
            body |= when(delivery.started_at, self._settings.communication_minutes, form)
        return body

    def _relations(self, delivery: Delivery, present: dict[str, Any] | None) -> list[dict[str, Any]]:
        """Return the relations: the client, and the call by which the communication is found again.

        A list is replaced as a whole, so the relations of an existing todo are repeated; its client stays, unless it
        is the one with a number that the call no longer has. A former object of the call is left out.
        """
        kept = _links(present or {})
        written = [content for content in delivery.stage(STAGE).sent or () if content is not None]
        for content in written:
            former = [{"contentType": "CallInfo", "id": str(content.get("call"))}]
            if content.get("phone") != delivery.contact_phone:
                former.append(_plain(self._context.clients.find(content.get("phone"), delivery.employee_id)))
            kept = [each for each in kept if each not in former]
        call = {"contentType": "CallInfo", "id": str(delivery.call_info_id)}
        is_same_phone = all(content.get("phone") == delivery.contact_phone for content in written)
        is_known = present is not None and bool(written) and is_same_phone
        if not is_known and not any(each["contentType"].startswith("Contractor") for each in kept):
            client = self._context.clients.find(delivery.contact_phone, delivery.employee_id)
            if client is not None:
                kept.insert(0, _plain(client))
        return kept if call in kept else [*kept, call]

    def _learned(self) -> str | None:
        return self._outbox.learned(TODO_WHEN)


def _links(todo: dict[str, Any]) -> list[dict[str, str]]:
    return [_plain(each) for each in todo.get("relations") or ()]


def _plain(entity: Any) -> dict[str, str]:
    return {} if entity is None else {"contentType": str(entity["contentType"]), "id": str(entity["id"])}
