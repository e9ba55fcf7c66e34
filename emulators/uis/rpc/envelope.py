"""The envelope: from bytes to a call of a method, and its answer back into the envelope.

Checks come in the order parse, batch, id, jsonrpc, method, token, ip, component, limit, params.
"""

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ..brands import brand_of
from ..errors import WITHOUT_LIMITS, RpcError
from ..tokens import Token
from .listing import Rows
from .method import Call, Method
from .params import Param, check

if TYPE_CHECKING:
    from ..account import Account

_EVERYWHERE = (Param("access_token"), Param("user_id", "integer"))


@dataclass
class Reply:
    """An answer, and what the log records of it."""

    body: dict[str, Any]
    method: str = ""
    params: Any = None
    id: Any = None
    mnemonic: str | None = None
    token: str | None = None
    points: int = 0


class Rpc:
    """One API of an account."""

    def __init__(self, account: "Account", api: str, methods: dict[str, Method]) -> None:
        self._account = account
        self._api = api
        self._methods = methods

    def answer(self, body: bytes, ip: str, host: str) -> Reply:
        """Answer a request's body."""
        reply = Reply({})
        try:
            request = _parse(body)
            reply.id = request.get("id") if isinstance(request.get("id"), str | int | float) else None
            reply.method = str(request.get("method", ""))
            reply.params = without_secrets(request.get("params"))
            result = self._call(request, ip, host, reply)
            reply.body = {"jsonrpc": "2.0", "id": reply.id, "result": result}
        except RpcError as error:
            reply.mnemonic = error.mnemonic
            metadata = {} if error.mnemonic in WITHOUT_LIMITS else {"limits": self._limits().describe()}
            reply.body = error.envelope(reply.id, metadata)
        return reply

    def _call(self, request: dict[str, Any], ip: str, host: str, reply: Reply) -> dict[str, Any]:
        _check_envelope(request)
        method = self._methods.get(request["method"])
        if method is None or (method.extended_only and self._account.knobs.brand == "novofon"):
            raise RpcError("method_not_found", "method", request["method"])
        params = request.get("params", {})
        token = self._token(method, params, host)
        reply.token = None if token is None else token.name
        self._check_access(method, token, ip)
        limits = self._limits()
        if method.needs_token:
            limits.check()
        if not isinstance(params, dict):
            raise RpcError("data_type_error", "params", params)
        common = _EVERYWHERE if method.needs_token else ()
        check(params, (*common, *method.params), self._account.wall)
        self._check_sort(params)
        result = method.handler(Call(self._account, self._api, params, token))
        if method.needs_token:
            limits.charge(method.points)
            reply.points = method.points
        return self._result(result, limits.describe())

    def _result(self, result: Any, limits: dict[str, int]) -> dict[str, Any]:
        if self._api == "call" and not self._account.knobs.call_api_metadata:
            return {"data": result.data if isinstance(result, Rows) else result}
        if isinstance(result, Rows):
            metadata = {"total_items": result.total, "version": None, **result.metadata, "limits": limits}
            return {"data": result.data, "metadata": metadata}
        return {"data": result, "metadata": {"limits": limits}}

    def _token(self, method: Method, params: Any, host: str) -> Token | None:
        if not method.needs_token:
            return None
        key = params.get("access_token") if isinstance(params, dict) else None
        if key is None:
            raise RpcError("required_parameter_missed", "access_token")
        brand = brand_of(host)
        if brand is not None and brand != self._account.knobs.brand:
            raise RpcError("access_token_invalid", "access_token")
        return self._account.tokens.find(key)

    def _check_sort(self, params: dict[str, Any]) -> None:
        refused = {name.strip() for name in self._account.knobs.refused_sort_fields.split(",")}
        for index, entry in enumerate(params.get("sort") or ()):
            if isinstance(entry, dict) and entry.get("field") in refused:
                raise RpcError("sort_prohibited", f"sort.{index}.field", entry["field"])

    def _check_access(self, method: Method, token: Token | None, ip: str) -> None:
        knobs = self._account.knobs
        networks = [part.strip() for part in knobs.ip_whitelist.split(",") if part.strip()]
        address = ipaddress.ip_address(ip)
        if not any(address in ipaddress.ip_network(network, strict=False) for network in networks):
            raise RpcError("ip_not_whitelisted", value=ip)
        if not knobs.account_active:
            raise RpcError("account_inactive")
        if token is not None and self._api not in token.apis:
            raise RpcError("forbidden", code=-32003)
        disabled = {name.strip() for name in knobs.disabled_components.split(",")}
        if method.component in disabled and method.component:
            name = "method_component_disabled" if self._api == "data" else "component_disabled"
            raise RpcError(name, "method", method.name, params={"component": method.component})

    def _limits(self) -> Any:
        return self._account.limits[self._api]


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RpcError("parse_error") from error
    if isinstance(request, list):
        raise RpcError("batch_opreations_not_supported")
    if not isinstance(request, dict):
        raise RpcError("invalid_request")
    return request


def _check_envelope(request: dict[str, Any]) -> None:
    if "id" not in request:
        raise RpcError("notifications_not_supported")
    if not isinstance(request["id"], str | int | float) or isinstance(request["id"], bool):
        raise RpcError("invalid_request", "id", request["id"])
    if request.get("jsonrpc") != "2.0":
        raise RpcError("invalid_request", "jsonrpc", request.get("jsonrpc"))
    if not isinstance(request.get("method"), str):
        raise RpcError("invalid_request", "method", request.get("method"))


def without_secrets(params: Any) -> Any:
    """Return parameters as the log shows them."""
    if not isinstance(params, dict):
        return params
    return {name: "…" if name in {"access_token", "password"} else value for name, value in params.items()}
