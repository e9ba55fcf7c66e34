"""The Airflow hook of Megaplan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from megaplan_hook.budget import RequestBudget
from megaplan_hook.call_delivery import MegaplanCallDelivery
from megaplan_hook.envelope import entries
from megaplan_hook.exceptions import MegaplanError, MegaplanTransportError
from megaplan_hook.links import Link, is_entity, link
from megaplan_hook.paging import ListPage
from megaplan_hook.query import path_id

ExtraFieldsEntity = Literal["deal", "contractorHuman", "contractorCompany", "employee", "offer"]
EXTRA_FIELDS_ENTITIES: tuple[ExtraFieldsEntity, ...] = (
    "deal",
    "contractorHuman",
    "contractorCompany",
    "employee",
    "offer",
)


class MegaplanHook(MegaplanCallDelivery):
    """Reads and writes Megaplan: one small method for each route that this provider uses.

    .. code-block:: python

        from megaplan_hook.hook import MegaplanHook

        hook = MegaplanHook("megaplan_default")
        for page in hook.pages("/deal", arguments={"fields": ["name", "price"]}):
            print([deal["name"] for deal in page.items])

    Shapes are those of dev.megaplan.ru/apiv3 (RAML of build r2510). Every list method takes the keyword
    arguments of ``pages`` and yields :class:`megaplan_hook.paging.ListPage`; without ``fields`` a row has only
    a subset of the card's fields. ``request`` and ``pages`` reach everything else.

    :param megaplan_conn_id: the connection of the account; see
        :class:`megaplan_hook.settings.AccountSettings`.
    :param budget: how many requests may be sent; None makes one for this hook alone out of the settings. Give
        a shared one when several processes speak with the account.
    :param sleep: waits for a number of seconds between tries.
    """

    conn_name_attr = "megaplan_conn_id"
    default_conn_name = "megaplan_default"
    conn_type = "megaplan"
    hook_name = "Megaplan"

    def __init__(
        self,
        megaplan_conn_id: str = default_conn_name,
        *,
        budget: RequestBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(megaplan_conn_id, budget=budget, sleep=sleep)

    # -- for people

    def server_time(self) -> datetime:
        """Return Megaplan's clock in UTC, whole seconds, as of the last answer; asks when there was none yet.

        :raises MegaplanTransportError: when Megaplan sends no Date.
        """
        if self._last_server_time is None:
            self.account_info()
        if self._last_server_time is None:
            raise MegaplanTransportError("/accountInfo: the answer has no Date header")
        return self._last_server_time

    def test_connection(self) -> tuple[bool, str]:
        """Log in and ask who we are; the message says who and where, or what is wrong and what to do.

        The message does not name the connection: Airflow's form tests it under an id of its own making.
        """
        try:
            short_retries = replace(self.retries, failure_tries=2, limit_total_seconds=5)
            answer = self.request("GET", "/currentUser", retries=short_retries)
        except MegaplanError as error:
            message = str(error)
            for word, instead in (("connection", "this connection"), ("Connection", "This connection")):
                message = message.replace(f"{word} {self.megaplan_conn_id!r}", instead)
            return False, message
        user = answer.data if isinstance(answer.data, Mapping) else {}
        parts = (user.get("lastName"), user.get("firstName"), user.get("middleName"))
        name = user.get("name") or " ".join(str(part) for part in parts if part) or "a user without a name"
        return (
            True,
            f"Logged in to account {self.account} as {name} ({user.get('contentType')} {user.get('id')}).",
        )

    # -- single things

    def current_user(self) -> dict[str, Any]:
        """Return the ``Employee`` (a guest is a ``ContractorHuman``) whose rights the token has."""
        return self._entity("/currentUser")

    def account_info(self) -> dict[str, Any]:
        """Return ``AccountInfo``: ``accountName``, ``permanentHost``, ``buildVersion`` and others."""
        return self._entity("/accountInfo")

    def deal(self, deal_id: int | str) -> dict[str, Any]:
        """Return the full card of a ``Deal``.

        With state, program, manager, contractor, price, positions and custom fields. Fields that the deal's
        program hides are absent, which differs from null.

        :raises MegaplanNotFoundError: when it is deleted, or not visible to this user.
        """
        return self._entity(f"/deal/{path_id(deal_id)}")

    def contractor(self, contractor_id: int | str) -> dict[str, Any]:
        """Return the full card of a ``ContractorHuman`` or a ``ContractorCompany``.

        :raises MegaplanNotFoundError: when there is none. Deleted ones may also come with ``isDropped``.
        """
        return self._entity(f"/contractor/{path_id(contractor_id)}")

    def employee(self, employee_id: int | str) -> dict[str, Any]:
        """Return the full card of an ``Employee``; who left has ``isWorking`` and ``canLogin`` false."""
        return self._entity(f"/employee/{path_id(employee_id)}")

    def program_states(self, program_id: int | str) -> list[Any]:
        """Return the stages of a pipeline in their order.

        Each is ``{id, name, type: active|positive|negative, color, isEntry}``; odd entries are not left out.
        """
        return self.whole_list(f"/program/{path_id(program_id)}/states")

    def extra_fields(self, entity: ExtraFieldsEntity) -> list[Any]:
        """Return the definitions of an entity's custom fields.

        ``name`` is the key in rows (``Category1000061CustomField…``), ``hrName`` the title people see; beside
        them contentType (``StringField``, ``MoneyField``, …), type, isMultiple, settings and others.

        :param entity: deal, contractorHuman, contractorCompany, employee or offer.
        :raises ValueError: for another entity.
        """
        if entity not in EXTRA_FIELDS_ENTITIES:
            raise ValueError(
                f"extra fields are known for {', '.join(EXTRA_FIELDS_ENTITIES)}, not for {entity!r}"
            )
        return self.whole_list(f"/{entity}/extraFields")

    def entities_by_links(self, links: Iterable[Link | Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the entities behind links, with one request.

        Megaplan leaves out what this user may not see or what no longer exists, and keeps no order: compare
        ids. How many are missing is logged.

        :param links: ``{contentType, id}`` of concrete types.
        :raises ValueError: for a link to an Employee, at which Megaplan fails with 500 (seen live).
        """
        wanted = [link(each) for each in links]
        if any(each["contentType"] == "Employee" for each in wanted):
            raise ValueError("Megaplan cannot give employees by links: use employee() or employees()")
        if not wanted:
            return []
        path = "/bulk/getEntitiesByLinks"
        answer = self.request("POST", path, body=wanted, may_come_twice=True)
        entities = [each for each in entries(answer, path) if is_entity(each)]
        if missing := len({(each["contentType"], each["id"]) for each in wanted}) - len(entities):
            self.log.info("%s: %d of %d entities were not given.", path, missing, len(wanted))
        return entities

    # -- lists

    def deal_status_history(self, deal_id: int | str, **paging: Any) -> Iterator[ListPage]:
        """List ``/deal/{id}/statusHistory``: how the deal moved through its pipeline.

        ``DealStatusHistory {id, fromStatus, toStatus, fromStatusUpdated, toStatusUpdated, fromStatusUser,
        toStatusUser}``; only the RAML knows it, and no public client asks for it. An account that does not give it
        is expected to answer 404 or 403, as for a deal that is gone or not visible; ``deal_changes`` shows which.
        """
        return self.pages(f"/deal/{path_id(deal_id)}/statusHistory", **paging)

    def deal_changes(self, deal_id: int | str, **paging: Any) -> Iterator[ListPage]:
        """List ``/deal/{id}/history``: newest first (seen live, not promised), of many kinds.

        A ``Changeset {id, timeCreated, type: create|drop|restore, changes, author}`` holds what one edit changed,
        each a ``FieldChange {field, oldValue, newValue, timeCreated, author}``; beside them stand comments,
        messages, links and logs of triggers.

        :raises MegaplanNotFoundError: when the deal is deleted, or not visible to this user.
        """
        return self.pages(f"/deal/{path_id(deal_id)}/history", **paging)

    def employees(self, **paging: Any) -> Iterator[ListPage]:
        """List ``/employee``: everybody; Megaplan ignores filters here, and rows have no timeUpdated."""
        return self.pages("/employee", **paging)

    def call_user_configs(self, **paging: Any) -> Iterator[ListPage]:
        """List ``/callUserConfig``: the users of telephony and their internal numbers.

        ``CallUserConfig {id, employee, internalNumber: "101" or "sip:101@host", settings}``. Known from the RAML
        only; an employee is written in full once per answer, and as a bare link when met again.
        """
        return self.pages("/callUserConfig", **paging)

    def todo_categories(self, **paging: Any) -> Iterator[ListPage]:
        """List ``/todoCategory``: ``{id, name, masterType: event|meeting|call|todo|private}``."""
        return self.pages("/todoCategory", **paging)

    def todo_statuses(self, **paging: Any) -> Iterator[ListPage]:
        """List ``/todoStatus``: ``{id, name, masterType: scheduled|finished|success|fail|…}``."""
        return self.pages("/todoStatus", **paging)

    def _entity(self, path: str) -> dict[str, Any]:
        data = self.request("GET", path).data
        if not isinstance(data, dict) or not data:
            raise MegaplanTransportError(f"{path}: 'data' is no entity")
        return data
