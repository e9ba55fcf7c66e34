"""Forms of programs, their states, transitions and triggers."""

from typing import Any

from ..data.records import Record
from .form import Context, Field, Form, constant, counted, stored


def _roles(program: Record, context: Context) -> tuple[Any, ...]:
    return tuple(program.data["roles"])


_EMBEDDED: dict[str, Field] = {
    "name": stored("name"),
    "roles": Field(_roles),
    "bmpSettings": stored("bmpSettings"),
    "orderPositionsFields": constant([]),
    "orderPositionsSortField": constant(None),
    "possibleActions": constant(["can_create", "can_export"]),
}
_LISTED = frozenset(_EMBEDDED) | {"states", "statesCount", "isBpm", "programGroup"}
PROGRAM = Form(
    _EMBEDDED
    | {
        "states": stored("states", (), refs=("ProgramState",)),
        "statesCount": counted("states"),
        "transitions": stored("transitions", (), refs=("ProgramTransition",)),
        "transitionsCount": counted("transitions"),
        "triggers": stored("triggers", (), refs=("ProgramTrigger",)),
        "triggersCount": counted("triggers"),
        "fixedFields": constant([]),
        "fixedFieldsCount": constant(0),
        "dealShortCardSettings": constant(None),
        "isBpm": constant(True),
        "programGroup": constant(None),
    },
    listed=_LISTED,
    embedded=frozenset(_EMBEDDED),
)

_STATE: dict[str, Field] = {
    "name": stored("name"),
    "entryPointName": stored("entryPointName"),
    "type": stored("type"),
    "color": stored("color"),
    "description": stored("description", ""),
    "isEntry": stored("isEntry", False),
}
PROGRAM_STATE = Form(
    _STATE | {"program": stored("program", refs=("Program",))},
    listed=frozenset(_STATE),
    embedded=frozenset(_STATE),
)

_OFFERED: dict[str, Field] = {
    "name": stored("name", ""),
    "description": stored("description", ""),
    "to": stored("to", refs=("ProgramState",)),
    "reasons": stored("reasons", []),
    "enabled": stored("enabled", True),
}
PROGRAM_TRANSITION = Form(
    _OFFERED
    | {
        "from": stored("from", refs=("ProgramState",)),
        "operation": constant(None),
        "operations": constant([]),
        "operationsCount": constant(0),
        "rule": constant(None),
        "direction": constant("forward"),
    },
    listed=frozenset(_OFFERED),
    embedded=frozenset(_OFFERED),
)

_TRIGGER: dict[str, Field] = {
    "name": stored("name"),
    "possibleOperations": stored("possibleOperations", []),
    "reasons": constant([]),
    "enabled": stored("enabled", True),
}
PROGRAM_TRIGGER = Form(
    _TRIGGER | {"type": stored("type", "button")},
    listed=frozenset(_TRIGGER) | {"type"},
    embedded=frozenset(_TRIGGER),
)
