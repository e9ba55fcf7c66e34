"""Tags of communications."""

from typing import Any

from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Method
from ..rpc.params import number, text
from ..tagging import set_tag, unset_tag


def _get(call: Call) -> Rows:
    rows = [
        {"id": tag.id, "name": tag.name, "is_system": tag.is_system} for tag in call.account.directory.tags
    ]
    return list_rows(rows, call.params, Columns(("id", "name", "is_system")))


def _target(call: Call) -> tuple[Any, Any]:
    params, account = call.params, call.account
    if ("communication_id" in params) == ("communication_ext_id" in params):
        raise RpcError("invalid_parameters_combination", "communication_id")
    sessions = account.exchange.sessions.values()
    session = account.exchange.sessions.get(params.get("communication_id", 0))
    if "communication_ext_id" in params:
        session = next((one for one in sessions if one.ext_id == params["communication_ext_id"]), None)
    if session is None or params["communication_type"] != "call":
        raise RpcError("entity_not_found", "communication_id", params.get("communication_id"))
    tag = account.directory.tag(params["tag_id"])
    if tag is None:
        raise RpcError("entity_not_found", "tag_id", params["tag_id"])
    return session, tag


def _set(call: Call) -> dict[str, Any]:
    session, tag = _target(call)
    set_tag(call.account, session, tag)
    return {}


def _unset(call: Call) -> dict[str, Any]:
    session, tag = _target(call)
    unset_tag(call.account, session, tag)
    return {}


_PARAMS = (
    number("communication_id"),
    text("communication_ext_id"),
    text("communication_type", True, choices=("call", "chat", "goal", "offline_message")),
    number("tag_id", True),
)
TAG_METHODS = [
    Method("get.tags", _get, LIST_PARAMS),
    Method("set.tag_communications", _set, _PARAMS),
    Method("unset.tag_communications", _unset, _PARAMS),
]
