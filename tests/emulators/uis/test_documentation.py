"""What the docstrings promise exists, and what exists is told."""

import re
from dataclasses import fields
from pathlib import Path

from starlette.routing import Route

import emulators.uis.control
import emulators.uis.mutations
from emulators.uis.account import Account
from emulators.uis.call_api import call_methods
from emulators.uis.calls.kinds import KINDS
from emulators.uis.control import control_routes
from emulators.uis.data_api import data_methods
from emulators.uis.knobs import Knobs
from emulators.uis.mutations.registry import _OPERATIONS


def test_every_control_route_is_told() -> None:
    routes = {route.path for route in control_routes(Account()) if isinstance(route, Route)}
    told = re.findall(r"^``(\w+)``", emulators.uis.control.__doc__ or "", re.MULTILINE)
    assert routes == {f"/_control/{name}" for name in told}


def test_every_operation_is_told() -> None:
    text = emulators.uis.mutations.__doc__ or ""
    assert set(_OPERATIONS) == set(re.findall(r"``([a-z]+_[a-z_]+)``", text)) - {"start"}
    assert all(re.search(rf"\b{kind}\b", text) for kind in KINDS)


def test_every_knob_has_a_type_that_can_be_set() -> None:
    knobs = Knobs()
    for field in fields(Knobs):
        value = getattr(knobs, field.name)
        knobs.set(field.name, str(value))
        assert getattr(knobs, field.name) == value


def test_the_methods_of_both_apis() -> None:
    assert len(data_methods()) > 50
    assert {"start.employee_call", "release.call", "list.calls", "transfer.talk"} <= set(call_methods())
    components = {method.component for method in [*data_methods().values(), *call_methods().values()]}
    told = (Path(emulators.uis.control.__file__).parent / "knobs.py").read_text()
    assert all(component in told for component in components)
