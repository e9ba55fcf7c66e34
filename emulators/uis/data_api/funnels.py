"""Funnels and their stages. A funnel has exactly one success and one failed stage."""

from typing import Any

from ..deals.store import FAILED_ORDER, SUCCESS_ORDER, Funnel, Stage
from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Method
from ..rpc.params import Param, number, text

_MAX_ORDER = 10_000
_FINAL = (text("ext_id", True), text("name", True))
_IN_PROCESS = (*_FINAL, number("order", True))
_STAGES = (
    Param("success", "object", True, items=_FINAL),
    Param("failed", "object", True, items=_FINAL),
    Param("in_process", "array", True, items=_IN_PROCESS, at_most=100),
)


def _check_order(order: int, field: str) -> None:
    if not 0 <= order <= _MAX_ORDER:
        raise RpcError("invalid_parameter_value", field, order)


def _create(call: Call) -> dict[str, Any]:
    params, funnels = call.params, call.account.deals.funnels
    if params["ext_id"] in funnels:
        raise RpcError("duplicate_entity", "ext_id", params["ext_id"])
    given = params["stages"]
    for index, spec in enumerate(given["in_process"]):
        _check_order(spec["order"], f"stages.in_process.{index}.order")
    stages = [Stage(s["ext_id"], s["name"], "in_process", s["order"]) for s in given["in_process"]]
    for status, order in (("success", SUCCESS_ORDER), ("failed", FAILED_ORDER)):
        stages.append(Stage(given[status]["ext_id"], given[status]["name"], status, order))
    seen: set[str] = set()
    for stage in stages:
        if stage.ext_id in seen:
            raise RpcError("duplicate_entity", "stages", stage.ext_id)
        seen.add(stage.ext_id)
    funnels[params["ext_id"]] = Funnel(params["ext_id"], params["name"], stages)
    return {"ext_id": params["ext_id"]}


def _get(call: Call) -> Rows:
    rows = [
        {
            "ext_id": funnel.ext_id,
            "name": funnel.name,
            "stages": [
                {
                    "stage_ext_id": stage.ext_id,
                    "stage_name": stage.name,
                    "stage_status": stage.status,
                    "stage_order": stage.order,
                }
                for stage in sorted(funnel.stages, key=lambda stage: stage.order)
            ],
        }
        for funnel in call.account.deals.funnels.values()
    ]
    plain = frozenset({"ext_id", "name"})
    return list_rows(rows, call.params, Columns(("ext_id", "name", "stages"), (), plain, plain))


def _find(call: Call, name: str = "ext_id") -> Funnel:
    funnel = call.account.deals.funnels.get(call.params[name])
    if funnel is None:
        raise RpcError("entity_not_found", name, call.params[name])
    return funnel


def _find_stage(call: Call, funnel: Funnel) -> Stage:
    stage = funnel.stage(call.params["ext_id"])
    if stage is None:
        raise RpcError("entity_not_found", "ext_id", call.params["ext_id"])
    return stage


def _rename(call: Call) -> dict[str, Any]:
    _find(call).name = call.params["name"]
    return {}


def _delete(call: Call) -> dict[str, Any]:
    funnel = _find(call)
    if call.account.deals.holds_deals(funnel.ext_id):
        raise RpcError("dependency_error", "ext_id", funnel.ext_id, "The funnel holds deals")
    del call.account.deals.funnels[funnel.ext_id]
    return {}


def _create_stage(call: Call) -> dict[str, Any]:
    funnel, params = _find(call, "sales_funnel_ext_id"), call.params
    _check_order(params["order"], "order")
    if funnel.stage(params["ext_id"]) is not None:
        raise RpcError("duplicate_entity", "ext_id", params["ext_id"])
    if len(funnel.in_process()) >= 100:
        raise RpcError("data_limit_exceeded", "sales_funnel_ext_id", funnel.ext_id)
    funnel.stages.append(Stage(params["ext_id"], params["name"], "in_process", params["order"]))
    return {"ext_id": params["ext_id"]}


def _update_stage(call: Call) -> dict[str, Any]:
    stage, params = _find_stage(call, _find(call, "sales_funnel_ext_id")), call.params
    if "order" in params:
        if stage.status != "in_process":
            raise RpcError("invalid_parameters_combination", "order", params["order"])
        _check_order(params["order"], "order")
        stage.order = params["order"]
    stage.name = params.get("name", stage.name)
    return {}


def _delete_stage(call: Call) -> dict[str, Any]:
    funnel = _find(call, "sales_funnel_ext_id")
    stage = _find_stage(call, funnel)
    if stage.status != "in_process":
        raise RpcError("forbidden", "ext_id", stage.ext_id, code=-32602)
    if len(funnel.in_process()) == 1 or call.account.deals.holds_deals(funnel.ext_id, stage.ext_id):
        raise RpcError("dependency_error", "ext_id", stage.ext_id)
    funnel.stages.remove(stage)
    return {}


_COMPONENT = "sales_funnel"
_IN = text("sales_funnel_ext_id", True)
_ID = text("ext_id", True)
FUNNEL_METHODS = [
    Method(
        "create.sales_funnel",
        _create,
        (_ID, text("name", True), Param("stages", "object", True, items=_STAGES)),
        _COMPONENT,
    ),
    Method("get.sales_funnel", _get, LIST_PARAMS, _COMPONENT),
    Method("update.sales_funnel", _rename, (_ID, text("name", True)), _COMPONENT),
    Method("delete.sales_funnel", _delete, (_ID,), _COMPONENT),
    Method(
        "create.sales_funnel_stages",
        _create_stage,
        (_IN, _ID, text("name", True), number("order", True)),
        _COMPONENT,
    ),
    Method(
        "update.sales_funnel_stages", _update_stage, (_IN, _ID, text("name"), number("order")), _COMPONENT
    ),
    Method("delete.sales_funnel_stages", _delete_stage, (_IN, _ID), _COMPONENT),
]
