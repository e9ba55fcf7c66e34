"""The differences of a large account, one by one: all found, all repaired, the numbers exact.

As large as the environment variable ``LARGE_ACCOUNT_DEALS`` says; with 20 000 it takes some minutes.
"""

import os
from collections.abc import Iterator
from math import ceil

import pytest

from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port
from tests.integration.conftest import UNHURRIED
from tests.integration.databases import create_loaded_database
from tests.integration.reconciliation.nights import Certificates, Found, Night

DEALS = int(os.environ.get("LARGE_ACCOUNT_DEALS", "1000"))
SWEEP = DEALS // 100 + 1
"""Requests that it takes to read all ids."""
KNOBS = ("rps=0", "rph=0", "links_give=card")


def of(count: int) -> int:
    """Return as large a part of this account as ``count`` is of 20 000 deals."""
    return count * DEALS // 20_000


@pytest.fixture(scope="module")
def large_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedMegaplan]:
    """An account of its own, as the seed made it."""
    log = tmp_path_factory.mktemp("large") / "megaplan.log"
    arguments = ["--contacts", str(DEALS // 10), *(word for knob in KNOBS for word in ("--knob", knob))]
    with emulated_megaplan(free_port(0), DEALS, log, arguments) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def loaded_template(postgres: str, large_account: EmulatedMegaplan) -> str:
    """Name of the database into which it was loaded."""
    return create_loaded_database(postgres, large_account.connection(**UNHURRIED))


@pytest.fixture
def megaplan(large_account: EmulatedMegaplan, loaded_template: str) -> EmulatedMegaplan:
    """The account as the seed made it."""
    large_account.control("reset", {})
    return large_account


def chosen(night: Night, table: str, count: int, where: str = "true") -> list[int]:
    """Return ids that lie all over the table."""
    ids: list[int] = night.value(
        f"""SELECT array_agg(id) FROM (SELECT id FROM megaplan_raw.{table} WHERE deleted_at IS NULL AND {where}
        ORDER BY md5(id::text) LIMIT %(count)s) AS chosen""",
        count=count,
    )
    assert len(ids) == count
    return ids


def parts_of(night: Night, deals: list[int]) -> int:
    return int(
        night.value(
            "SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = ANY (%(ids)s) AND deleted_at IS NULL",
            ids=deals,
        )
    )


def requests_for_deals(certificates: Certificates) -> int:
    return certificates["deals"].requests_used


def test_deals_deleted_silently_and_changed_in_the_open(night: Night) -> None:
    """By ids alone: a sweep, one request for a page of changes, one question for each vanished deal."""
    deals = chosen(night, "deals", of(450))
    deleted, touched, same_second = deals[: of(150)], deals[of(150) : of(350)], deals[of(350) :]
    lost = parts_of(night, deleted)
    watermark = night.value(
        "SELECT extract(epoch FROM watermark)::bigint FROM megaplan_sync.walks WHERE entity = 'deals'"
    )
    night.change(
        {"op": "delete_deals", "ids": deleted},
        {"op": "touch_many", "ids": touched},
        {"op": "touch_many", "ids": same_second},
        {"op": "same_second", "ids": same_second, "time": watermark},
    )
    certificates = night.run()
    night.assert_found(
        certificates, deals=Found(stale=of(300), extra=of(150)), deal_positions=Found(extra=lost)
    )
    # the watermark's second is met from the top of the list as well, a page or two further down
    assert requests_for_deals(certificates) <= SWEEP + ceil(of(300) / 100) + 1 + of(150)
    night.assert_tables_are_megaplan()
    night.assert_found(night.run("deals"))


def test_changes_without_a_trace(night: Night) -> None:
    """Neither content nor positions nor links moved a time: whole content shows them, for the price of the sweep."""
    with_positions = chosen(
        night,
        "deals",
        of(300),
        "(SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = deals.id AND deleted_at IS NULL) > 1",
    )
    others = chosen(night, "deals", of(200), f"id <> ALL (ARRAY{with_positions})")
    dropped, kept = chosen(night, "contacts", 2, "kind = 'company'")
    relinked = set(
        night.value("SELECT array_agg(id) FROM megaplan_raw.deals WHERE contractor_id = %(id)s", id=dropped)
        or []
    )
    (key,) = night.value(
        "SELECT array_agg(key) FROM (SELECT key FROM megaplan_raw.custom_fields WHERE entity = 'Deal' LIMIT 1) AS k"
    )
    night.change(
        {"op": "touch_many", "ids": others, "touch": False},
        *({"op": "remove_position", "id": deal} for deal in with_positions),
        {"op": "rename_custom_field", "key": key, "title": "Новое имя поля"},
        {"op": "merge_contractors", "keep": kept, "drop": dropped},
    )
    by_ids = night.run("deals", "custom_fields")
    night.assert_found(by_ids, custom_fields=Found(stale=1))
    assert by_ids["deals"].depth == "ids"
    assert requests_for_deals(by_ids) <= SWEEP
    certificates = night.run("deals", depth="full")
    night.assert_found(
        certificates,
        deals=Found(stale=len({*others, *with_positions, *relinked})),
        deal_positions=Found(extra=len(with_positions)),
    )
    assert requests_for_deals(certificates) <= SWEEP
    contacts = night.run("contacts")
    assert (contacts["contacts"].stale, contacts["contacts"].extra, contacts["contacts"].unresolved) == (
        1,
        1,
        0,
    )
    night.assert_tables_are_megaplan()
    night.assert_found(night.run("deals", depth="full"))


def test_rows_changed_and_deleted_in_postgres(night: Night) -> None:
    before = night.rows()
    deals = chosen(night, "deals", of(650))
    edited, spoilt = deals[: of(200)], deals[of(200) : of(400)]
    deleted, marked = deals[of(400) : of(600)], deals[of(600) :]
    night.by_hand(
        """UPDATE megaplan_raw.deals SET payload = payload || '{"name": "by hand", "price": 1}'
        WHERE id = ANY (%(ids)s)""",
        ids=edited,
    )
    night.by_hand("UPDATE megaplan_raw.deals SET content_hash = '' WHERE id = ANY (%(ids)s)", ids=spoilt)
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id = ANY (%(ids)s)", ids=deleted)
    night.by_hand("UPDATE megaplan_raw.deals SET deleted_at = now() WHERE id = ANY (%(ids)s)", ids=marked)
    positions = chosen(night, "deal_positions", of(250), f"deal_id <> ALL (ARRAY{deals})")
    night.by_hand(
        "DELETE FROM megaplan_raw.deal_positions WHERE id = ANY (%(ids)s)", ids=positions[: of(100)]
    )
    night.by_hand(
        "UPDATE megaplan_raw.deal_positions SET sum = 0.5 WHERE id = ANY (%(ids)s)", ids=positions[of(100) :]
    )
    night.by_hand(
        """INSERT INTO megaplan_raw.deals (account, payload, content_hash, valid_from)
        SELECT account, jsonb_build_object('id', 900000000 + n), 'x', now()
        FROM megaplan_sync.accounts, generate_series(1, 15) AS n"""
    )
    certificates = night.run()
    night.assert_found(
        certificates,
        deals=Found(missing=of(250), stale=of(400), extra=15),
        deal_positions=Found(missing=of(100), stale=of(150)),
    )
    assert requests_for_deals(certificates) <= SWEEP + ceil(of(650) / 100) + 1 + 15
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id > 900000000")
    assert night.rows() == before
    night.assert_tables_are_megaplan()
    night.assert_found(night.run("deals"))


def test_visibility_revoked_for_half_marks_nothing(night: Night) -> None:
    before = night.rows("deals", "deal_positions")
    night.change({"op": "revoke_visibility", "share": 0.5, "seed": 2})
    certificate = night.run("deals")["deals"]
    assert (certificate.verdict, certificate.extra, certificate.deleted, certificate.unresolved) == (
        "unresolved",
        DEALS // 2,
        0,
        DEALS // 2,
    )
    assert certificate.in_table == DEALS
    assert certificate.reason is not None
    assert "loss of visibility" in certificate.reason
    assert certificate.proposal is not None
    assert night.rows("deals", "deal_positions") == before
    night.change({"op": "revoke_visibility", "restore": True})
    night.assert_found(night.run("deals"))


def test_five_per_cent_vanished_wait_for_an_approval_that_marks_exactly_those(night: Night) -> None:
    deals = chosen(night, "deals", of(1100))
    proposed, later = deals[: of(1000)], deals[of(1000) :]
    night.change({"op": "delete_deals", "ids": proposed})
    certificate = night.run("deals")["deals"]
    assert (certificate.verdict, certificate.extra, certificate.deleted) == ("unresolved", len(proposed), 0)
    assert night.present("deals") == DEALS
    night.change({"op": "delete_deals", "ids": later})
    assert night.run("deals")["deals"].deleted == len(later)
    assert certificate.proposal is not None
    approval = night.run("deals", approved=(certificate.proposal,))["deals"]
    assert (approval.verdict, approval.extra, approval.deleted) == ("proven", len(proposed), len(proposed))
    by_proposal = night.value(
        "SELECT array_agg(id) FROM megaplan_raw.deals WHERE deletion_evidence ? 'approved_proposal'"
    )
    assert set(by_proposal) == set(proposed)
    night.assert_tables_are_megaplan()


def test_pages_reordered_while_the_sweep_runs(night: Night) -> None:
    """Rows of one second of creation are given in another order from page to page."""
    night.change(
        {"op": "same_second", "share": 0.3, "seed": 4, "field": "timeCreated", "time": 1_700_000_000},
        *(
            {"op": "reorder", "seed": page, "after": {"method": "GET", "path": "/deal", "nth": page}}
            for page in range(5, SWEEP, 5)
        ),
        *(
            {
                "op": "touch_many",
                "count": 5,
                "seed": page,
                "after": {"method": "GET", "path": "/deal", "nth": page},
            }
            for page in range(3, SWEEP, 10)
        ),
    )
    certificates = night.run("deals")
    certificate = certificates["deals"]
    assert (certificate.verdict, certificate.missing, certificate.extra, certificate.unresolved) == (
        "proven",
        0,
        0,
        0,
    )
    assert night.present("deals") == DEALS
    night.run("deals", depth="full")
    night.assert_tables_are_megaplan()
    night.assert_found(night.run("deals"))
