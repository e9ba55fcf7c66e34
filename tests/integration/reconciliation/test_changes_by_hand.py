"""Rows changed, deleted or made up directly in Postgres are as Megaplan has them after the next night.

Where the payload shows how children were, Megaplan is not asked. Generated columns, ids among them, Postgres does not
let anybody change: see ``test_every_column``.
"""

from typing import Any

import pytest
from psycopg.errors import NotNullViolation
from psycopg.types.json import Jsonb

from tests.integration.reconciliation.nights import Found, Night

Values = dict[str, Any]


def some_deals(night: Night, count: int) -> list[int]:
    """Return deals with positions, a custom field and everything else that can be spoilt."""
    rows = night.database.execute(
        """SELECT id FROM megaplan_raw.deals AS deal WHERE price IS NOT NULL AND payload::text LIKE '%%CustomField%%'
        AND (SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = deal.id AND deleted_at IS NULL) > 1
        ORDER BY id LIMIT %s""",
        (count,),
    ).fetchall()
    return [identity for (identity,) in rows]


POSITION_COLUMNS = [
    "position", "name", "quantity", "unit", "price", "price_currency", "sum", "sum_currency", "discount",
    "discount_type", "offer_id", "catalogue_offer_id",
]  # fmt: skip


def test_positions_edited_moved_deleted_and_made_up(night: Night) -> None:
    before = night.rows()
    ids = night.value(
        """SELECT array_agg(id) FROM (SELECT min(id) AS id FROM megaplan_raw.deal_positions GROUP BY deal_id
        ORDER BY deal_id LIMIT %(count)s) AS first""",
        count=len(POSITION_COLUMNS) + 5,
    )
    night.spoil("deal_positions", POSITION_COLUMNS, ids[:-5])
    deleted, marked, up, down, other = ids[-5:]
    deal = "(SELECT deal_id FROM megaplan_raw.deal_positions WHERE id = %(of)s)"
    night.by_hand("DELETE FROM megaplan_raw.deal_positions WHERE id = %(id)s", id=deleted)
    night.by_hand("UPDATE megaplan_raw.deal_positions SET deleted_at = now() WHERE id = %(id)s", id=marked)
    # one goes to a deal with a higher id, one to a deal with a lower one: both orders of the audit
    night.by_hand(
        f"UPDATE megaplan_raw.deal_positions SET deal_id = {deal} WHERE id = %(id)s", id=up, of=other
    )
    night.by_hand(
        f"UPDATE megaplan_raw.deal_positions SET deal_id = {deal} WHERE id = %(id)s", id=down, of=ids[0]
    )
    made_up = """INSERT INTO megaplan_raw.deal_positions (account, id, deal_id, position)
        SELECT account, %(id)s, coalesce(%(deal)s, deal_id), 9 FROM megaplan_raw.deal_positions
        WHERE id = %(of)s"""
    night.by_hand(made_up, id=987654321, deal=None, of=other)
    night.by_hand(made_up, id=987654322, deal=444444444, of=other)  # of a deal that is nowhere
    night.assert_found(
        night.run(),
        deal_positions=Found(missing=2, stale=len(POSITION_COLUMNS) + 2, extra=2),
    )
    night.by_hand("DELETE FROM megaplan_raw.deal_positions WHERE id IN (987654321, 987654322)")
    assert night.rows() == before
    night.assert_same_tomorrow()


def test_contact_details_edited_deleted_and_made_up(night: Night) -> None:
    before = night.rows()
    columns = ["type", "value", "phone_e164", "is_main"]
    ids = night.value(
        """SELECT array_agg(contact_id) FROM (SELECT DISTINCT contact_id FROM megaplan_raw.contact_points
        WHERE deleted_at IS NULL AND type = 'phone' AND position = 0 ORDER BY contact_id LIMIT %(count)s) AS first""",
        count=len(columns) + 3,
    )
    night.spoil("contact_points", columns, ids[:-3], key="position = 0 AND contact_id")
    deleted, marked, given_more = ids[-3:]
    night.by_hand(
        "DELETE FROM megaplan_raw.contact_points WHERE contact_id = %(id)s AND position = 0", id=deleted
    )
    night.by_hand(
        "UPDATE megaplan_raw.contact_points SET deleted_at = now() WHERE contact_id = %(id)s AND position = 0",
        id=marked,
    )
    made_up = """INSERT INTO megaplan_raw.contact_points (account, contact_id, position)
        SELECT account, %(id)s, 77 FROM megaplan_sync.accounts"""
    night.by_hand(made_up, id=given_more)
    night.by_hand(made_up, id=444444444)  # of a contact that is nowhere
    night.assert_found(night.run(), contact_points=Found(missing=2, stale=len(columns), extra=2))
    night.by_hand("DELETE FROM megaplan_raw.contact_points WHERE position = 77")
    assert night.rows() == before
    night.assert_same_tomorrow()


WITHOUT_ID = [
    "'{}'",
    "'[]'",
    "'[1, [2]]'",
    "'null'",
    "'\"text\"'",
    "'17'",
    "'{\"id\": {}}'",
    'payload || \'{"id": "nobody"}\'',
]
NONSENSE = [
    "jsonb_build_object('id', payload -> 'id')", "payload || '{\"positions\": 5}'",
    "payload || '{\"positions\": [1, null]}'", "payload || '{\"price\": [[]]}'", "payload || '{\"timeUpdated\": 1}'",
    "payload || '{\"name\": \"by hand\"}'", "payload - 'name'", "payload || '{\"manager\": {\"id\": 1e30}}'",
    "payload || ('{\"x\": 1' || repeat('0', 400) || '}')::jsonb",
    "payload || jsonb_build_object('deep', (repeat('[', 2000) || repeat(']', 2000))::jsonb)",
]  # fmt: skip


@pytest.mark.parametrize("payload", WITHOUT_ID)
def test_a_payload_that_says_of_no_row_is_refused(night: Night, payload: str) -> None:
    with pytest.raises(NotNullViolation):
        night.by_hand(f"UPDATE megaplan_raw.deals SET payload = {payload}")


def test_payloads_turned_into_nonsense_and_hashes_that_fit_nothing(night: Night) -> None:
    before = night.rows()
    deals = some_deals(night, len(NONSENSE) + 3)
    for value, deal in zip(NONSENSE, deals[:-3], strict=True):
        night.by_hand(f"UPDATE megaplan_raw.deals SET payload = {value} WHERE id = {deal}")
    night.by_hand("UPDATE megaplan_raw.deals SET content_hash = 'x' WHERE id = %(id)s", id=deals[-1])
    for deal, wrong in zip(deals[-3:-1], ["2019-01-01", "2031-01-01"], strict=True):
        night.by_hand(
            f"""UPDATE megaplan_raw.deals SET payload = jsonb_set(
            payload, '{{timeUpdated,value}}', '"{wrong}T00:00:00+00:00"') WHERE id = {deal}"""
        )
    contacts = night.value(
        """SELECT array_agg(id) FROM (
        SELECT id FROM megaplan_raw.contacts WHERE deleted_at IS NULL LIMIT 3) AS chosen"""
    )
    night.by_hand(
        "UPDATE megaplan_raw.contacts SET payload = jsonb_build_object('id', id) WHERE id = ANY (%(ids)s)",
        ids=contacts,
    )
    versions = night.value("SELECT count(*) FROM megaplan_raw.deal_versions")
    night.assert_found(night.run(), deals=Found(stale=len(deals)), contacts=Found(stale=3))
    assert night.rows() == before
    assert night.waits == []
    assert night.value("SELECT count(*) FROM megaplan_raw.deal_versions") == versions
    night.assert_same_tomorrow()


def test_a_row_that_was_given_the_id_of_another(night: Night) -> None:
    before = night.rows()
    (deal,) = some_deals(night, 1)
    night.by_hand(
        """UPDATE megaplan_raw.deals SET payload = payload || '{"id": "900000001"}' WHERE id = %(id)s""",
        id=deal,
    )
    night.assert_found(night.run(), deals=Found(missing=1, extra=1))
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id = 900000001")
    assert night.rows() == before
    night.assert_same_tomorrow()


def test_rows_that_agree_with_themselves_but_not_with_megaplan(night: Night) -> None:
    """Payload and hash were both changed, to a later time as well: a sweep sees the time."""
    before = night.rows()
    (deal,) = some_deals(night, 1)
    payload = night.value("SELECT payload FROM megaplan_raw.deals WHERE id = %(id)s", id=deal)
    payload["name"], payload["timeUpdated"]["value"] = "by hand", "2031-01-01T00:00:00+00:00"
    night.by_hand(
        """UPDATE megaplan_raw.deals SET payload = %(payload)s, content_hash = md5(%(payload)s::text)
        WHERE id = %(id)s""",
        payload=Jsonb(payload),
        id=deal,
    )
    night.assert_found(night.run(), deals=Found(stale=1))
    assert night.rows() == before
    assert night.waits == [5.0]  # a later version here may as well be one that the answer lags behind
    night.assert_same_tomorrow()


def test_rows_deleted_and_rows_marked_as_deleted(night: Night) -> None:
    before = night.rows()
    alone, with_positions, marked = some_deals(night, 3)
    positions = night.by_hand(
        "DELETE FROM megaplan_raw.deal_positions WHERE deal_id = %(id)s", id=with_positions
    )
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id IN (%(a)s, %(b)s)", a=alone, b=with_positions)
    night.by_hand("UPDATE megaplan_raw.deals SET deleted_at = now() WHERE id = %(id)s", id=marked)
    contact, with_points = night.value(
        """SELECT array_agg(contact_id) FROM (SELECT contact_id FROM megaplan_raw.contact_points
        WHERE deleted_at IS NULL GROUP BY contact_id ORDER BY contact_id LIMIT 2) AS chosen"""
    )
    points = night.by_hand(
        "DELETE FROM megaplan_raw.contact_points WHERE contact_id = %(id)s", id=with_points
    )
    night.by_hand("DELETE FROM megaplan_raw.contacts WHERE id IN (%(a)s, %(b)s)", a=contact, b=with_points)
    night.assert_found(
        night.run(),
        deals=Found(missing=3),
        deal_positions=Found(missing=positions),
        contacts=Found(missing=2),
        contact_points=Found(missing=points),
    )
    assert night.rows() == before
    night.assert_same_tomorrow()


def test_made_up_rows_are_deleted_with_evidence(night: Night) -> None:
    made_up = """INSERT INTO megaplan_raw.{} (account, {} payload, content_hash, first_synced_at, changed_at)
        SELECT account, {} %(payload)s, 'x', coalesce(%(at)s, now()), coalesce(%(at)s, now())
        FROM megaplan_sync.accounts"""
    for payload, at in [
        ('{"id": 900000001}', None),
        ('{"contentType": "Deal", "id": "900000002"}', None),
        ('{"id": "900000003", "positions": 3}', "2035-01-01"),  # a row of the future is looked at as well
    ]:
        night.by_hand(made_up.format("deals", "valid_from,", "now(),"), payload=payload, at=at)
    night.by_hand(made_up.format("contacts", "", ""), payload='{"id": 900000004}', at=None)
    night.by_hand(made_up.format("employees", "", ""), payload='{"id": 900000005}', at=None)
    night.assert_found(night.run(), deals=Found(extra=3), contacts=Found(extra=1), employees=Found(extra=1))
    evidence = night.database.execute(
        """SELECT deletion_evidence ->> 'status' FROM megaplan_raw.deals WHERE deleted_at IS NOT NULL
        UNION ALL SELECT deletion_evidence ->> 'status' FROM megaplan_raw.contacts WHERE id = 900000004
        UNION ALL SELECT deletion_evidence ->> 'status' FROM megaplan_raw.employees WHERE id = 900000005"""
    ).fetchall()
    assert evidence == [("404",)] * 5
    night.assert_same_tomorrow()


def test_a_deleted_row_that_was_brought_back_by_hand(night: Night) -> None:
    (deal,) = some_deals(night, 1)
    night.change({"op": "delete_deals", "ids": [deal]})
    night.run()
    before = night.present("deal_positions")
    night.by_hand("UPDATE megaplan_raw.deals SET deleted_at = NULL WHERE id = %(id)s", id=deal)
    night.assert_found(night.run(), deals=Found(extra=1))
    assert night.present("deal_positions") == before
    night.assert_same_tomorrow()


def test_a_row_changed_here_by_hand_and_in_megaplan_as_well(night: Night) -> None:
    changed, deleted = some_deals(night, 2)
    positions = night.value(
        "SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = %(id)s", id=deleted
    )
    night.by_hand(
        """UPDATE megaplan_raw.deals SET payload = payload || '{"name": "by hand"}' WHERE id IN (%(a)s, %(b)s)""",
        a=changed,
        b=deleted,
    )
    night.change(
        {"op": "update_deal", "id": changed, "fields": {"name": "Новое имя"}},
        {"op": "delete_deals", "ids": [deleted]},
    )
    night.assert_found(night.run(), deals=Found(stale=1, extra=1), deal_positions=Found(extra=positions))
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_rows_that_claim_to_have_changed_in_the_future(night: Night) -> None:
    """``changed_at`` shows what another run has just written; a time in the future shows nothing."""
    before = night.rows()
    night.by_hand("UPDATE megaplan_raw.deals SET changed_at = '2035-01-01', first_synced_at = '2035-01-01'")
    one, two, three = some_deals(night, 3)
    night.change(
        {"op": "update_deal", "id": one, "fields": {"name": "Новое имя"}},
        {"op": "delete_deals", "ids": [two]},
    )
    positions = night.value("SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = %(id)s", id=two)
    night.by_hand("UPDATE megaplan_raw.deals SET content_hash = '' WHERE id = %(id)s", id=three)
    night.assert_found(night.run(), deals=Found(stale=2, extra=1), deal_positions=Found(extra=positions))
    assert night.rows("contacts") == {"contacts": before["contacts"]}
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_another_region_for_phone_numbers_is_worked_out_from_payloads(night: Night) -> None:
    night.settings["vendor_quirks"] = {"default_phone_region": "UZ"}
    numbers = """SELECT (contact_id, position)::text, phone_e164 FROM megaplan_raw.contact_points
        WHERE deleted_at IS NULL"""
    before = dict(night.database.execute(numbers).fetchall())
    certificates = night.run()
    after = dict(night.database.execute(numbers).fetchall())
    different = sum(before[key] != after[key] for key in before)
    assert different
    night.assert_found(certificates, contact_points=Found(stale=different))
    assert "/bulk/getEntitiesByLinks" not in night.asked()
    night.assert_same_tomorrow()
