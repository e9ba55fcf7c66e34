"""Applications: managing them, their streams, and which employee opened an application's page."""

import hashlib
import secrets
from typing import Any

from ..call import Answer, Call, card
from ..data.records import Record
from ..data.store import Store
from ..errors import NotFoundError
from ..reading.listing import ListRoute, list_table
from ..router import Handler, Router
from ..writing.applications import (
    STREAMS,
    check_rights,
    create_application,
    find_application,
    read_application,
)
from .handlers import card_of

_LIST = ListRoute("IntegrationListRequest", ("Integration",))


def add_routes(router: Router) -> None:
    """Register the routes."""
    for path in ("/integration", "/integration/all", "/integration/applications"):
        router.add("GET", path, list_applications)
    router.add("POST", "/integration", post_application)
    router.add("GET", "/integration/streams", list_streams)
    router.add("GET", "/integration/identifier/{identifier}", get_by_identifier)
    router.add("GET", "/integration/{uuid}", card_of(application_of))
    router.add("PUT", "/integration/{uuid}", put_application)
    router.add("DELETE", "/integration/{uuid}", delete_application)
    router.add("POST", "/integration/{uuid}/enable", _switch(True))
    router.add("POST", "/integration/{uuid}/disable", _switch(False))
    router.add("GET", "/integration/{uuid}/regenerateToken", regenerate_token)
    router.add("GET", "/integration/{uuid}/checkUserSign/{userSign}", check_user_sign)


def application_of(call: Call) -> Record:
    """Return the application of the path.

    :raises NotFoundError: there is none.
    """
    application = find_application(call.store, call.params["uuid"])
    if application is None:
        raise NotFoundError
    return application


def list_applications(call: Call) -> Answer:
    """List all applications of the account."""
    return list_table(call, call.store.tables["Integration"], _LIST)


def list_streams(call: Call) -> Answer:
    """Names of the streams that an application may subscribe to."""
    call.no_arguments()
    return Answer(list(STREAMS))


def post_application(call: Call) -> Answer:
    """Create."""
    return card(call, create_application(call.store, call.entity_body()))


def get_by_identifier(call: Call) -> Answer:
    """Find by the name that the application has in the market."""
    call.no_arguments()
    wanted = call.params["identifier"]
    for row in call.store.tables["Integration"]:
        if row.data.get("identifier") == wanted:
            return card(call, row)
    raise NotFoundError


def put_application(call: Call) -> Answer:
    """Change the sent fields."""
    check_rights(call.store)
    application = application_of(call)
    _write(call, application, read_application(call.store, call.entity_body()))
    return card(call, application)


def delete_application(call: Call) -> Answer:
    """Remove an application with its subscriptions."""
    check_rights(call.store)
    call.store.remove(application_of(call))
    return Answer([])


def regenerate_token(call: Call) -> Answer:
    """Give the application a new API token; the old one stops working."""
    call.no_arguments()
    check_rights(call.store)
    application = application_of(call)
    _write(call, application, {"apiToken": secrets.token_hex(32)})
    return card(call, application)


def _switch(enabled: bool) -> Handler:
    def handler(call: Call) -> Answer:
        check_rights(call.store)
        application = application_of(call)
        _write(call, application, {"isEnabled": enabled})
        return card(call, application)

    return handler


def _write(call: Call, application: Record, values: dict[str, Any]) -> None:
    call.store.write(application, lambda: application.data.update(values))


def user_sign(store: Store, employee_id: str, uuid: str) -> str:
    """Return what Megaplan appends as ``userSign`` when this employee opens the application's page."""
    text = f"{store.seed}/{uuid}/{employee_id}"
    return f"{employee_id}.{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def check_user_sign(call: Call) -> Answer:
    """Answer with the employee whom a ``userSign`` stands for; a wrong one is not found."""
    call.no_arguments()
    application = application_of(call)
    sign = call.params["userSign"]
    employee = call.store.find("Employee", sign.partition(".")[0])
    if employee is None or sign != user_sign(call.store, str(employee.id), application.data["uuid"]):
        raise NotFoundError
    return card(call, employee)
