"""What happens while a night runs: changes between its steps, lagging answers, another run at the same time."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from megaplan_sync.reconciliation.recorded_writer import RecordedWriter
from tests.integration.reconciliation.nights import Found, Night
from tests.integration.reconciliation.test_changes_in_megaplan import (
    SWEEP,
    deals_with_positions,
    position_ids,
)

LAST_PAGE = {"method": "GET", "path": "/deal", "nth": SWEEP}


def named(night: Night, deal: int, name: str, **more: Any) -> dict[str, Any]:
    return {"op": "update_deal", "id": deal, "fields": {"name": name}, **more}


def test_a_deal_changed_between_sweep_and_repair(night: Night) -> None:
    stale, fresh = deals_with_positions(night)[:2]
    night.change(
        named(night, stale, "Раз"),
        named(night, stale, "Два") | {"after": LAST_PAGE},
        named(night, fresh, "Три") | {"after": LAST_PAGE},
    )
    night.assert_found(night.run("deals"), deals=Found(stale=1))
    name = "SELECT name FROM megaplan_raw.deals WHERE id = %(id)s"
    assert night.value(name, id=stale) == "Два"
    assert night.value(name, id=fresh) != "Три"  # nothing was known of it
    night.assert_found(night.run("deals"), deals=Found(stale=1))
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_deals_deleted_between_sweep_and_repair(night: Night) -> None:
    stale, missing, fresh = deals_with_positions(night)[:3]
    positions = len(position_ids(night, stale))
    lost = night.by_hand("DELETE FROM megaplan_raw.deal_positions WHERE deal_id = %(id)s", id=missing)
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id = %(id)s", id=missing)
    night.change(
        named(night, stale, "Раз"), {"op": "delete_deals", "ids": [stale, missing, fresh], "after": LAST_PAGE}
    )
    night.assert_found(night.run("deals"), deals=Found(extra=1), deal_positions=Found(extra=positions))
    assert lost
    night.assert_found(
        night.run("deals"), deals=Found(extra=1), deal_positions=Found(extra=len_of_deleted(night, fresh))
    )
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def len_of_deleted(night: Night, deal: int) -> int:
    return int(
        night.value(
            "SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = %(id)s AND deleted_at IS NOT NULL",
            id=deal,
        )
    )


def test_an_answer_that_lags_behind_the_sweep_is_asked_for_again(night: Night) -> None:
    (deal,) = deals_with_positions(night)[:1]
    before = night.value(
        "SELECT extract(epoch FROM updated_at)::bigint FROM megaplan_raw.deals WHERE id = %(id)s", id=deal
    )
    night.change(
        named(night, deal, "Новое"),
        # from here on the emulator gives a version that is older than the one in the sweep
        {"op": "same_second", "ids": [deal], "time": before, "after": LAST_PAGE},
        named(night, deal, "Старое", touch=False) | {"after": LAST_PAGE},
    )
    night.while_waiting = lambda: night.change(named(night, deal, "Новое"))
    night.assert_found(night.run("deals"), deals=Found(stale=1))
    assert night.waits == [5.0]
    assert night.value("SELECT name FROM megaplan_raw.deals WHERE id = %(id)s", id=deal) == "Новое"
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_an_answer_that_goes_on_lagging_is_left_and_told(night: Night) -> None:
    (deal,) = deals_with_positions(night)[:1]
    old = night.value("SELECT name FROM megaplan_raw.deals WHERE id = %(id)s", id=deal)
    night.change(
        named(night, deal, "Новое"),
        {"op": "same_second", "ids": [deal], "time": 1_500_000_000, "after": LAST_PAGE},
    )
    certificate = night.run("deals")["deals"]
    assert night.waits == [5.0, 5.0, 5.0], (
        "another run may be writing the row, so it is looked at more than once"
    )
    assert (certificate.verdict, certificate.stale, certificate.repaired, certificate.unresolved) == (
        "unresolved",
        1,
        0,
        1,
    )
    assert night.value("SELECT name FROM megaplan_raw.deals WHERE id = %(id)s", id=deal) == old
    night.change(named(night, deal, "Новое"))
    night.assert_found(night.run("deals"), deals=Found(stale=1))
    night.assert_tables_are_megaplan()


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_a_list_that_lags_behind_the_table_does_not_overwrite_it(night: Night, depth: str) -> None:
    """The sync has read a change that the copy which answers the sweep has not got yet."""
    (deal,) = deals_with_positions(night)[:1]
    read = "SELECT name, extract(epoch FROM updated_at)::bigint FROM megaplan_raw.deals WHERE id = %s"
    old_name, old_time = night.database.execute(read, (deal,)).fetchone() or ("", 0)
    night.change(named(night, deal, "Новое"))
    night.sync("deals")
    new_name, new_time = night.database.execute(read, (deal,)).fetchone() or ("", 0)
    assert (new_name, new_time > old_time) == ("Новое", True)
    ahead = night.rows("deals")

    def answer_with(name: str, changed: int) -> None:
        night.change(
            named(night, deal, name, touch=False), {"op": "same_second", "ids": [deal], "time": changed}
        )

    answer_with(old_name, old_time)
    night.while_waiting = lambda: answer_with(new_name, new_time)
    certificate = night.run("deals", depth=depth)["deals"]
    assert night.waits == [5.0]
    assert night.rows("deals") == ahead
    assert (certificate.verdict, certificate.unresolved) == ("proven", 0)
    night.assert_same_tomorrow()


def meanwhile(monkeypatch: pytest.MonkeyPatch, method: str, do: Callable[[], object]) -> None:
    """Do something once, right before the night writes what it has read: as if it had to wait for another run."""
    write = getattr(RecordedWriter, method)
    is_done: list[bool] = []

    def wait_and_write(*arguments: Any, **options: Any) -> Any:
        if not is_done:
            is_done.append(True)
            do()
        return write(*arguments, **options)

    monkeypatch.setattr(RecordedWriter, method, wait_and_write)


def newest_deal(night: Night) -> int:
    return int(night.value("SELECT id FROM megaplan_raw.deals ORDER BY updated_at DESC, id LIMIT 1"))


def test_a_page_that_waited_for_another_run_does_not_overwrite_what_that_one_wrote(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both versions have the same change time: only the order of the requests shows which is later."""
    deal = newest_deal(night)
    night.by_hand("UPDATE megaplan_sync.walks SET watermark_seen_at = now()")
    night.by_hand(
        """UPDATE megaplan_raw.deals AS deal
        SET payload = changed.payload, content_hash = md5(changed.payload::text)
        FROM (SELECT id, payload || '{"name": "Раньше"}' AS payload FROM megaplan_raw.deals) AS changed
        WHERE deal.id = %(id)s AND changed.id = deal.id""",
        id=deal,
    )

    def sync() -> None:
        night.change(named(night, deal, "Позднее", touch=False))
        night.sync("deals")
        assert night.value("SELECT name FROM megaplan_raw.deals WHERE id = %(id)s", id=deal) == "Позднее"

    meanwhile(monkeypatch, "write", sync)
    certificate = night.run("deals", depth="full")["deals"]
    assert (certificate.verdict, certificate.unresolved) == ("proven", 0)
    assert night.value("SELECT name FROM megaplan_raw.deals WHERE id = %(id)s", id=deal) == "Позднее"
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_the_audit_does_not_overwrite_what_another_run_has_just_written(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal, other = deals_with_positions(night)[:2]
    edit = "UPDATE megaplan_raw.deal_positions SET name = 'by hand' WHERE deal_id = %(id)s AND position = 0"
    night.by_hand(edit, id=deal)
    night.by_hand(edit, id=other)

    def sync() -> None:
        night.change(named(night, deal, "Позднее"))
        night.sync("deals")

    meanwhile(monkeypatch, "rederive", sync)
    certificates = night.run("deals", depth="ids")
    assert {each.verdict for each in certificates.values()} == {"proven"}
    positions = certificates["deal_positions"]
    assert (positions.stale, positions.repaired) == (1, 1)  # that of the other deal
    assert night.value("SELECT name FROM megaplan_raw.deals WHERE id = %(id)s", id=deal) == "Позднее"
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_syncs_and_changes_all_through_the_night(night: Night) -> None:
    """No update is lost, nobody waits for ever, and a quiet night proves it afterwards."""
    errors: list[BaseException] = []
    over = threading.Event()

    def sync_all_the_time() -> None:
        try:
            while not over.is_set():
                night.sync("deals")
        except BaseException as error:
            errors.append(error)

    def change_all_the_time() -> None:
        try:
            for seed in range(1000):
                if over.is_set():
                    return
                night.change(
                    {"op": "touch_many", "count": 3, "seed": seed},
                    {"op": "touch_many", "count": 2, "seed": -seed, "touch": False},
                    {"op": "create_deal", "fields": {"name": f"№ {seed}"}},
                )
                time.sleep(0.05)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=each) for each in (sync_all_the_time, change_all_the_time)]
    for thread in threads:
        thread.start()
    try:
        for depth in ("full", "ids"):
            certificates = night.run("deals", depth=depth)
            for certificate in certificates.values():
                assert certificate.verdict == "proven", certificate
                assert certificate.deleted == 0
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert not errors
    assert not any(thread.is_alive() for thread in threads)
    certificates = night.run(depth="full")
    assert {certificate.verdict for certificate in certificates.values()} == {"proven"}
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()
    (open_versions, deals) = night.database.execute(
        """SELECT count(*) FILTER (WHERE valid_to IS NULL), (SELECT count(*) FROM megaplan_raw.deals)
        FROM megaplan_raw.deal_versions"""
    ).fetchone() or (0, 0)
    assert open_versions == deals
