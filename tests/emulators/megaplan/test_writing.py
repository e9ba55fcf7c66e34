"""Creating, updating, moving and deleting."""

from typing import Any

import pytest

from tests.emulators.megaplan_client import Client, link, message

PROGRAM = {"contentType": "Program", "id": "14"}


def updated(megaplan: Client, id: str) -> str:
    text: str = megaplan.card(f"/deal/{id}")["timeUpdated"]["value"]
    return text


def sales_deal(megaplan: Client, result: str = "active") -> dict[str, Any]:
    """Return a deal of the program that shows everything."""
    rows = megaplan.truth("deals")
    return next(
        row for row in rows if row["program"]["id"] == "14" and row["result"] == result and row["positions"]
    )


def test_a_deal_without_program_is_refused(megaplan: Client) -> None:
    answer = megaplan.post("/deal", {"contentType": "Deal", "name": "Без схемы"})
    error = answer.json()["meta"]["errors"][0]
    assert (answer.status_code, error["field"], error["message"]) == (422, "program", "Поле обязательно")


def test_a_new_deal_starts_in_the_entry_state(megaplan: Client) -> None:
    price = {"contentType": "Money", "currency": "RUB", "value": 60000.5, "rate": 1, "valueInMain": 60000.5}
    deal = megaplan.post(
        "/deal", {"contentType": "Deal", "program": PROGRAM, "name": "С сайта", "price": price}
    ).json()
    assert deal["data"]["state"]["isEntry"] is True
    assert deal["data"]["price"]["value"] == 60000.5
    assert megaplan.card(f"/deal/{deal['data']['id']}")["name"] == "С сайта"


def test_only_sent_fields_change(megaplan: Client) -> None:
    before = sales_deal(megaplan)
    megaplan.post(f"/deal/{before['id']}", {"contentType": "Deal", "name": "Новое имя"})
    after = megaplan.truth("deals", ids=before["id"])[0]
    assert after["name"] == "Новое имя"
    assert {key for key in before if before[key] != after[key]} <= {
        *(
            "name",
            "shortDescription",
            "timeUpdated",
            "userUpdated",
            "manager",
            "userCreated",
            "contractor",
            "auditors",
        ),
        *("contact", "payer", "invoices", "positions"),  # their employees come and go online
        *(key for key in before if "CustomField" in key),
    }


def test_a_changed_field_moves_time_updated(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    megaplan.post(f"/deal/{deal['id']}", {"name": "Новое имя"})
    assert updated(megaplan, deal["id"]) > deal["timeUpdated"]["value"]


def test_changed_positions_alone_do_not_move_time_updated(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    row = {"contentType": "OfferRow", "offer": {"contentType": "Offer", "id": "2900"}, "quantity": 3}
    answer = megaplan.post(f"/deal/{deal['id']}", {"positions": [row]}).json()["data"]
    assert len(answer["positions"]) == 1
    assert answer["price"]["value"] == answer["positions"][0]["sum"]["value"]
    assert answer["timeUpdated"] == deal["timeUpdated"]


def test_linking_does_not_move_time_updated(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    assert (
        megaplan.post(f"/deal/{deal['id']}/linkWith", {"contentType": "Deal", "id": "1001"}).status_code
        == 200
    )
    assert megaplan.card(f"/deal/{deal['id']}")["dealsCount"] >= 1
    assert updated(megaplan, deal["id"]) == deal["timeUpdated"]["value"]


def test_arrays_are_replaced_as_a_whole(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    for id in ("1000003", "1000004"):
        body = {"auditors": [{"contentType": "Employee", "id": id}]}
        answer = megaplan.post(f"/deal/{deal['id']}", body).json()["data"]
    assert [auditor["id"] for auditor in answer["auditors"]] == ["1000004"]


def test_a_custom_field_is_written_at_the_top_level(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    key = "Category1000061CustomFieldPlanovayaPribil"
    megaplan.post(f"/deal/{deal['id']}", {key: {"contentType": "Money", "value": 1200}})
    assert megaplan.card(f"/deal/{deal['id']}")[key]["value"] == 1200


def test_an_unknown_key_in_a_body_is_refused(megaplan: Client) -> None:
    answer = megaplan.post("/deal/1001", {"nonsense": 1})
    assert message(answer) == 'There is extra field "nonsense", which is not defined for content type "Deal"'


def test_a_link_without_type_is_refused(megaplan: Client) -> None:
    assert megaplan.post("/deal/1001", {"manager": {"id": "1000004"}}).status_code == 422


def test_state_in_an_update_is_silently_ignored(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    target = deal["possibleTransitions"][0]["to"]
    answer = megaplan.post(f"/deal/{deal['id']}", {"state": link(target)})
    assert answer.status_code == 200
    assert answer.json()["data"]["state"]["id"] == deal["state"]["id"]
    assert answer.json()["data"]["timeUpdated"] == deal["timeUpdated"]


def enabled_transition(deal: dict[str, Any]) -> dict[str, Any]:
    offered: dict[str, Any] = next(entry for entry in deal["possibleTransitions"] if entry["enabled"])
    return offered


def test_a_transition_sent_back_verbatim_moves_the_deal(megaplan: Client) -> None:
    deal = megaplan.card(f"/deal/{sales_deal(megaplan)['id']}")
    transition = enabled_transition(deal)
    answer = megaplan.post(f"/deal/{deal['id']}/applyTransition", transition).json()["data"]
    assert answer["state"]["id"] == transition["to"]["id"]
    assert answer["stateTimeUpdated"]["value"] > deal["stateTimeUpdated"]["value"]
    assert answer["timeUpdated"]["value"] > deal["timeUpdated"]["value"]


def test_a_transition_may_be_named_by_its_id(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    transition = enabled_transition(deal)
    answer = megaplan.post(f"/deal/{deal['id']}/applyTransition", {"transition": transition["id"]})
    assert answer.json()["data"]["state"]["id"] == transition["to"]["id"]


def test_a_trimmed_transition_is_refused(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    body = {"contentType": "ProgramTransition", "id": enabled_transition(deal)["id"]}
    assert megaplan.post(f"/deal/{deal['id']}/applyTransition", body).status_code == 422


def test_a_transition_from_elsewhere_is_forbidden(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    assert megaplan.post(f"/deal/{deal['id']}/applyTransition", {"transition": "1"}).status_code == 403


def test_a_disabled_transition_is_forbidden(megaplan: Client) -> None:
    made = megaplan.mutate(op="create_deal", fields={"program": PROGRAM})
    deal = megaplan.card(f"/deal/{made['id']}")
    closed = next(entry for entry in deal["possibleTransitions"] if not entry["enabled"])
    assert closed["reasons"]
    assert megaplan.post(f"/deal/{made['id']}/applyTransition", closed).status_code == 403


def test_a_state_move_is_in_both_histories(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    transition = enabled_transition(deal)
    megaplan.post(f"/deal/{deal['id']}/applyTransition", {"transition": transition["id"]})
    last = megaplan.rows(f"/deal/{deal['id']}/statusHistory")[-1]
    assert last["contentType"] == "DealStatusHistory"
    assert last["toStatus"]["id"] == transition["to"]["id"]
    newest = megaplan.rows(f"/deal/{deal['id']}/history")[0]
    assert [change["field"] for change in newest["changes"]] == ["state"]
    assert megaplan.card(f"/changeset/{newest['id']}")["id"] == newest["id"]


def test_the_history_of_an_array_has_two_changes(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    megaplan.post(f"/deal/{deal['id']}", {"auditors": [{"contentType": "Employee", "id": "1000004"}]})
    changes = megaplan.rows(f"/deal/{deal['id']}/history")[0]["changes"]
    assert [(change["oldValue"] is None, change["newValue"] is None) for change in changes] == [
        (True, False),
        (False, True),
    ]


def test_history_pages_by_its_own_type(megaplan: Client) -> None:
    deal = sales_deal(megaplan)
    for name in ("Раз", "Два", "Три"):
        megaplan.post(f"/deal/{deal['id']}", {"name": name})
    assert len(megaplan.walk(f"/deal/{deal['id']}/history", limit=2)) >= 4


def test_only_known_filters_of_history_are_accepted(megaplan: Client) -> None:
    assert megaplan.get("/deal/1001/history", filters=["Self"]).status_code == 200
    assert megaplan.get("/deal/1001/history", filters=["Comment"]).status_code == 422


def test_a_deleted_deal_is_not_found(megaplan: Client) -> None:
    assert megaplan.request("DELETE", "/deal/1001").status_code == 200
    assert megaplan.get("/deal/1001").status_code == 404
    assert "1001" not in [row["id"] for row in megaplan.walk("/deal")]


def test_the_id_of_a_deleted_deal_is_not_given_again(megaplan: Client) -> None:
    made = megaplan.post("/deal", {"program": PROGRAM}).json()["data"]["id"]
    megaplan.request("DELETE", f"/deal/{made}")
    assert int(megaplan.post("/deal", {"program": PROGRAM}).json()["data"]["id"]) > int(made)


def test_deal_exist_check_fails_as_it_really_does(megaplan: Client) -> None:
    assert megaplan.get("/deal/checkDealExist").status_code == 500


@pytest.mark.parametrize(
    "part", ["offerRows", "invoices", "payers", "contacts", "auditors", "linkedDeals", "tags"]
)
def test_what_hangs_on_a_deal_can_be_listed(megaplan: Client, part: str) -> None:
    assert megaplan.get(f"/deal/1001/{part}").status_code == 200


def test_an_auditor_is_removed_without_naming_the_type(megaplan: Client) -> None:
    body = {"contentType": "Employee", "id": "1000004"}
    assert megaplan.post("/deal/1001/auditors", body).status_code == 200
    assert megaplan.request("DELETE", "/deal/1001/auditors/1000004").status_code == 200
    assert megaplan.request("DELETE", "/deal/1001/auditors/1000004").status_code == 404


def test_readers_lag_behind_writers(megaplan: Client) -> None:
    megaplan.control("knobs", {"read_lag_ms": 60_000})
    answer = megaplan.post("/deal/1001", {"name": "Новое имя"}).json()["data"]
    assert answer["name"] == "Новое имя"
    assert megaplan.card("/deal/1001")["name"] != "Новое имя"
    assert megaplan.rows("/deal", limit=1)[0]["name"] != "Новое имя"
    made = megaplan.post("/deal", {"program": PROGRAM}).json()["data"]
    assert megaplan.get(f"/deal/{made['id']}").status_code == 404


def test_a_contractor_is_created_only_by_concrete_routes(megaplan: Client) -> None:
    body = {"firstName": "Анна", "lastName": "Пример"}
    assert megaplan.post("/contractor", body).status_code == 405
    made = megaplan.post("/contractorHuman", body).json()["data"]
    assert (made["contentType"], made["name"]) == ("ContractorHuman", None)
    assert megaplan.get(f"/contractor/{made['id']}").status_code == 200
    assert megaplan.get(f"/contractorCompany/{made['id']}").status_code == 404


def test_the_type_of_a_contractor_says_what_is_required(megaplan: Client) -> None:
    answer = megaplan.post("/contractorCompany", {"description": "без названия"})
    assert (answer.status_code, message(answer)) == (422, "Поле обязательно")


def test_contact_info_is_replaced_as_a_whole(megaplan: Client) -> None:
    info = [{"contentType": "ContactInfo", "type": "phone", "value": "79001234567", "isMain": True}]
    made = megaplan.post("/contractorHuman", {"firstName": "Анна", "contactInfo": info * 2}).json()["data"]
    answer = megaplan.post(f"/contractorHuman/{made['id']}", {"contactInfo": info}).json()["data"]
    assert len(answer["contactInfo"]) == 1


def test_a_deleted_contractor_is_dropped_but_readable(megaplan: Client) -> None:
    assert megaplan.request("DELETE", "/contractor/1000010").status_code == 200
    assert megaplan.card("/contractor/1000010")["isDropped"] is True
    assert "1000010" not in [row["id"] for row in megaplan.walk("/contractor")]
