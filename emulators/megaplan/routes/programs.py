"""Programs, their states, entry points, fields and triggers."""

from ..call import Answer, Call, card
from ..data.records import Record
from ..errors import NotFoundError
from ..reading.filters import CompiledFilter
from ..reading.listing import ListRoute, list_table
from ..reading.query import read_flag
from ..router import Router
from .handlers import card_of, definitions, finder, rows_of

_LIST = ListRoute(
    "ProgramListRequest", ("Program",), extra=frozenset({"withPossibleActions", "withInactivePrograms"})
)
_find = finder("Program")


def add_routes(router: Router) -> None:
    """Register the routes. Programs cannot be created: POST /program is 405."""
    router.add("GET", "/program", list_programs)
    router.add("GET|POST", "/program/{id}", get_program)
    # in the order of the pipeline; only the order of the array says so
    states = rows_of(_find, lambda call, program: program.data["states"], "ProgramState")
    router.add("GET", "/program/{id}/states", states)
    router.add("GET", "/program/{id}/commonPossibleStatusesTo", states)
    router.add("GET", "/program/{id}/entryPoints", rows_of(_find, _entry_points, "ProgramState"))
    router.add("GET", "/program/{id}/fields", fields)
    router.add(
        "GET",
        "/program/{id}/triggers",
        rows_of(_find, lambda call, program: program.data["triggers"], "ProgramTrigger", extra="type"),
    )
    router.add("GET", "/program/slug/{slug}", by_slug)
    router.add("GET", "/programState/{id}", card_of(finder("ProgramState")))
    router.add("GET", "/programTrigger/{id}", card_of(finder("ProgramTrigger")))


def _entry_points(call: Call, program: Record) -> list[Record]:
    return [state for state in program.data["states"] if state.data["isEntry"]]


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


def fields(call: Call) -> Answer:
    """List custom fields of the program."""
    call.no_arguments("fieldNames", "q", "limit", "pageAfter", request_type="ProgramFieldsRequest")
    program = _find(call)
    names, text = call.args.get("fieldNames"), str(call.args.get("q", "")).casefold()
    found = [
        field
        for field in call.store.custom.get(f"Deal/{program.id}", [])
        if (names is None or field.key in names) and text in field.title.casefold()
    ]
    return definitions(call, found)


def by_slug(call: Call) -> Answer:
    """One program by the name in its address."""
    wanted = call.params["slug"]
    for program in call.store.tables["Program"]:
        if program.data["bmpSettings"]["slug"] == wanted:
            return card(call, program)
    raise NotFoundError
