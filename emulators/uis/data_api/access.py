"""Session keys and the account itself."""

from typing import Any

from ..rpc.listing import LIST_PARAMS, Rows
from ..rpc.method import Call, Method
from ..rpc.params import text


def _login(call: Call) -> dict[str, Any]:
    token = call.account.tokens.login(call.params["login"], call.params["password"])
    # the field table says expire_at, the vendor's sample says expire
    key = call.account.knobs.login_expiry_key
    return {
        "access_token": token.key,
        key: int(token.expires or 0),
        "app_id": call.account.directory.app_id,
    }


def _logout(call: Call) -> dict[str, Any]:
    if call.token is not None:
        call.account.tokens.logout(call.token)
    return {}


def _account(call: Call) -> Any:
    directory = call.account.directory
    row = {"app_id": directory.app_id, "name": directory.name, "timezone": call.account.wall.zone.key}
    return row if call.account.knobs.account_shape == "object" else Rows([row], 1)


ACCESS_METHODS = [
    Method("login.user", _login, (text("login", True), text("password", True)), needs_token=False),
    Method("logout.user", _logout),
    Method("get.account", _account, LIST_PARAMS),
]
