"""Session keys of the Call API."""

from typing import Any

from ..rpc.method import Call, Method
from ..rpc.params import text


def _login(call: Call) -> dict[str, Any]:
    token = call.account.tokens.login(call.params["login"], call.params["password"])
    return {"access_token": token.key, "expire_at": int(token.expires or 0)}


def _logout(call: Call) -> dict[str, Any]:
    if call.token is not None:
        call.account.tokens.logout(call.token)
    return {"success": True}  # a boolean here, the string "true" everywhere else


SESSION_KEY_METHODS = [
    Method("login.user", _login, (text("login", True), text("password", True)), needs_token=False),
    Method("logout.user", _logout),
]
