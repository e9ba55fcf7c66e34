"""Many deals, and every field of every record after each kind of change.

As many as the environment variable ``UPLOAD_DEALS`` says; 20 000 take some minutes.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from .every_column import assert_every_column, at
from .upload_world import UploadWorld

pytest_plugins = ["tests.emulators.uis_fixtures"]

DEALS = int(os.environ.get("UPLOAD_DEALS", "600"))
COPY_DEALS = """
INSERT INTO megaplan_raw.deals (account, payload, content_hash, valid_from)
SELECT account, payload || jsonb_build_object('id', (id + copy * 100000)::text, 'name', name || ' ' || copy),
  content_hash, valid_from
FROM megaplan_raw.deals CROSS JOIN generate_series(1, %s) AS copy
ORDER BY copy, id LIMIT %s
"""
COPY_GOODS = """
INSERT INTO megaplan_raw.deal_positions (account, id, deal_id, position, name, quantity, unit)
SELECT item.account, item.id + copy * 10000000, deal.id, item.position, item.name, item.quantity, item.unit
FROM megaplan_raw.deal_positions AS item
CROSS JOIN generate_series(1, %s) AS copy
JOIN megaplan_raw.deals AS deal ON deal.account = item.account AND deal.id = item.deal_id + copy * 100000
"""
ODD_PHONES = ("+3725551234", "+79161234567", "+4915112345678", "+71", "+78005553535,,12")
KIND = "Вид сделки"


def enlarge(world: UploadWorld) -> None:
    """Copy the deals of the seeded account until there are enough."""
    ((present,),) = world.database.execute("SELECT count(*) FROM megaplan_raw.deals").fetchall()
    copies = DEALS // present + 1
    world.database.execute(COPY_DEALS, (copies, max(0, DEALS - present)))
    world.database.execute(COPY_GOODS, (copies,))
    world.database.execute("ANALYZE megaplan_raw.deals, megaplan_raw.deal_positions")


def late_clock(world: UploadWorld) -> None:
    """Put the clock of UIS two hours back, and the seeded account three."""
    world.uis.advance(-7200)
    for key in ("timeCreated", "timeUpdated", "stateTimeUpdated"):
        world.change_payload(
            f"megaplan_raw.as_time(payload -> '{key}') > now() - interval '3 hours'",
            f"""jsonb_build_object('{key}', jsonb_build_object('contentType', 'DateTime', 'value', %s::text))""",
            at(datetime.now(UTC) - timedelta(hours=3)),
        )


def odd_phones(world: UploadWorld) -> None:
    """Give some contacts numbers that UIS or its rules refuse, among some that it takes."""
    for place, phone in enumerate(ODD_PHONES):
        world.database.execute(
            """UPDATE megaplan_raw.contact_points SET phone_e164 = %s
            WHERE type = 'phone' AND contact_id %% 11 = %s""",
            (phone, place),
        )


def remove(world: UploadWorld, keys: list[str]) -> None:
    """Remove everything that can be removed from a deal, from one part of the deals each, and all of it from some."""
    no_fields = ", ".join(f'"{key}": null' for key in keys)
    moved = at(datetime.now(UTC) - timedelta(minutes=150))
    for part, patch in enumerate(
        (
            """'{"price": null}'""",
            """'{"contractor": null, "contact": null}'""",
            """'{"manager": null}'""",
            f"""'{{{no_fields}}}'""",
            """'{}'""",
            f"""'{{"price": null, "contractor": null, "contact": null, "manager": null, {no_fields}}}'""",
        )
    ):
        world.change_payload(f"id %% 8 = {part}", f"{patch}::jsonb")
    world.database.execute(
        "UPDATE megaplan_raw.deal_positions SET deleted_at = now() WHERE deal_id %% 8 IN (4, 5)".replace(
            "%%", "%"
        )
    )
    # into a final stage of another pipeline, one of several
    final = world.rows(
        """SELECT id, pipeline_id FROM megaplan_raw.pipeline_stages
        WHERE type = 'positive' AND deleted_at IS NULL ORDER BY pipeline_id = 14 DESC, position DESC LIMIT 1"""
    )[0]
    world.change_payload(
        "id %% 8 = 6",
        """jsonb_build_object(
          'program', jsonb_build_object('contentType', 'Program', 'id', %s::text),
          'state', jsonb_build_object('contentType', 'ProgramState', 'id', %s::text),
          'stateTimeUpdated', jsonb_build_object('contentType', 'DateTime', 'value', %s::text))""",
        final["pipeline_id"],
        final["id"],
        moved,
    )


def test_every_field_of_every_deal_is_the_truth_after_removals_moves_and_absurd_sums(
    world: UploadWorld,
) -> None:
    enlarge(world)
    late_clock(world)
    odd_phones(world)
    world.megaplan_settings = {"uis_deal_fields": KIND}
    world.uis_settings = {"vendor_quirks": {"read_lag_seconds": 0}, "read_timeout_seconds": 300}
    keys = [
        row["key"]
        for row in world.rows(
            "SELECT key FROM megaplan_raw.custom_fields WHERE label = %s AND valid_to IS NULL ORDER BY key",
            KIND,
        )
    ]
    fields = [(KIND, lambda payload: next((payload[key] for key in keys if payload.get(key)), None))]

    def check(**more: Any) -> None:
        began = time.perf_counter()
        counts = world.upload()
        taken = time.perf_counter() - began
        compared = assert_every_column(world, fields=fields, **more)
        print(f"{counts}; {taken:.0f} s, {compared} values compared")

    check()
    assert world.certificates[-1].verdict == "proven"
    ids = [
        str(row["id"])
        for row in world.rows("SELECT id FROM megaplan_raw.deals WHERE id %% 8 = 7 ORDER BY id")
    ]
    before = world.rows("SELECT id, payload FROM megaplan_raw.deals WHERE id %% 8 < 6 AND id %% 16 < 8")

    remove(world, keys)
    absurd = dict(
        zip(ids, ("1e30", "12345678901234567890", "-123456789012345678", "9999999999.5"), strict=False)
    )
    world.uis.control("knobs", {"sum_digits": 9})  # fewer than our own rules allow
    for deal_id, value in absurd.items():
        world.change_payload(
            f"id = {deal_id}",
            f"""'{{"price": {{"value": {value}, "currency": "RUB", "valueInMain": {value}}}}}'::jsonb""",
        )
    nothing, debt = ids[4], ids[5]
    world.change_payload(
        f"id = {nothing}", """'{"price": {"value": "NaN", "currency": "RUB", "valueInMain": "NaN"}}'"""
    )
    world.change_payload(
        f"id = {debt}", """'{"price": {"value": -5, "currency": "RUB", "valueInMain": -5}}'"""
    )
    check(as_before=absurd)
    assert world.remedies() == dict.fromkeys(absurd, "mend in Megaplan")
    assert world.certificates[-1].verdict == "unresolved"
    assert "4 to mend in Megaplan" in (world.certificates[-1].reason or "")
    world.forget_requests()
    assert world.upload() == {}
    assert world.requests() == [], "what failed is not sent again"

    # what was removed comes back, the sums are mended, and some deals are changed later than UIS's clock says
    with world.database.cursor() as cursor:
        cursor.executemany(
            "UPDATE megaplan_raw.deals SET payload = %s WHERE id = %s",
            [(world.json(row["payload"]), row["id"]) for row in before],
        )
    for deal_id in absurd:
        world.change_payload(
            f"id = {deal_id}", """'{"price": {"value": 5, "currency": "RUB", "valueInMain": 5}}'"""
        )
    late = ids[10:20]
    now = at(datetime.now(UTC) - timedelta(seconds=30))
    world.change_payload(
        f"id IN ({', '.join(late)})",
        """jsonb_build_object(
          'timeUpdated', jsonb_build_object('contentType', 'DateTime', 'value', %s::text), 'name', 'Позже')""",
        now,
    )
    check(as_before=late)
    assert world.remedies() == dict.fromkeys(late, "wait")
    assert "10 wait" in (world.certificates[-1].reason or "")
    world.uis.advance(7200)
    check()
    assert world.remedies() == {}
    assert world.certificates[-1].verdict == "proven"
