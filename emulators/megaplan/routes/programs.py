"""Programs, their states, entry points, fields and triggers."""

from ..call import Answer, Call, card
from ..data.custom_fields import definition_json
from ..data.records import Record
from ..errors import NotFoundError
from ..reading.filters import CompiledFilter
from ..reading.listing import ListRoute, list_rows, list_table
from ..reading.query import read_flag
from ..router import Router

_LIST = ListRoute(
    "ProgramListRequest", ("Program",), extra=frozenset({"withPossibleActions", "withInactivePrograms"})
)


def add_routes(router: Router) -> None:
    """Register the routes. Programs cannot be created: POST /program is 405."""
    router.add("GET", "/program", list_programs)
    router.add("GET|POST", "/program/{id}", get_program)
    router.add("GET", "/program/{id}/states", states)
    router.add("GET", "/program/{id}/entryPoints", entry_points)
    router.add("GET", "/program/{id}/commonPossibleStatusesTo", states)
    router.add("GET", "/program/{id}/fields", fields)
    router.add("GET", "/program/{id}/triggers", triggers)
    router.add("GET", "/program/slug/{slug}", by_slug)
    router.add("GET", "/programState/{id}", get_state)
    router.add("GET", "/programTrigger/{id}", get_trigger)


def _find(call: Call, content_type: str = "Program") -> Record:
    record = call.store.find(content_type, call.params["id"])
    if record is None:
        raise NotFoundError
    return record


def list_programs(call: Call) -> Answer:
    """Active programs, or all of them."""
    everything = read_flag(call.args, "withInactivePrograms")

    def keep(row: Record, compiled: CompiledFilter | None) -> bool:
        return everything or bool(row.data["isActive"])

    return list_table(call, call.store.tables["Program"], _LIST, keep)


def get_program(call: Call) -> Answer:
    """One program; a POST renames it."""
    program = _find(call)
    if call.method == "POST" and "name" in call.entity_body():
        call.store.write(program, lambda: program.data.update(name=str(call.entity_body()["name"])))
    elif call.method == "GET":
        call.no_arguments()
    return card(call, program)


def states(call: Call) -> Answer:
    """States in the order of the pipeline; nothing but the order of the array tells it."""
    return list_rows(call, _find(call).data["states"], "ProgramStateListRequest", "ProgramState")


def entry_points(call: Call) -> Answer:
    """States a deal may start in."""
    rows = [state for state in _find(call).data["states"] if state.data["isEntry"]]
    return list_rows(call, rows, "ProgramStateListRequest", "ProgramState")


def fields(call: Call) -> Answer:
    """List custom fields of the program."""
    call.no_arguments("fieldNames", "q", "limit", "pageAfter", request_type="ProgramFieldsRequest")
    program = _find(call)
    names, text = call.args.get("fieldNames"), str(call.args.get("q", "")).casefold()
    found = [
        definition_json(field)
        for field in call.store.custom.get(f"Deal/{program.id}", [])
        if (names is None or field.key in names) and text in field.title.casefold()
    ]
    return Answer(found)


def triggers(call: Call) -> Answer:
    """Triggers of the program."""
    return list_rows(
        call, _find(call).data["triggers"], "ProgramTriggerListRequest", "ProgramTrigger", extra="type"
    )


def by_slug(call: Call) -> Answer:
    """One program by the name in its address."""
    wanted = call.params["slug"]
    for program in call.store.tables["Program"]:
        if program.data["bmpSettings"]["slug"] == wanted:
            return card(call, program)
    raise NotFoundError


def get_state(call: Call) -> Answer:
    """One state."""
    call.no_arguments()
    return card(call, _find(call, "ProgramState"))


def get_trigger(call: Call) -> Answer:
    """One trigger."""
    call.no_arguments()
    return card(call, _find(call, "ProgramTrigger"))
