"""Every column of every deal in the cabinet's report, compared with the raw tables, present or absent.

Shares no code with the upload: it says in its own words what each column must show.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from .upload_world import UploadWorld

MOSCOW = ZoneInfo("Europe/Moscow")
FINAL = {"positive": "success", "negative": "failed"}
DEALS = """
SELECT deal.*, pipeline.name AS pipeline, stage.name AS stage, stage.type AS stage_type, employee.name AS employee,
  (SELECT string_agg(concat_ws(' ', item.name, '×', trim_scale(item.quantity)::text, item.unit), '; '
    ORDER BY item.position, item.id)
   FROM megaplan_raw.deal_positions AS item
   WHERE item.account = deal.account AND item.deal_id = deal.id AND item.deleted_at IS NULL) AS goods
FROM megaplan_raw.deals AS deal
LEFT JOIN megaplan_raw.pipelines AS pipeline ON pipeline.account = deal.account AND pipeline.id = deal.program_id
LEFT JOIN megaplan_raw.pipeline_stages AS stage ON stage.account = deal.account AND stage.id = deal.state_id
LEFT JOIN megaplan_raw.employees AS employee ON employee.account = deal.account AND employee.id = deal.manager_id
WHERE deal.deleted_at IS NULL
"""
CONTACTS = """
SELECT contact.id, contact.name, way.name AS way,
  (SELECT coalesce(array_agg(phone_e164), '{}') FROM megaplan_raw.contact_points AS point
   WHERE point.account = contact.account AND point.contact_id = contact.id AND point.deleted_at IS NULL
     AND phone_e164 IS NOT NULL) AS phones,
  (SELECT coalesce(array_agg(value), '{}') FROM megaplan_raw.contact_points AS point
   WHERE point.account = contact.account AND point.contact_id = contact.id AND point.deleted_at IS NULL
     AND type = 'email') AS emails
FROM megaplan_raw.contacts AS contact
LEFT JOIN megaplan_raw.advertising_ways AS way
  ON way.account = contact.account AND way.id = contact.advertising_way_id
"""
FINALS = """
SELECT pipeline_id, type, name FROM megaplan_raw.pipeline_stages
WHERE type IN ('positive', 'negative') AND deleted_at IS NULL ORDER BY position, id
"""


def assert_every_column(
    world: UploadWorld,
    *,
    without: Collection[str] = (),
    as_before: Collection[str] = (),
    zero_sums: Collection[str] = (),
    fields: Any = (),
) -> int:
    """Compare all deals; return how many values were compared.

    :param without: deals that failed before they ever were in UIS
    :param as_before: deals whose last change failed
    :param zero_sums: deals that show zero instead of no sum
    :param fields: pairs of a column's title and the function that returns its text from a payload
    """
    report = world.report()
    deals = {str(row["id"]): row for row in world.rows(DEALS) if str(row["id"]) not in without}
    assert report.keys() == deals.keys()
    contacts = {row["id"]: row for row in world.rows(CONTACTS)}
    finals: dict[tuple[int, str], list[str]] = {}
    for row in world.rows(FINALS):
        finals.setdefault((row["pipeline_id"], row["type"]), []).append(row["name"])
    tree = world.uis.data("getobj.columns_tree", report_type="deals")
    columns = {column["name"]: column["id"] for column in tree["columns"]}
    compared, wrong = 0, []
    for deal_id, deal in deals.items():
        if deal_id in as_before:
            continue
        wanted = expected(deal, contacts, finals)
        wanted |= {columns[title]: text(deal["payload"]) for title, text in fields}
        for column, value in wanted.items():
            compared += 1
            if column == "deal_revenue" and deal_id in zero_sums:
                value = Decimal(0)
            shown = comparable(column, report[deal_id][column])
            if shown != value and not (isinstance(value, set) and shown in value):
                wrong.append((deal_id, column, shown, value))
    assert not wrong, (len(wrong), wrong[:5])
    return compared


def expected(deal: dict[str, Any], contacts: Any, finals: Any) -> dict[str, Any]:
    """Return what each column must show of a deal; a set lists several values."""
    client, person = contacts.get(deal["contractor_id"]), contacts.get(deal["contact_id"])
    main = client or person
    if main is client and person and client and not (phones(client) or client["emails"]):
        main = person if phones(person) or person["emails"] else client
    way = next((each["way"] for each in (client, person) if each and each["way"]), None)
    moved = max(deal["state_changed_at"] or deal["created_at"], deal["created_at"])
    # another contact moves the time of the stage by a second
    days = frozenset(f"{(moved + timedelta(seconds=n)).astimezone(MOSCOW):%Y-%m-%d}" for n in range(60))
    is_final = deal["stage_type"] in FINAL
    amount = f"{format_sum(deal['price'])} {deal['price_currency']}" if deal["price"] is not None else None
    return {
        "deal_date_time": f"{deal['created_at'].astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}",
        "deal_name": deal["name"],
        "deal_current_funnel": deal["pipeline"],
        "deal_current_stage": " / ".join(finals[deal["program_id"], deal["stage_type"]])
        if is_final
        else deal["stage"],
        "deal_current_stage_date": set(days),
        "deal_finish_date": set(days) if is_final else None,
        "deal_employee": deal["employee"],
        "deal_contact": (main["name"] or f"Контакт {main['id']}") if main else None,
        "deal_contact_phone_numbers": phones(main) if main else [],
        "deal_contact_emails": sorted({email.lower() for email in main["emails"]}) if main else [],
        "deal_revenue": None
        if deal["price_in_main"] is None
        else deal["price_in_main"].quantize(Decimal("0.01")),
        "deal_source": way,
        "deal_comments": "; ".join(part for part in (amount, deal["goods"]) if part) or None,
        "deal_user_field_mp_sum": None if deal["price"] is None else format_sum(deal["price"]),
        "deal_user_field_mp_currency": deal["price_currency"],
        "deal_user_field_mp_goods": deal["goods"],
        "deal_user_field_mp_stage": deal["stage"],
        "deal_user_field_mp_number": deal["number"],
        "deal_user_field_mp_advertising_way": way,
    }


def phones(contact: dict[str, Any]) -> list[str]:
    """Return the numbers that UIS takes, without plus."""
    return sorted({phone[1:] for phone in contact["phones"] if re.fullmatch(r"\+[1-9]\d{10,14}", phone)})


def format_sum(value: Decimal) -> str:
    """Write a number without zeros at its end."""
    return f"{value.normalize():f}"


def comparable(column: str, shown: Any) -> Any:
    """Return a value of the report in the form of what is expected."""
    if isinstance(shown, dict):
        shown = shown["value"]
    if column == "deal_revenue" and shown is not None:
        return Decimal(str(shown)).quantize(Decimal("0.01"))
    if isinstance(shown, list):
        return sorted(str(value).lower() for value in shown)
    return shown or None


def at(moment: datetime) -> str:
    """Write a moment as Megaplan does."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"
