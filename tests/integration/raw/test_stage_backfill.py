"""Earlier stage moves are asked for, deal by deal, and replace what was only derived from the versions."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.exceptions import MegaplanRateLimitError, MegaplanServerError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.history.stage_backfill import BackfillOutcome, backfill_stage_moves
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import conftest
from tests.integration.conftest import UNHURRIED
from tests.integration.databases import create_loaded_database

from .stage_move_rows import Move, marks, moves

DEALS = 170
Sync = Callable[..., dict[str, EntityOutcome]]
Backfill = Callable[..., BackfillOutcome]


def asked(megaplan: EmulatedMegaplan) -> list[str]:
    """Return the routes asked, without the token's."""
    paths = [entry["path"].removeprefix("/api/v3") for entry in megaplan.control("requests")]
    return [path for path in paths if path != "/auth/access_token"]


class Truth:
    """Moves as the emulator's own status history gives them, read without this project's code for it."""

    def __init__(self, megaplan: EmulatedMegaplan, hook: MegaplanHook) -> None:
        self._megaplan = megaplan
        self._hook = hook

    def moves(self, *deals: int) -> set[Move]:
        """Return the moves of these deals, of all if none is named."""
        pipelines = {
            int(state["id"]): int(program["id"])
            for program in self._megaplan.control("state?entity=programs")
            for state in program["states"]
        }
        expected = set()
        for deal in deals or [
            int(card["id"]) for card in self._megaplan.control("state?entity=deals&fields=id")
        ]:
            for entry in self._hook.request("GET", f"/deal/{deal}/statusHistory").data:
                before = None if entry["fromStatus"] is None else int(entry["fromStatus"]["id"])
                after = int(entry["toStatus"]["id"])
                expected.add(
                    Move(
                        deal,
                        datetime.fromisoformat(entry["toStatusUpdated"]["value"]),
                        None if before is None else pipelines[before],
                        before,
                        pipelines[after],
                        after,
                        int(entry["toStatusUser"]["id"]),
                    )
                )
        self._megaplan.control("requests", method="DELETE")
        return expected


@pytest.fixture(scope="module")
def small_template(postgres: str, running_emulator: EmulatedMegaplan) -> Iterator[str]:
    """Name of a database into which an account was loaded that has fewer deals: each of them is asked for."""
    running_emulator.control("reset", {"deals": DEALS})
    yield create_loaded_database(postgres, running_emulator.connection(**UNHURRIED))
    running_emulator.control("reset", {"deals": conftest.DEALS})


@pytest.fixture
def template(small_template: str) -> str:
    return small_template


@pytest.fixture
def loaded(megaplan: EmulatedMegaplan) -> EmulatedMegaplan:
    """The emulated account, after its first load."""
    megaplan.control("requests", method="DELETE")
    return megaplan


@pytest.fixture
def truth(loaded: EmulatedMegaplan, connect: Callable[..., str]) -> Truth:
    return Truth(loaded, MegaplanHook(connect()))


@pytest.fixture
def backfill(database_uri: str, connect: Callable[..., str]) -> Backfill:
    """Run a back-fill; ``deals`` ends it after so many, further keyword arguments are settings."""

    def run(deals: int | None = None, **settings: Any) -> BackfillOutcome:
        hook = MegaplanHook(connect(**settings), sleep=lambda seconds: None)
        allowed = iter(range(deals)) if deals is not None else None
        with Session.open(database_uri) as connection:
            return backfill_stage_moves(
                hook,
                connection,
                hook.account,
                may_send=lambda: allowed is None or next(allowed, None) is not None,
            )

    return run


@pytest.mark.parametrize(
    ("status_history", "source", "requests"),
    [
        ("on", "status_history", DEALS),
        ("404", "change_history", DEALS + 1),
        ("403", "change_history", DEALS + 1),
    ],
)
def test_all_moves_are_read_with_one_request_for_each_deal(
    loaded: EmulatedMegaplan,
    truth: Truth,
    backfill: Backfill,
    database: Connection[Any],
    status_history: str,
    source: str,
    requests: int,
) -> None:
    expected = truth.moves()
    assert len(expected) > 2 * DEALS
    loaded.control("knobs", {"status_history": status_history})
    outcome = backfill()
    # a change history says nothing of a deal that never moved, which its versions show as well
    moved = {move.deal_id for move in expected if move.from_state_id is not None}
    unmoved = {move for move in expected if move.deal_id not in moved}
    assert unmoved
    if source == "status_history":
        assert moves(database, source) == expected
        assert moves(database, "versions") == set()
    else:
        assert moves(database, source) == expected - unmoved
        assert moves(database, "versions") == {move._replace(employee_id=None) for move in unmoved}
    assert len(asked(loaded)) == requests
    assert outcome == BackfillOutcome(
        deals=DEALS, moves=len(moves(database, source)), requests=requests + 1, left=0
    )
    assert marks(database) == dict.fromkeys({move.deal_id for move in expected}, source)
    assert backfill() == BackfillOutcome(), "who was asked is not asked again"


def test_newest_changed_first_and_no_further_than_requests_may_be_sent(
    loaded: EmulatedMegaplan, truth: Truth, backfill: Backfill, database: Connection[Any]
) -> None:
    (touched,) = loaded.control("mutate", {"op": "touch_many", "count": 7, "seed": 1})
    newest = {int(deal) for deal in touched["ids"]}
    database.execute(
        """UPDATE megaplan_raw.deals SET payload = jsonb_set(payload, '{timeUpdated,value}', to_jsonb(now()))
        WHERE id = ANY (%s)""",
        (list(newest),),
    )
    expected = truth.moves(*newest)
    outcome = backfill(deals=7)
    assert (outcome.deals, outcome.left, outcome.moves) == (7, DEALS - 7, len(expected))
    assert moves(database, "status_history") == expected
    assert marks(database).keys() == newest
    outcome = backfill(deals=150)  # more than are looked up at once
    assert (outcome.deals, outcome.left) == (150, DEALS - 157)
    assert backfill(deals=0).requests == 0
    outcome = backfill()
    assert (outcome.deals, outcome.left) == (DEALS - 157, 0)
    assert moves(database, "status_history") == truth.moves()
    assert moves(database, "versions") == set()


def test_moves_between_two_syncs_are_found(
    sync: Sync, loaded: EmulatedMegaplan, truth: Truth, backfill: Backfill, database: Connection[Any]
) -> None:
    for _ in range(3):
        loaded.control("mutate", [{"op": "advance_clock", "seconds": 60}, {"op": "move_stage", "id": 1001}])
    sync("deals")
    assert len(moves(database, "versions", 1001)) == 2, "three moves are seen as one"
    expected = truth.moves(1001)
    backfill(deals=1)
    assert moves(database, "status_history", 1001) == expected
    assert moves(database, "versions", 1001) == set()
    assert len(expected) >= 4

    loaded.control("mutate", [{"op": "advance_clock", "seconds": 60}, {"op": "move_stage", "id": 1001}])
    sync("deals")
    (latest,) = moves(database, "versions", 1001)
    assert latest._replace(employee_id=None) in {
        move._replace(employee_id=None) for move in truth.moves(1001) - expected
    }
    assert moves(database, "status_history", 1001) == expected, "what the history gave stays"


def test_long_histories_are_read_page_by_page(
    loaded: EmulatedMegaplan, truth: Truth, backfill: Backfill, database: Connection[Any]
) -> None:
    database.execute("DELETE FROM megaplan_raw.deals WHERE id <> 1001")
    for _ in range(25):
        loaded.control("mutate", [{"op": "advance_clock", "seconds": 60}, {"op": "move_stage", "id": 1001}])
    expected = truth.moves(1001)
    loaded.control("knobs", {"status_history": "404"})
    outcome = backfill(page_size=10)
    assert moves(database, "change_history") == expected
    assert outcome.moves == len(expected) >= 26
    assert asked(loaded)[:4] == ["/deal/1001/statusHistory", *["/deal/1001/history"] * 3]


def test_only_what_the_history_covers_is_replaced(
    loaded: EmulatedMegaplan, truth: Truth, backfill: Backfill, database: Connection[Any]
) -> None:
    """Derived moves after the newest one of the history stay, except the same one seen late."""
    expected = truth.moves(1001)
    newest = max(expected, key=lambda move: move.moved_at)
    database.execute("UPDATE megaplan_raw.deals SET moved_at = NULL WHERE id = 1001")
    other = newest.from_state_id or 1
    rows = [
        (newest.moved_at - timedelta(days=1), newest.to_state_id),
        (newest.moved_at, newest.to_state_id),
        (newest.moved_at + timedelta(minutes=5), newest.to_state_id),  # the newest one, seen late
        (newest.moved_at + timedelta(minutes=20), other),
        (newest.moved_at + timedelta(minutes=30), newest.to_state_id),
    ]
    database.cursor().executemany(
        """INSERT INTO megaplan_raw.past_deal_stage_moves (account, deal_id, moved_at, to_state_id, source)
        SELECT account, 1001, %s, %s, 'versions' FROM megaplan_raw.deals WHERE id = 1001""",
        rows,
    )
    backfill()
    assert moves(database, "status_history", 1001) == expected
    assert {(move.moved_at, move.to_state_id) for move in moves(database, "versions", 1001)} == set(rows[3:])


def test_what_a_history_has_told_stays_when_a_deal_is_asked_anew(
    loaded: EmulatedMegaplan, backfill: Backfill, database: Connection[Any]
) -> None:
    backfill()
    told_before = moves(database, "status_history")
    database.execute("DELETE FROM megaplan_sync.stage_backfills")
    loaded.control("knobs", {"status_history": "404"})
    outcome = backfill()
    assert (outcome.deals, outcome.moves) == (DEALS, 0)
    assert moves(database, "status_history") == told_before
    assert moves(database, "change_history") == set()


def test_a_deal_that_is_gone_is_noted_and_keeps_its_moves(
    loaded: EmulatedMegaplan, backfill: Backfill, database: Connection[Any]
) -> None:
    before = moves(database, "versions", 1001)
    loaded.control("mutate", {"op": "delete_deals", "ids": [1001]})
    outcome = backfill()
    assert (outcome.deals, outcome.gone, outcome.hidden, outcome.left) == (DEALS, 1, 0, 0)
    assert marks(database)[1001] == "gone"
    assert sorted(set(marks(database).values())) == ["gone", "status_history"], (
        "a gone deal is no missing route"
    )
    assert moves(database, "versions", 1001) == before


def test_a_hidden_deal_is_asked_again_once_a_sync_has_seen_it(
    sync: Sync, loaded: EmulatedMegaplan, truth: Truth, backfill: Backfill, database: Connection[Any]
) -> None:
    expected = truth.moves(1001)
    loaded.control("mutate", {"op": "revoke_visibility", "ids": [1001]})
    assert backfill().hidden == 1
    assert marks(database)[1001] == "hidden"
    loaded.control("mutate", {"op": "revoke_visibility", "restore": True})
    assert backfill().requests == 0
    loaded.control("mutate", {"op": "update_deal", "id": 1001, "fields": {"name": "Снова видна"}})
    sync("deals")
    assert backfill().deals == 1
    assert marks(database)[1001] == "status_history"
    assert moves(database, "status_history", 1001) == expected


def test_deleted_deals_are_not_asked(
    loaded: EmulatedMegaplan, backfill: Backfill, database: Connection[Any]
) -> None:
    database.execute("UPDATE megaplan_raw.deals SET deleted_at = now() WHERE id <> 1001")
    outcome = backfill()
    assert (outcome.deals, outcome.left) == (1, 0)
    assert asked(loaded) == ["/deal/1001/statusHistory"]


def test_deals_at_which_megaplan_fails_hold_nobody_up(
    loaded: EmulatedMegaplan, backfill: Backfill, database: Connection[Any]
) -> None:
    rows = database.execute("SELECT id FROM megaplan_raw.deals ORDER BY updated_at DESC LIMIT 6").fetchall()
    failing = {deal for (deal,) in rows[1::2]}
    paths = [f"/deal/{deal}/statusHistory" for deal in failing]
    loaded.control("faults", [{"kind": "500", "path": path} for path in paths])
    outcome = backfill()
    assert (outcome.deals, outcome.failed, outcome.left) == (DEALS - 3, 3, 3)
    assert not failing & marks(database).keys()
    loaded.control("faults", method="DELETE")
    outcome = backfill()
    assert (outcome.deals, outcome.failed, outcome.left) == (3, 0, 0)


def test_when_megaplan_fails_again_and_again_the_run_ends_and_what_was_read_stays(
    loaded: EmulatedMegaplan, backfill: Backfill, database: Connection[Any]
) -> None:
    loaded.control("faults", {"kind": "500", "path": "/deal/", "nth": 11, "count": 1000})
    with pytest.raises(MegaplanServerError):
        backfill()
    assert len(marks(database)) == 10
    loaded.control("faults", method="DELETE")
    assert backfill().deals == DEALS - 10


def test_spent_requests_end_the_run_at_once(
    loaded: EmulatedMegaplan, backfill: Backfill, database: Connection[Any]
) -> None:
    loaded.control("faults", {"kind": "429", "path": "/deal/", "nth": 11, "retry_after": 3600})
    with pytest.raises(MegaplanRateLimitError):
        backfill()
    assert len(marks(database)) == 10
    assert len(asked(loaded)) == 11


def test_a_deal_is_settled_as_a_whole_or_not_at_all(
    loaded: EmulatedMegaplan, truth: Truth, backfill: Backfill, database: Connection[Any]
) -> None:
    before = moves(database, "versions")
    database.execute(
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON megaplan_sync.stage_backfills EXECUTE FUNCTION refuse()"""
    )
    with pytest.raises(psycopg.errors.RaiseException, match="not today"):
        backfill()
    assert moves(database, "versions") == before
    assert moves(database, "status_history") == set()
    database.execute("DROP TRIGGER refuse ON megaplan_sync.stage_backfills")
    backfill()
    assert moves(database, "status_history") == truth.moves()


def test_a_move_that_a_sync_derives_at_the_same_time_is_overruled(
    truth: Truth, backfill: Backfill, database: Connection[Any], database_uri: str
) -> None:
    database.execute("DELETE FROM megaplan_raw.deals WHERE id <> 1001")
    database.execute("UPDATE megaplan_raw.deals SET moved_at = NULL")
    expected = truth.moves(1001)
    newest = max(expected, key=lambda move: move.moved_at)
    with psycopg.connect(database_uri) as sync, ThreadPoolExecutor(1) as thread:
        sync.execute(
            """INSERT INTO megaplan_raw.past_deal_stage_moves (account, deal_id, moved_at, to_state_id, source)
            SELECT account, id, %s, %s, 'versions' FROM megaplan_raw.deals""",
            (newest.moved_at, newest.to_state_id),
        )
        running = thread.submit(backfill)
        give_up = time.monotonic() + 30
        waiting = """SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        while database.execute(waiting).fetchone() == (0,):
            assert time.monotonic() < give_up
            time.sleep(0.02)
        sync.commit()
        assert running.result().moves == len(expected)
    assert moves(database, "status_history") == expected
    assert moves(database, "versions") == set()
