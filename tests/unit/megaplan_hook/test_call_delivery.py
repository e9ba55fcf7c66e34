"""The nouns of calls and communications: routes, bodies, and that an ambiguous answer is not tried again."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanNotFoundError, MegaplanServerError, MegaplanTransportError
from megaplan_hook.hook import MegaplanHook
from tests.unit.megaplan_hook.fake_server import FakeMegaplan, Reply, envelope

CALL = {"contentType": "CallInfo", "id": "501"}
TODO = {"contentType": "Todo", "id": "77"}
FINISH = {"contentType": "TodoFinishActionRequest", "notifyContractors": False}


@pytest.fixture
def hook(make_hook: Callable[..., MegaplanHook]) -> MegaplanHook:
    return make_hook()


WRITES: list[tuple[str, Callable[[MegaplanHook], Any], str, Any, Any]] = [
    (
        "history",
        lambda hook: hook.push_call_history([{"providerId": "9", "type": "in"}]),
        "/callInfo/history",
        [{"contentType": "CallInfo", "providerId": "9", "type": "in"}],
        [CALL],
    ),
    (
        "a call by its id, which the body repeats",
        lambda hook: hook.update_call_info("501", {"recordLinks": ["https://x/"]}),
        "/callInfo/501",
        {"contentType": "CallInfo", "recordLinks": ["https://x/"], "id": "501"},
        CALL,
    ),
    (
        "a call by the exchange's id",
        lambda hook: hook.update_call_info_by_provider("9", {"state": "finished"}),
        "/callInfo/provider",
        {"contentType": "CallInfo", "state": "finished", "providerId": "9"},
        CALL,
    ),
    (
        "a new todo",
        lambda hook: hook.create_todo({"name": "Звонок"}),
        "/todo",
        {"contentType": "Todo", "name": "Звонок"},
        TODO,
    ),
    (
        "a todo by its id, which the body repeats",
        lambda hook: hook.update_todo("7/7", {"name": "Звонок"}),
        "/todo/7%2F7",
        {"contentType": "Todo", "name": "Звонок", "id": "7/7"},
        TODO,
    ),
    (
        "finishing",
        lambda hook: hook.finish_todo("77", status_id="3", result_text="Разговор 2 мин"),
        "/todo/77/doAction",
        {**FINISH, "status": {"contentType": "TodoStatus", "id": "3"}, "resultText": "Разговор 2 мин"},
        TODO,
    ),
    ("finishing as Megaplan likes", lambda hook: hook.finish_todo("77"), "/todo/77/doAction", FINISH, TODO),
]


@pytest.mark.parametrize(
    ("call", "path", "body", "data"), [write[1:] for write in WRITES], ids=[write[0] for write in WRITES]
)
def test_writes(
    hook: MegaplanHook,
    megaplan: FakeMegaplan,
    call: Callable[[MegaplanHook], Any],
    path: str,
    body: Any,
    data: Any,
) -> None:
    megaplan.in_turn(Reply(envelope(data)))
    assert call(hook) in (data, None)
    (request,) = megaplan.asked()
    assert (request.method, request.path) == ("POST", f"/api/v3{path}")
    assert json.loads(request.body) == body

    megaplan.in_turn(Reply(b"", 502))
    with pytest.raises(MegaplanServerError):
        call(hook)
    assert len(megaplan.asked()) == 2, "whether the first one did its work is not known"


@pytest.mark.parametrize(
    ("call", "path", "arguments", "data"),
    [
        (lambda hook: hook.call_info_by_provider("9"), "/callInfo/provider", {"providerId": "9"}, CALL),
        (lambda hook: hook.todo("77"), "/todo/77", {}, TODO),
        (lambda hook: hook.call_route("79001234567"), "/callRoute", {"phone": "79001234567"}, {"users": []}),
        (
            lambda hook: hook.call_todos("501"),
            "/callInfo/501/todos",
            {
                "all": True,
                "limit": 100,
                "fields": ["name", "description", "status", "category", "relations", "isDropped"],
            },
            [TODO],
        ),
    ],
)
def test_reads(
    hook: MegaplanHook, megaplan: FakeMegaplan, call: Any, path: str, arguments: Any, data: Any
) -> None:
    megaplan.in_turn(Reply(envelope(data)))
    assert call(hook) == data
    (request,) = megaplan.asked()
    assert (request.method, request.path, request.arguments) == ("GET", f"/api/v3{path}", arguments)
    megaplan.in_turn(Reply(envelope({}, 404), 404))
    with pytest.raises(MegaplanNotFoundError):
        call(hook)


@pytest.mark.parametrize(
    "call",
    [
        lambda hook: hook.push_call_history([{}]),
        lambda hook: hook.create_todo({"name": "Звонок"}),
        lambda hook: hook.update_call_info("501", {}),
        lambda hook: hook.todo("77"),
    ],
)
def test_an_answer_of_another_shape_is_no_success(
    hook: MegaplanHook, megaplan: FakeMegaplan, call: Callable[[MegaplanHook], Any]
) -> None:
    megaplan.in_turn(*[Reply(envelope(None))] * 6)
    with pytest.raises(MegaplanTransportError):
        call(hook)


@pytest.mark.parametrize("data", [None, [], {}], ids=str)
@pytest.mark.parametrize(
    "call",
    [
        lambda hook: hook.call_info_by_provider("9"),
        lambda hook: hook.update_call_info_by_provider("9", {"state": "finished"}),
    ],
    ids=["looking", "changing"],
)
def test_a_success_without_data_means_that_no_call_has_the_exchanges_id(
    hook: MegaplanHook, megaplan: FakeMegaplan, call: Callable[[MegaplanHook], Any], data: Any
) -> None:
    megaplan.in_turn(Reply(envelope(data)))
    with pytest.raises(MegaplanNotFoundError, match="200 to /callInfo/provider: 'data' is empty"):
        call(hook)
    assert len(megaplan.asked()) == 1
