"""Employees, the current user and the account."""

from ..call import Answer, Call, card
from ..errors import MethodNotAllowedError
from ..reading.listing import ListRoute, list_rows, list_table
from ..router import Router
from .comments import add_comments_of
from .handlers import card_of, extra_fields_of, finder
from .todos import add_todos_of

# filter and q are accepted and ignored; department and status are unknown arguments.
_LIST = ListRoute("EmployeeFilterListRequest", ("Employee",), extra=frozenset({"filter", "q"}))
find_employee = finder("Employee")


def add_routes(router: Router) -> None:
    """Register the routes."""
    router.add("GET", "/employee", list_employees)
    router.add("GET", "/employee/{id}", card_of(find_employee))
    router.add("POST", "/employee/{id}", update_employee)
    router.add("GET", "/employee/me", no_me)
    router.add("GET", "/employee/extraFields", extra_fields_of("Employee"))
    router.add("GET", "/employee/search", search)
    router.add("GET", "/currentUser", card_of(lambda call: call.store.user))
    router.add("GET", "/accountInfo", account_info)
    add_todos_of(router, "employee", find_employee)
    add_comments_of(router, "employee", find_employee)


def list_employees(call: Call) -> Answer:
    """All employees; nothing filters them on the server."""
    only_working = call.store.knobs.employees_listed == "working"
    keep = (lambda row, _: bool(row.data["isWorking"])) if only_working else None
    return list_table(call, call.store.tables["Employee"], _LIST, keep)


def update_employee(call: Call) -> Answer:
    """Change the position."""
    employee = find_employee(call)
    body = call.entity_body()
    written = {name: body[name] for name in ("position", "inn") if isinstance(body.get(name), str)}
    call.store.write(employee, lambda: employee.data.update(written))
    return card(call, employee)


def no_me(call: Call) -> Answer:
    """Refuse: the route exists under other methods only."""
    raise MethodNotAllowedError("GET", "/api/v3/employee/me", ["POST"])


def search(call: Call) -> Answer:
    """List employees whose name contains the text."""
    text = str(call.args.get("q", "")).casefold()
    rows = [row for row in call.store.tables["Employee"] if text in row.data["name"].casefold()]
    return list_rows(call, rows, "SearchRequest", "Employee", extra="q")


def account_info(call: Call) -> Answer:
    """Name and build of the account."""
    call.no_arguments()
    return Answer(
        {
            "contentType": "AccountInfo",
            "id": "1",
            "accountName": call.store.knobs.account_name,
            "permanentHost": "demo.megaplan.ru",
            "buildVersion": "r2510.27309.181",
            "locale": "ru",
        }
    )
