"""Internal numbers and one call of each type."""

from ..data.phone_book import phone_digits
from ..data.records import Record
from ..data.store import Store
from ..data.values import date_time
from ..writing.calls import TYPES, import_calls

FIRST_CALL_ID = 501
_WITH_NUMBER = (*range(12), 17)  # the last one has left and still has a number
_SIP = 5


def seed_telephony(store: Store, base_time: int) -> None:
    """Give a dozen employees internal numbers, and the account a call of every type."""
    configs = []
    for place in _WITH_NUMBER:
        number = f"{101 + place}"
        data = {
            "employee": store.employees_by_place[place],
            "internalNumber": f"sip:{number}@pbx.example.org" if place == _SIP else number,
            "settings": '{"autoAnswer":false}' if place % 2 else "",
        }
        configs.append(Record("CallUserConfig", 11 + place, data))
    store.tables["CallUserConfig"].fill(configs)
    store.tables["CallInfo"].begin_at(FIRST_CALL_ID)
    with_phone = [row for row in store.contractors if _phone(row) and not row.data.get("isDropped")]
    for place, kind in enumerate(TYPES):
        client, employee = with_phone[place], store.employees_by_place[place]
        outgoing = kind in {"out", "fail"}
        sides = [(_phone(client), client.link()), ("78001112233", employee.link())]
        (from_phone, from_user), (to_phone, to_user) = sides[::-1] if outgoing else sides
        start = base_time - (10 - place) * 3600
        talked = kind in {"in", "out", "unknown"}
        call = {
            "providerId": f"seed-{place}",
            "type": kind,
            "fromPhone": from_phone,
            "toPhone": to_phone,
            "fromUser": from_user,
            "toUser": to_user,
            "timeFrom": date_time(start),
            "timeTo": date_time(start + (95 if talked else 20)),
            "recordLinks": [f"https://records.example.org/seed-{place}.mp3"] if talked else [],
        }
        import_calls(store, [call])


def _phone(contractor: Record) -> str:
    entries = contractor.data["contactInfo"]
    return next(
        (
            digits
            for entry in entries
            if entry.get("type") == "phone" and (digits := phone_digits(entry["value"]))
        ),
        "",
    )
