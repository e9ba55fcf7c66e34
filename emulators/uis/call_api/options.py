"""Talk options: what an employee can do with keys during a talk, done through the API."""

from typing import Any

from ..calls.consultation import WrongStateError
from ..errors import RpcError
from ..rpc.listing import Rows
from ..rpc.method import Call, Method
from ..rpc.params import number, text
from ..tagging import set_tag

_MANAGING = "callapi_management_call"
_OPTIONS: list[dict[str, Any]] = [
    {"button": "*1", "mnemonic": "hold", "name": "Удержание вызова", "button_value": None},
    {
        "button": "*2",
        "mnemonic": "set_mark",
        "name": "Поставить тег",
        "button_value": {"id": 88, "value": "Нецелевой контакт"},
    },
]


def _list(call: Call) -> Rows:
    return Rows(_OPTIONS, len(_OPTIONS))


def _press(call: Call) -> dict[str, Any]:
    params, account = call.params, call.account
    flow = account.exchange.flows.get(params["call_session_id"])
    if flow is None:
        raise RpcError("call_session_not_found", "call_session_id", params["call_session_id"])
    option = next((option for option in _OPTIONS if option["button"] == params["button"]), None)
    if option is None:
        raise RpcError("talk_option_not_found", "button", params["button"])
    if option["mnemonic"] == "set_mark":
        tag = account.directory.tag(option["button_value"]["id"])
        if tag is not None:
            set_tag(account, flow.session, tag)
        return {"success": "true"}
    managed, now = account.consultation(flow), account.clock.now()
    try:
        (managed.unhold if flow.session.state == "HOLD" else managed.hold)(now)
    except WrongStateError as error:
        raise RpcError("invalid_state", params={"state": str(error)}) from error
    return {"success": "true"}


OPTION_METHODS = [
    Method("call.talk_option", _press, (number("call_session_id", True), text("button", True)), _MANAGING),
    Method("list.talk_options", _list, (), _MANAGING),
]
