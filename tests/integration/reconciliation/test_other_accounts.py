"""Nights of accounts that behave otherwise in what the vendor leaves open: the same end, the same numbers."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.reconciliation.nights import Found, Night


@dataclass(frozen=True)
class Account:
    """How an account behaves, and with which settings of its connection it is read."""

    knobs: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    is_loaded_anew: bool = False


ACCOUNTS = {
    "returns everything, in small pages": Account(
        {
            "limit_cap": 30,
            "emit_has_more": True,
            "count_mode": "total",
            "dedupe": False,
            "links_give": "card",
            "gzip": False,
        }
    ),
    "inclusive cursors, restarts lists, 403 for deleted rows": Account(
        {
            "page_after_inclusive": True,
            "gone_cursor": "restart",
            "root_items_always_full": True,
            "hidden_deal": "404",
            "hidden_contractor": "404",
        }
    ),
    "no limit of pages, ignores what it does not know": Account(
        {"limit_cap": 0, "gone_cursor": "empty", "unknown_args": "ignore", "abstract_cursor": "accept"},
        {"page_size": 150},
    ),
    "strict, lags and refuses fields": Account(
        {
            "gone_cursor": "422",
            "bad_query": "422",
            "unknown_filter_field": "422",
            "read_lag_ms": 200,
            "refused_fields": "payForm,auditors,tags",
        },
        is_loaded_anew=True,
    ),
}


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_two_nights(night: Night, account: Account) -> None:
    night.megaplan.control("knobs", account.knobs)
    night.settings.update(account.settings)
    if account.is_loaded_anew:
        night.sync("deals", "contacts", full_refresh=True)
    deals = ids_of(night, "deals", "EXISTS (SELECT FROM megaplan_raw.deal_positions WHERE deal_id = here.id)")
    deleted, changed, unseen, lost, spoilt = deals[:6], deals[6:14], deals[14:17], deals[17:21], deals[21:25]
    dropped, removed, renamed = ids_of(night, "contacts", "kind = 'human'")[:3]
    positions = night.value(
        "SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = ANY (%(ids)s)", ids=deleted
    )
    points = night.value(
        "SELECT count(*) FROM megaplan_raw.contact_points WHERE contact_id IN (%(a)s, %(b)s)",
        a=dropped,
        b=removed,
    )
    night.change(
        {"op": "delete_deals", "ids": deleted},
        {"op": "touch_many", "ids": changed},
        {"op": "touch_many", "ids": unseen, "touch": False},
        {"op": "create_deal", "fields": {"name": "Новая"}},
        {"op": "delete_contractor", "id": dropped},
        {"op": "delete_contractor", "id": removed, "hard": True},
        {"op": "update_contractor", "id": renamed, "fields": {"description": "Новое"}, "touch": True},
    )
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id = ANY (%(ids)s)", ids=lost)
    night.by_hand(
        "UPDATE megaplan_raw.deals SET payload = jsonb_build_object('id', id) WHERE id = ANY (%(ids)s)",
        ids=spoilt,
    )
    time.sleep(account.knobs.get("read_lag_ms", 0) / 1000)  # the day is over: what happened in it shows
    night.assert_found(
        night.run(),
        deals=Found(missing=5, stale=12, extra=6),
        deal_positions=Found(extra=positions),
        contacts=Found(stale=1, extra=2),
        contact_points=Found(extra=points),
    )
    night.assert_found(night.run("deals", "contacts", depth="full"), deals=Found(stale=3))
    night.assert_tables_are_megaplan()


def ids_of(night: Night, table: str, condition: str) -> list[int]:
    rows = night.database.execute(
        f"SELECT id FROM megaplan_raw.{table} AS here WHERE deleted_at IS NULL AND {condition} ORDER BY id"
    ).fetchall()
    return [identity for (identity,) in rows]
