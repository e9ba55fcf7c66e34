"""Mutations of programs and their stages."""

from typing import Any

from ...kit.operations import by_name
from ..data.records import Deal, Record
from ..data.store import Store
from ..writing.deals import move_to
from .operation import row_of

_KINDS = ("active", "positive", "negative")


def rename_program(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"rename_program","id":14,"name":…}``."""
    program = row_of(store.tables["Program"], spec["id"])
    store.write(program, lambda: program.data.update(name=str(spec["name"])))
    return {"id": str(program.id)}


def set_program_active(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_program_active","id":14,"active":false}``: lists leave inactive programs out by default."""
    program = row_of(store.tables["Program"], spec["id"])
    store.write(program, lambda: program.data.update(isActive=bool(spec["active"])))
    return {"id": str(program.id)}


def rename_stage(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"rename_stage","id":…,"name":…}``, also ``color`` or ``type``; no deal's time moves."""
    state = row_of(store.tables["ProgramState"], spec["id"])
    written: dict[str, Any] = {name: str(spec[name]) for name in ("name", "color", "type") if name in spec}
    if written.get("type", "active") not in _KINDS:
        raise ValueError(f"type is one of {', '.join(_KINDS)}, not {written['type']!r}")
    store.write(state, lambda: state.data.update(written))
    return {"id": str(state.id)}


def set_scenario_url(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_scenario_url","trigger":…,"url":…}``, or ``transition``: it sends an HTTP request from now on."""
    kind = "trigger" if "trigger" in spec else "transition"
    cause = row_of(store.tables[f"Program{kind.capitalize()}"], spec[kind])
    cause.data["scenarioUrl"] = spec["url"]
    return {"id": str(cause.id)}


def add_stage(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_stage","program":14,"name":…,"type":"active","position":2}``.

    ``position`` counts from zero, default: the end. Transitions lead to it from every active stage, and from
    it to the stage that follows.
    """
    program = row_of(store.tables["Program"], spec["program"])
    kind = str(spec.get("type", "active"))
    if kind not in _KINDS:
        raise ValueError(f"type is one of {', '.join(_KINDS)}, not {kind!r}")
    states = list(program.data["states"])
    data = {
        "name": str(spec["name"]),
        "entryPointName": str(spec["name"]),
        "type": kind,
        "color": str(spec.get("color", "#4f3bff")),
        "description": "",
        "isEntry": False,
        "program": program,
    }
    state = Record("ProgramState", store.tables["ProgramState"].next_id(), data)
    place = int(spec.get("position", len(states)))
    pairs = [(other, state) for other in states if other.data["type"] == "active"]
    pairs += [(state, other) for other in states[place : place + 1]]
    states.insert(place, state)
    store.add(state)
    transitions = [_transition(store, source, target) for source, target in pairs]
    changed = {"states": tuple(states), "transitions": (*program.data["transitions"], *transitions)}
    store.write(program, lambda: program.data.update(changed))
    return {"id": str(state.id)}


def _transition(store: Store, source: Record, target: Record) -> Record:
    data = {"from": source, "to": target, "name": "", "description": ""}
    transition = Record("ProgramTransition", store.tables["ProgramTransition"].next_id(), data)
    store.add(transition)
    return transition


def remove_stage(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"remove_stage","id":…,"move_to":…,"touch":true}``.

    Its deals move to ``move_to``, default: the entry stage; ``"touch":false`` leaves their ``timeUpdated``
    alone. The histories keep the stage.
    """
    state = row_of(store.tables["ProgramState"], spec["id"])
    program: Record = state.data["program"]
    if state.data["isEntry"]:
        raise ValueError(f"stage {state.id} is where deals begin and cannot be removed")
    entry = next(other for other in program.data["states"] if other.data["isEntry"])
    target = row_of(store.tables["ProgramState"], spec["move_to"]) if "move_to" in spec else entry
    if target is state or target not in program.data["states"]:
        raise ValueError(
            f"deals cannot move to stage {target.id}: it is not another stage of program {program.id}"
        )
    moved = [deal for deal in store.deals if isinstance(deal, Deal) and deal.state is state]
    for deal in moved:
        move_to(store, deal, target, bool(spec.get("touch", True)))
    gone = [entry for entry in program.data["transitions"] if state in (entry.data["from"], entry.data["to"])]
    left = tuple(entry for entry in program.data["transitions"] if entry not in gone)
    states = tuple(other for other in program.data["states"] if other is not state)
    store.write(program, lambda: program.data.update(states=states, transitions=left))
    for record in (state, *gone):
        store.remove(record)
    return {"id": str(state.id), "moved": [str(deal.id) for deal in moved]}


PROGRAM_OPERATIONS = by_name(
    rename_program, set_program_active, rename_stage, set_scenario_url, add_stage, remove_stage
)
