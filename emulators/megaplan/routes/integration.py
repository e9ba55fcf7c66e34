"""The application that our widget belongs to: whose browser opened its page."""

import hashlib

from ..call import Answer, Call, card
from ..errors import NotFoundError
from ..router import Router
from ..store import Store


def add_routes(router: Router) -> None:
    """Register the route."""
    router.add("GET", "/integration/{uuid}/checkUserSign/{userSign}", check_user_sign)


def user_sign(store: Store, employee_id: str) -> str:
    """Return what Megaplan appends as ``userSign`` when this employee opens the application's page."""
    text = f"{store.seed}/{store.knobs.application_uuid}/{employee_id}"
    return f"{employee_id}.{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def check_user_sign(call: Call) -> Answer:
    """Tell which employee a sign belongs to; a wrong one is not found."""
    call.no_arguments()
    sign = call.params["userSign"]
    employee = call.store.find("Employee", sign.partition(".")[0])
    known = call.params["uuid"] == call.store.knobs.application_uuid
    if not known or employee is None or sign != user_sign(call.store, str(employee.id)):
        raise NotFoundError
    return card(call, employee)
