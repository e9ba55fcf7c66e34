"""Virtual numbers, scenarios, call processing rules, media files."""

from typing import Any

from ..cabinet.directory import VirtualNumber
from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Method
from ..rpc.params import flag, number, text

_ACTIVATED = "2020-01-01 00:00:00"
_COLUMNS = (
    "id",
    "virtual_phone_number",
    "redirection_phone_number",
    "activation_date",
    "status",
    "category",
    "type",
    "comment",
    "name",
    "campaigns",
    "scenarios",
)


def _rule(call: Call, virtual: VirtualNumber) -> list[dict[str, Any]]:
    """Return the number's scenarios: the chosen one is active, the id of its rule is made of both ids."""
    scenario = call.account.directory.scenarios.get(virtual.scenario_id)
    if scenario is None:
        return []
    return [
        {
            "scenario_id": scenario.id,
            "scenario_name": scenario.name,
            "call_processing_rule_id": virtual.id * 100 + scenario.id,
            "is_active": virtual.id not in call.account.exchange.switched_off,
        }
    ]


def _numbers(call: Call) -> Rows:
    rows = [
        {
            "id": virtual.id,
            "virtual_phone_number": virtual.number,
            "redirection_phone_number": None,
            "activation_date": _ACTIVATED,
            "status": virtual.status,
            "category": "usual",
            "type": virtual.type,
            "comment": virtual.comment,
            "name": virtual.name,
            "campaigns": [],
            "scenarios": _rule(call, virtual),
        }
        for virtual in call.account.directory.numbers
    ]
    plain = frozenset({"id", "virtual_phone_number", "status", "category", "type", "name", "activation_date"})
    return list_rows(rows, call.params, Columns(_COLUMNS, (), plain, plain))


def _scenarios(call: Call) -> Rows:
    directory = call.account.directory
    rows = [
        {
            "id": scenario.id,
            "name": scenario.name,
            "virtual_phone_numbers": [
                {"id": virtual.id, "virtual_phone_number": virtual.number}
                for virtual in directory.numbers
                if virtual.scenario_id == scenario.id
            ],
            "sites": [],
            "campaigns": [],
            "operations": [{"id": op["id"], "name": op["name"]} for op in scenario.operations],
        }
        for scenario in directory.scenarios.values()
    ]
    names = ("id", "name", "virtual_phone_numbers", "sites", "campaigns", "operations")
    plain = frozenset({"id", "name"})
    return list_rows(rows, call.params, Columns(names, (), plain, plain))


def _rules(call: Call) -> dict[str, Any]:
    wanted = call.params["number_capacity_id"]
    virtual = next((one for one in call.account.directory.numbers if one.id == wanted), None)
    if virtual is None:
        raise RpcError("entity_not_found", "number_capacity_id", wanted)
    return {"number_capacity_id": virtual.id, "scenarios": _rule(call, virtual)}


def _set_rule(call: Call) -> dict[str, Any]:
    for virtual in call.account.directory.numbers:
        if virtual.id * 100 + virtual.scenario_id == call.params["id"]:
            switched_off = call.account.exchange.switched_off
            (switched_off.discard if call.params["is_active"] else switched_off.add)(virtual.id)
            return {}
    raise RpcError("entity_not_found", "id", call.params["id"])


def _media_files(call: Call) -> Rows:
    rows = [{"id": id, "name": name} for id, name in call.account.directory.media_files.items()]
    return list_rows(rows, call.params, Columns(("id", "name")))


NUMBER_METHODS = [
    Method("get.virtual_numbers", _numbers, LIST_PARAMS),
    Method("get.scenarios", _scenarios, LIST_PARAMS, component="va"),
    Method("getobj.call_processing_rules", _rules, (number("number_capacity_id", True),)),
    Method(
        "set.call_processing_rule_is_active",
        _set_rule,
        (number("id", True), text("type", True, choices=("scenario",)), flag("is_active", True)),
    ),
    Method("get.media_files", _media_files, LIST_PARAMS),
]
