"""Todos, their directories, actions and quirks, and comments."""

import time
from typing import Any

import pytest
import requests

from tests.emulators.megaplan_client import Client, link, message

CALL = {"contentType": "TodoCategory", "id": 1}
SUCCESS = {"contentType": "TodoStatus", "id": "3"}
KP10, ISO, SPACED = "2026-09-21 12:00:00.000000 UTC", "2026-09-21T12:00:00+00:00", "2026-09-21 12:00:00"
WRONG_WHEN = "'stdClass' is not assignable to 'IntervalDates|IntervalTime'"


def interval(start: Any, end: Any = None) -> dict[str, Any]:
    moments = [{"contentType": "DateTime", "value": value} for value in (start, end or start)]
    return {"contentType": "IntervalTime", "from": moments[0], "to": moments[1]}


def make(megaplan: Client, path: str = "/todo", **fields: Any) -> dict[str, Any]:
    answer = megaplan.post(path, {"contentType": "Todo", "name": "Звонок клиенту", **fields})
    assert answer.status_code == 200, answer.text[:300]
    todo: dict[str, Any] = answer.json()["data"]
    return todo


def act(megaplan: Client, todo: dict[str, Any], kind: str, **fields: Any) -> Any:
    body = {"contentType": f"Todo{kind}ActionRequest", **fields}
    return megaplan.post(f"/todo/{todo['id']}/doAction", body)


def comments(megaplan: Client, path: str) -> list[str]:
    rows = megaplan.rows(f"{path}/comments")
    return [row["content"] for row in rows if row["contentType"] == "Comment"]


def test_the_directories_have_the_factory_ids(megaplan: Client) -> None:
    categories = {row["id"]: row["masterType"] for row in megaplan.rows("/todoCategory")}
    assert (categories["1"], categories["6"]) == ("call", "todo")
    statuses = {row["id"]: row["masterType"] for row in megaplan.rows("/todoStatus")}
    assert (statuses["1"], statuses["3"]) == ("scheduled", "success")
    assert [row["id"] for row in megaplan.rows("/todoStatus", masterType="success")] == ["3"]


def test_a_call_is_planned_as_a_client_in_production_does_it(megaplan: Client) -> None:
    human = megaplan.rows("/contractorHuman", limit=1)[0]
    todo = make(
        megaplan,
        description="заметка",
        category=CALL,
        responsible={"contentType": "Employee", "id": "1000004"},
        participants=[{"contentType": "Participant", "subject": link(human)}],
        when=interval(KP10, "2026-09-21 12:15:00.000000 UTC"),
        relations=[{"contentType": "Deal", "id": "1001"}],
    )
    assert todo["status"] == {
        "contentType": "TodoStatus",
        "id": "1",
        "name": "Запланировано",
        "masterType": "scheduled",
    }
    assert todo["when"] == interval(ISO, "2026-09-21T12:15:00+00:00")
    assert (todo["category"]["masterType"], todo["responsible"]["id"]) == ("call", "1000004")
    assert todo["participants"][0]["subject"]["id"] == human["id"]
    assert [row["id"] for row in megaplan.rows(f"/todo/{todo['id']}/deals")] == ["1001"]
    for path in ("/deal/1001", f"/contractorHuman/{human['id']}", "/employee/1000004"):
        assert todo["id"] in [row["id"] for row in megaplan.rows(f"{path}/todos", all=True)]


def test_a_card_has_the_fields_seen_live(megaplan: Client) -> None:
    card = megaplan.card(f"/todo/{make(megaplan)['id']}")
    assert card["rights"]["id"] == f"Todo/{card['id']}"
    for name in ("when", "place", "responsible", "resultComment", "timeFinished", "schedule"):
        assert card[name] is None
    counted = ("comments", "relations", "participants", "reminders", "coincidentTodos", "relationLinks")
    assert [card[f"{name}Count"] for name in counted] == [0] * 6
    assert card["category"] == {**link(card["category"]), **card["category"]}
    assert "timeUpdated" not in card


@pytest.mark.parametrize(
    ("accepted", "works"),
    [
        ("kp10,iso,spaced", [KP10, ISO, SPACED]),
        ("kp10", [KP10]),
        ("iso", [ISO]),
        ("spaced,iso", [ISO, SPACED]),
    ],
)
def test_an_account_takes_only_some_date_formats(megaplan: Client, accepted: str, works: list[str]) -> None:
    megaplan.control("knobs", {"todo_when_accept": accepted})
    for value in (KP10, ISO, SPACED, "21.09.2026"):
        answer = megaplan.post("/todo", {"name": "Звонок", "when": interval(value)})
        assert answer.status_code == (200 if value in works else 422)
        if value not in works:
            assert message(answer) == WRONG_WHEN
            assert answer.json()["meta"]["errors"][0]["field"] == "when"


def test_an_account_may_take_no_time_at_all(megaplan: Client) -> None:
    megaplan.control("knobs", {"todo_when_accept": "reject_all"})
    day = {"contentType": "DateOnly", "year": 2026, "month": 8, "day": 21}
    for when in (interval(KP10), {"contentType": "IntervalDates", "from": day, "to": day}):
        assert message(megaplan.post("/todo", {"name": "Звонок", "when": when})) == WRONG_WHEN
    assert make(megaplan)["when"] is None


def test_whole_days_count_months_from_zero(megaplan: Client) -> None:
    day = {"contentType": "DateOnly", "year": 2026, "month": 11, "day": 31}
    todo = make(megaplan, when={"contentType": "IntervalDates", "from": day, "to": day})
    assert todo["when"]["to"] == day
    assert day in megaplan.rows("/todo/busyDays")
    wrong = {"contentType": "IntervalDates", "from": day | {"month": 12}, "to": day}
    assert megaplan.post("/todo", {"name": "Звонок", "when": wrong}).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"category": CALL}, "name"),
        ({"name": "x", "category": {"contentType": "TodoCategory", "id": "99"}}, "category"),
        ({"name": "x", "responsible": {"id": "1000004"}}, "responsible"),
        ({"name": "x", "relations": [{"contentType": "Offer", "id": "2900"}]}, "relations"),
        ({"name": "x", "participants": [{"contentType": "Employee", "id": "1000004"}]}, "participants"),
        ({"name": "x", "finishedAt": 1}, None),
    ],
)
def test_a_wrong_body_is_refused(megaplan: Client, body: dict[str, Any], field: str | None) -> None:
    answer = megaplan.post("/todo", body)
    assert (answer.status_code, answer.json()["meta"]["errors"][0]["field"]) == (422, field)


def test_an_update_without_id_makes_another_todo(megaplan: Client) -> None:
    todo = make(megaplan)
    answer = megaplan.post(f"/todo/{todo['id']}", {"name": "Другое"})
    assert answer.status_code == 200
    assert answer.json()["data"]["id"] != todo["id"]
    assert megaplan.card(f"/todo/{todo['id']}")["name"] == "Звонок клиенту"
    same = megaplan.post(f"/todo/{todo['id']}", {"id": todo["id"], "name": "Другое"}).json()["data"]
    assert (same["id"], same["name"]) == (todo["id"], "Другое")


def test_a_status_in_the_body_is_not_relied_on(megaplan: Client) -> None:
    todo = make(megaplan, status=SUCCESS)
    assert todo["status"]["masterType"] == "scheduled"
    megaplan.control("knobs", {"todo_status_in_body": "honour"})
    assert make(megaplan, status=SUCCESS)["status"]["masterType"] == "success"


def test_finishing_switches_the_status_and_publishes_the_result_as_a_comment(megaplan: Client) -> None:
    todo = make(megaplan)
    done = act(megaplan, todo, "Finish", status=SUCCESS, resultText="Разговор 2 мин", notifyContractors=False)
    card = done.json()["data"]
    assert (card["status"]["masterType"], card["timeFinished"], card["resultComment"]) == (
        "success",
        None,
        None,
    )
    assert "resultText" not in card
    assert comments(megaplan, f"/todo/{todo['id']}") == ["Разговор 2 мин"]
    assert megaplan.card(f"/todo/{todo['id']}")["commentsCount"] == 1


def test_a_finished_todo_is_not_finished_again_but_renewed(megaplan: Client) -> None:
    todo = make(megaplan)
    renew = act(megaplan, todo, "Renew")
    assert (renew.status_code, message(renew)) == (403, f"No act_renew rights for model {todo['id']}")
    act(megaplan, todo, "Finish")
    finish = act(megaplan, todo, "Finish")
    assert (finish.status_code, message(finish)) == (403, f"No act_finish rights for model {todo['id']}")
    assert act(megaplan, todo, "Renew").json()["data"]["status"]["masterType"] == "scheduled"


def test_the_time_of_finishing_may_be_told(megaplan: Client) -> None:
    megaplan.control("knobs", {"todo_time_finished": True})
    todo = make(megaplan)
    assert act(megaplan, todo, "Finish").json()["data"]["timeFinished"] is not None
    assert act(megaplan, todo, "Renew").json()["data"]["timeFinished"] is None


def test_taking_makes_the_caller_responsible(megaplan: Client) -> None:
    todo = make(megaplan, responsible={"contentType": "Employee", "id": "1000004"})
    assert act(megaplan, todo, "Take").json()["data"]["responsible"]["id"] == "1000000"
    assert todo["id"] not in [row["id"] for row in megaplan.rows("/employee/1000004/todos")]


def test_other_actions_are_refused(megaplan: Client) -> None:
    todo = make(megaplan)
    assert act(megaplan, todo, "RejectInvitation").status_code == 403
    assert act(megaplan, todo, "Postpone").status_code == 422
    for path in ("finish", "renew", "take"):
        assert megaplan.post(f"/todo/{todo['id']}/{path}", {}).status_code == 404


def test_a_todo_is_deleted_softly(megaplan: Client) -> None:
    todo = make(megaplan, "/deal/1001/todos")
    assert megaplan.request("DELETE", f"/todo/{todo['id']}").status_code == 200
    assert megaplan.card(f"/todo/{todo['id']}")["isDropped"] is True
    assert todo["id"] not in [row["id"] for row in megaplan.walk("/todo")]
    assert todo["id"] not in [row["id"] for row in megaplan.rows("/deal/1001/todos", all=True)]


def test_todos_of_an_entity_are_open_finished_or_all(megaplan: Client) -> None:
    planned, done = make(megaplan, "/deal/1003/todos"), make(megaplan, "/deal/1003/todos")
    act(megaplan, done, "Finish")
    for args, expected in (
        ({}, [planned]),
        ({"finished": True}, [done]),
        ({"all": True}, [planned, done]),
    ):
        rows = megaplan.rows("/deal/1003/todos", **args)
        assert [row["id"] for row in rows] == [todo["id"] for todo in expected]
    card = megaplan.card("/deal/1003")
    assert (card["todosCount"], card["actualTodosCount"], card["finishedTodosCount"]) == (2, 1, 1)


def test_todos_and_comments_move_no_deals_time(megaplan: Client) -> None:
    before = megaplan.card("/deal/1003")["timeUpdated"]
    megaplan.control("clock", {"advance": 100})
    todo = make(megaplan, "/deal/1003/todos", when=interval(KP10))
    act(megaplan, todo, "Finish", resultText="Готово")
    megaplan.post("/deal/1003/comments", {"contentType": "Comment", "content": "<p>Заметка</p>"})
    after = megaplan.card("/deal/1003")
    assert after["timeUpdated"] == before
    assert (after["commentsCount"], after["lastComment"]["content"]) == (1, "<p>Заметка</p>")
    assert set(after["comments"][0]) == {"contentType", "id"}


def test_a_todo_inside_a_deal_has_a_stripped_status(megaplan: Client) -> None:
    todo = make(megaplan, "/deal/1003/todos", when=interval(KP10))
    deal = megaplan.card("/deal/1003")
    assert deal["nearTodo"]["id"] == todo["id"]
    assert deal["nearTodo"]["status"] == {"contentType": "TodoStatus", "id": "1"}


def test_links_come_and_go_and_only_coming_is_told(megaplan: Client) -> None:
    todo, deal = make(megaplan), {"contentType": "Deal", "id": "1003"}
    assert megaplan.post(f"/todo/{todo['id']}/linkWith", deal).status_code == 200
    assert [row["id"] for row in megaplan.rows("/deal/1003/todos")] == [todo["id"]]
    megaplan.post(f"/todo/{todo['id']}/unlinkWith", deal)
    assert megaplan.rows("/deal/1003/todos") == []
    for path in (f"/todo/{todo['id']}", "/deal/1003"):
        told = [row for row in megaplan.rows(f"{path}/comments") if row["contentType"] == "BasedOnHistory"]
        assert [row["unlink"] for row in told] == [False]


def test_participants_come_and_go(megaplan: Client) -> None:
    todo, who = make(megaplan), {"contentType": "Employee", "id": "1000004"}
    body = {"contentType": "Participant", "subject": who}
    megaplan.post(f"/todo/{todo['id']}/participants", body)
    path = f"/todo/{todo['id']}/participants"
    assert [row["subject"]["id"] for row in megaplan.rows(path)] == ["1000004"]
    assert megaplan.request("DELETE", f"{path}/Employee/1000004").status_code == 200
    assert megaplan.request("DELETE", f"{path}/Employee/1000004").status_code == 404
    assert megaplan.rows(path) == []


def test_the_list_pages_filters_and_ignores_q(megaplan: Client) -> None:
    made = [make(megaplan, category=CALL)["id"] for _ in range(5)]
    walked = [row["id"] for row in megaplan.walk("/todo", limit=4, ignoreRights=True, q="нет такого")]
    assert len(walked) == len(set(walked)) == 17
    assert walked[-5:] == made
    term = {
        "contentType": "FilterTermRef",
        "field": "category",
        "comparison": "equals",
        "value": [{"contentType": "TodoCategory", "id": "1"}],
    }
    group = {"contentType": "FilterTermGroup", "join": "and", "terms": [term]}
    config = {"contentType": "FilterConfig", "termGroup": group}
    rows = megaplan.walk("/todo", filter={"contentType": "TodoFilter", "id": None, "config": config})
    assert {row["category"]["id"] for row in rows} == {"1"}
    assert set(made) <= {row["id"] for row in rows}
    unknown = megaplan.get("/todo", **{"from": 1})
    assert message(unknown).startswith('There is extra field "from", which is not defined')
    assert "TodoFilterListRequest" in message(unknown)


def test_todos_can_be_searched_and_tell_their_history(megaplan: Client) -> None:
    todo = make(megaplan, name="Неповторимое дело")
    assert [row["id"] for row in megaplan.rows("/todo/search", q="неповторимое")] == [todo["id"]]
    act(megaplan, todo, "Finish")
    changes = [entry["changes"] for entry in megaplan.rows(f"/todo/{todo['id']}/history")]
    assert [change["field"] for change in changes[0]] == ["status"]
    assert changes[-1] == []


def test_a_new_todo_is_seen_late_by_readers(megaplan: Client) -> None:
    megaplan.control("knobs", {"read_lag_ms": 300})
    todo = make(megaplan, "/deal/1003/todos")
    assert megaplan.get(f"/todo/{todo['id']}").status_code == 404
    assert megaplan.rows("/deal/1003/todos") == []
    time.sleep(0.35)
    act(megaplan, todo, "Finish")
    assert megaplan.card(f"/todo/{todo['id']}")["status"]["masterType"] == "scheduled"
    time.sleep(0.35)
    assert megaplan.card(f"/todo/{todo['id']}")["status"]["masterType"] == "success"


@pytest.mark.parametrize(
    "body",
    [
        {"contentType": "Comment", "content": "<p>Привет</p>"},
        {
            "contentType": "CommentCreateActionRequest",
            "comment": {"contentType": "Comment", "content": "<p>Привет</p>"},
            "participantsToNotify": [],
            "transports": [{}],
        },
    ],
)
@pytest.mark.parametrize("path", ["/deal/1003", "/todo/500001", "/employee/1000004"])
def test_both_shapes_of_a_comment_are_taken(megaplan: Client, path: str, body: dict[str, Any]) -> None:
    made = megaplan.post(f"{path}/comments", body).json()["data"]
    assert (made["content"], made["subject"]["id"]) == ("<p>Привет</p>", path.rpartition("/")[2])
    assert comments(megaplan, path) == ["<p>Привет</p>"]
    edited = megaplan.post(f"/comment/{made['id']}", {"content": "<p>Иначе</p>"}).json()["data"]
    assert edited["content"] == megaplan.card(f"/comment/{made['id']}")["content"] == "<p>Иначе</p>"


def test_nobody_deletes_comments_and_contractors_have_none(megaplan: Client) -> None:
    made = megaplan.post("/deal/1003/comments", {"content": "Заметка"}).json()["data"]
    refusal = megaplan.request("DELETE", f"/comment/{made['id']}")
    assert (refusal.status_code, message(refusal)) == (403, "No rights to delete comment")
    assert megaplan.post("/deal/1003/comments", {"contentType": "Comment"}).status_code == 422
    assert megaplan.post("/contractorHuman/1000010/comments", {"content": "?"}).status_code == 500


def test_comments_page_by_their_own_type(megaplan: Client) -> None:
    for number in range(5):
        megaplan.post("/deal/1003/comments", {"content": f"{number}"})
    walked = [row["content"] for row in megaplan.walk("/deal/1003/comments", limit=2)]
    assert walked == ["4", "3", "2", "1", "0"]


def test_wrong_formats_of_a_knob_are_refused(megaplan: Client) -> None:
    answer = requests.post(
        f"{megaplan.url}/_control/knobs", json={"todo_when_accept": "iso,unix"}, timeout=10
    )
    assert answer.status_code == 400
    assert "todo_when_accept" in answer.json()["error"]
