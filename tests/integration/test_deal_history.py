"""Every version of a deal that was seen is kept, with the stage moves that follow, and nothing that was not."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.deal_history import DealHistory
from megaplan_sync.outcome import EntityOutcome
from megaplan_sync.raw_schema import prepare_raw_schema

from . import truth
from .conftest import DEALS
from .databases import EMPTY
from .test_deals_faults import KilledLoad

Sync = Callable[..., dict[str, EntityOutcome]]

MICROSECOND = timedelta(microseconds=1)
ACCOUNT = "mp1"
DEAL = 7


class Version(NamedTuple):
    """What the tests look at."""

    valid_from: datetime
    valid_to: datetime | None
    name: str | None
    state_id: int | None
    updated_at: datetime | None
    has_payload: bool
    content_hash: str


class Move(NamedTuple):
    """A row of ``deal_stage_moves``."""

    moved_at: datetime
    from_state_id: int | None
    to_state_id: int


def versions(database: Connection[Any], deal: int | str) -> list[Version]:
    """Return the versions of a deal, oldest first."""
    rows = database.execute(
        """SELECT valid_from, valid_to, name, state_id, updated_at, payload IS NOT NULL, content_hash
        FROM megaplan_raw.deal_versions WHERE deal_id = %s ORDER BY valid_from""",
        (deal,),
    )
    return [Version(*row) for row in rows]


def moves(database: Connection[Any], deal: int | str) -> list[Move]:
    """Return the moves of a deal, oldest first."""
    rows = database.execute(
        """SELECT moved_at, from_state_id, to_state_id FROM megaplan_raw.deal_stage_moves
        WHERE deal_id = %s ORDER BY moved_at""",
        (deal,),
    )
    return [Move(*row) for row in rows]


def payload_of(database: Connection[Any], deal: int | str) -> Any:
    return (
        database.execute("SELECT payload FROM megaplan_raw.deals WHERE id = %s", (deal,)).fetchone() or ()
    )[0]


def history(database: Connection[Any]) -> list[tuple[Any, ...]]:
    """Return which transaction wrote each row of both tables: a row written anew has another one."""
    return database.execute(
        """SELECT deal_id, valid_from, xmin::text FROM megaplan_raw.deal_versions
        UNION ALL SELECT deal_id, moved_at, xmin::text FROM megaplan_raw.deal_stage_moves ORDER BY 1, 2, 3"""
    ).fetchall()


def now(database: Connection[Any]) -> datetime:
    moment = (database.execute("SELECT now()").fetchone() or ())[0]
    assert isinstance(moment, datetime)
    return moment


def card(megaplan: EmulatedMegaplan, deal: int | str) -> dict[str, Any]:
    (found,) = megaplan.control(f"state?entity=deals&ids={deal}")
    assert isinstance(found, dict)
    return found


def moment(card: dict[str, Any], field: str) -> datetime:
    return datetime.fromisoformat(card[field]["value"])


def active_deal(megaplan: EmulatedMegaplan, *, updated_after_its_move: bool = False) -> dict[str, Any]:
    """Return the card of a deal that can go on, with positions."""
    found: dict[str, Any] = next(
        card
        for card in megaplan.control("state?entity=deals")
        if card["result"] == "active"
        and card.get("positions")
        and (not updated_after_its_move or card["timeUpdated"] != card["stateTimeUpdated"])
    )
    return found


def assert_the_history_fits(database: Connection[Any], gone: Sequence[int] = ()) -> None:
    """Every present deal has exactly one open version, equal to it, and the versions before lead up to it."""
    compared = """number, name, program_id, state_id, state_changed_at, result, manager_id, contractor_id,
        contact_id, price, price_currency, price_in_main, cost, cost_currency, updated_at, content_hash"""
    unequal = database.execute(
        f"""(SELECT account, id, {compared} FROM megaplan_raw.deals WHERE deleted_at IS NULL
          EXCEPT ALL
          SELECT account, deal_id, {compared} FROM megaplan_raw.deal_versions WHERE valid_to IS NULL)
        UNION ALL
        (SELECT account, deal_id, {compared} FROM megaplan_raw.deal_versions WHERE valid_to IS NULL
          EXCEPT ALL
          SELECT account, id, {compared} FROM megaplan_raw.deals WHERE deleted_at IS NULL)"""
    ).fetchall()
    assert unequal == []
    broken = database.execute(
        """SELECT * FROM (
          SELECT deal_id, valid_from, valid_to, payload,
            lead(valid_from) OVER (PARTITION BY account, deal_id ORDER BY valid_from) AS next_from
          FROM megaplan_raw.deal_versions
        ) AS version
        WHERE deal_id <> ALL (%s)
          AND (valid_to IS DISTINCT FROM next_from OR valid_to <= valid_from
            OR (payload IS NULL) <> (valid_to IS NULL))""",
        (list(gone),),
    ).fetchall()
    assert broken == []
    last_moves = database.execute(
        """SELECT DISTINCT ON (deal_id) deal_id, to_state_id FROM megaplan_raw.deal_stage_moves
        ORDER BY deal_id, moved_at DESC"""
    ).fetchall()
    stages = database.execute("SELECT id, state_id FROM megaplan_raw.deals").fetchall()
    assert sorted(last_moves) == sorted(stages)


@pytest.fixture
def template(loaded_template: str) -> str:
    """Most of these tests begin with a loaded account."""
    return loaded_template


# -- over the whole way, from Megaplan


@pytest.mark.parametrize("template", [EMPTY])
def test_the_first_load_opens_a_version_of_each_deal(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    assert_the_history_fits(database)
    cards = {int(card["id"]): card for card in megaplan.control("state?entity=deals")}
    begun = dict(database.execute("SELECT deal_id, valid_from FROM megaplan_raw.deal_versions").fetchall())
    assert begun == {deal: moment(card, "timeUpdated") for deal, card in cards.items()}
    first_moves = database.execute(
        """SELECT deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id, source
        FROM megaplan_raw.deal_stage_moves"""
    ).fetchall()
    assert len(first_moves) == DEALS
    for deal, *told in first_moves:
        card = cards[deal]
        stage = int(card["program"]["id"]), int(card["state"]["id"])
        assert told == [moment(card, "stateTimeUpdated"), None, None, *stage, None, "versions"]


def test_what_has_not_changed_makes_no_history(sync: Sync, database: Connection[Any]) -> None:
    before = history(database)
    sync("deals")
    sync("deals", full_refresh=True)
    assert history(database) == before


def test_a_changed_deal_gets_a_version_from_megaplans_time_on_and_the_old_one_keeps_its_payload(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)["id"]
    payload, (first,) = payload_of(database, deal), versions(database, deal)
    megaplan.control("mutate", {"op": "update_deal", "id": deal, "fields": {"name": "Вторая"}})
    sync("deals")
    old, new = versions(database, deal)
    changed_at = moment(card(megaplan, deal), "timeUpdated")
    assert changed_at > first.valid_from
    assert old == first._replace(valid_to=changed_at, has_payload=True)
    assert (new.valid_from, new.valid_to, new.name, new.has_payload) == (changed_at, None, "Вторая", False)
    kept = database.execute(
        "SELECT payload FROM megaplan_raw.deal_versions WHERE deal_id = %s AND valid_to IS NOT NULL", (deal,)
    ).fetchall()
    assert kept == [(payload,)]
    assert len(moves(database, deal)) == 1, "a new name is no move"
    (total,) = database.execute("SELECT count(*) FROM megaplan_raw.deal_versions").fetchone() or (0,)
    assert total == DEALS + 1


def test_several_changes_between_two_syncs_are_one_version(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)["id"]
    for name in ("Вторая", "Третья"):
        megaplan.control("mutate", {"op": "update_deal", "id": deal, "fields": {"name": name}})
        megaplan.control("mutate", {"op": "advance_clock", "seconds": 60})
    sync("deals")
    assert [version.name for version in versions(database, deal)][1:] == ["Третья"]


def test_a_change_that_does_not_move_time_updated_counts_from_when_it_was_seen(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    (first,), first_moves = versions(database, deal["id"]), moves(database, deal["id"])
    offer = {"contentType": "OfferRow", "offer": {"contentType": "Offer", "id": "2900"}, "quantity": 41}
    mutation = {"op": "set_positions", "id": deal["id"], "positions": [offer], "touch": False}
    megaplan.control("mutate", mutation)
    began = now(database)
    sync("deals", full_refresh=True)
    old, new = versions(database, deal["id"])
    assert new.updated_at == first.updated_at
    assert began < new.valid_from < now(database)
    assert old == first._replace(valid_to=new.valid_from, has_payload=True)
    assert moves(database, deal["id"]) == first_moves
    assert_the_history_fits(database)


def test_a_version_begins_after_the_one_before_although_megaplans_clock_is_ahead(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)["id"]
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 86_400})
    megaplan.control("mutate", {"op": "update_deal", "id": deal, "fields": {"name": "Завтра"}})
    sync("deals")
    megaplan.control("mutate", {"op": "remove_position", "id": deal, "position": 0, "touch": False})
    sync("deals", full_refresh=True)
    _, tomorrow, seen = versions(database, deal)
    assert tomorrow.valid_from == moment(card(megaplan, deal), "timeUpdated") > now(database)
    assert seen.valid_from == tomorrow.valid_to == tomorrow.valid_from + MICROSECOND
    assert_the_history_fits(database)


def test_a_move_is_dated_by_megaplan(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    stages, times = [int(deal["state"]["id"])], [moment(deal, "stateTimeUpdated")]
    for _ in range(3):
        megaplan.control("mutate", {"op": "advance_clock", "seconds": 60})
        (moved,) = megaplan.control("mutate", {"op": "move_stage", "id": deal["id"]})
        stages.append(int(moved["state"]))
        times.append(moment(card(megaplan, deal["id"]), "stateTimeUpdated"))
        sync("deals")
    back = {"op": "move_stage", "id": deal["id"], "state": stages[0]}
    megaplan.control("mutate", [{"op": "advance_clock", "seconds": 60}, back])
    megaplan.control(
        "mutate",
        [
            {"op": "advance_clock", "seconds": 60},  # something else is changed later, and seen together
            {"op": "update_deal", "id": deal["id"], "fields": {"name": "Другая"}},
        ],
    )
    sync("deals")
    stages.append(stages[0])
    times.append(moment(card(megaplan, deal["id"]), "stateTimeUpdated"))
    assert times[-1] < moment(card(megaplan, deal["id"]), "timeUpdated")
    expected = [
        Move(at, before, after) for at, before, after in zip(times, [None, *stages], stages, strict=False)
    ]
    assert moves(database, deal["id"]) == expected
    assert_the_history_fits(database)


def test_a_move_that_does_not_move_time_updated_is_dated_by_megaplan_all_the_same(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    (moved,) = megaplan.control("mutate", {"op": "move_stage", "id": deal["id"], "touch": False})
    sync("deals", full_refresh=True)
    changed = card(megaplan, deal["id"])
    assert changed["timeUpdated"] == deal["timeUpdated"]
    assert moves(database, deal["id"])[1:] == [
        Move(moment(changed, "stateTimeUpdated"), int(deal["state"]["id"]), int(moved["state"]))
    ]


def test_a_renamed_stage_is_neither_a_version_nor_a_move(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = history(database)
    stage = active_deal(megaplan)["state"]["id"]
    megaplan.control("mutate", {"op": "rename_stage", "id": stage, "name": "Иначе"})
    sync("pipelines", "deals", full_refresh=True)
    assert history(database) == before


def test_a_row_that_somebody_changed_here_is_written_anew_and_makes_no_history(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = history(database)
    database.execute(
        "UPDATE megaplan_raw.deals SET name = 'рукой', state_id = 1, content_hash = 'other' WHERE id < 1100"
    )
    assert sync("deals", full_refresh=True)["deals"].updated > 50
    assert history(database) == before
    assert_the_history_fits(database)


def test_a_deal_changed_here_and_in_megaplan_keeps_what_megaplan_had(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    database.execute("UPDATE megaplan_raw.deals SET name = 'рукой' WHERE id = %s", (deal["id"],))
    megaplan.control("mutate", {"op": "update_deal", "id": deal["id"], "fields": {"name": "Новая"}})
    sync("deals")
    assert [version.name for version in versions(database, deal["id"])] == [deal["name"], "Новая"]


def test_rows_deleted_here_by_hand_come_back_to_their_version(sync: Sync, database: Connection[Any]) -> None:
    before = history(database)
    database.execute("DELETE FROM megaplan_raw.deals WHERE id < 1100")
    sync("deals", full_refresh=True)
    assert history(database) == before
    assert_the_history_fits(database)


def test_deals_with_and_without_versions_may_come_in_one_page(sync: Sync, database: Connection[Any]) -> None:
    def rows() -> list[tuple[Any, ...]]:
        return [row[:2] for row in history(database)]

    before = rows()
    database.execute("DELETE FROM megaplan_raw.deals WHERE id < 1200")
    database.execute("DELETE FROM megaplan_raw.deal_versions WHERE deal_id < 1200 AND deal_id %% 2 = 0", ())
    database.execute(
        "DELETE FROM megaplan_raw.deal_stage_moves WHERE deal_id < 1200 AND deal_id %% 2 = 0", ()
    )
    assert len(rows()) < len(before)
    sync("deals", full_refresh=True)
    assert rows() == before
    assert_the_history_fits(database)


def test_many_rounds_of_changes_leave_chains_without_gaps(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deals = [card["id"] for card in megaplan.control("state?entity=deals&fields=id")]
    expected = DEALS
    for seed in range(4):
        megaplan.control("mutate", {"op": "advance_clock", "seconds": 30})
        megaplan.control("mutate", {"op": "touch_many", "count": 150, "seed": seed})
        expected += 150
        moving = [{"op": "move_stage", "id": deal} for deal in deals[seed:100:7]]
        megaplan.control("mutate", moving)
        expected += sync("deals", page_size=40)["deals"].updated - 150
    assert_the_history_fits(database)
    (total,) = database.execute("SELECT count(*) FROM megaplan_raw.deal_versions").fetchone() or (0,)
    assert total == expected


# -- deleted and returned


def mark_deleted(database: Connection[Any], *deals: int) -> int:
    with database.transaction():
        database.execute(
            """UPDATE megaplan_raw.deals SET deleted_at = now(), deletion_evidence = '{"status": 404}'
            WHERE id = ANY (%s)""",
            (list(deals),),
        )
        (account,) = database.execute("SELECT account FROM megaplan_raw.deals LIMIT 1").fetchone() or ("",)
        return DealHistory.close(database, account, deals)


def test_a_deleted_deal_ends_its_version_once(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    payload, others = payload_of(database, 1001), [row for row in history(database) if row[0] != 1001]
    first_moves = moves(database, 1001)
    assert mark_deleted(database, 1001) == 1
    (account, deleted_at) = database.execute(
        "SELECT account, deleted_at FROM megaplan_raw.deals WHERE id = 1001"
    ).fetchone() or (None, None)
    assert database.execute(
        "SELECT valid_to, payload FROM megaplan_raw.deal_versions WHERE deal_id = 1001"
    ).fetchall() == [(deleted_at, payload)]
    assert moves(database, 1001) == first_moves
    assert DealHistory.close(database, str(account), [1001, 1002]) == 0, "1001 is ended, 1002 not deleted"
    assert DealHistory.close(database, str(account), []) == 0
    assert [row for row in history(database) if row[0] != 1001] == others


def test_a_deal_that_returns_opens_a_new_version(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    mark_deleted(database, 1001, 1002)
    (second,) = megaplan.control("mutate", {"op": "move_stage", "id": 1002})
    sync("deals", full_refresh=True)
    gone, returned = versions(database, 1001)
    assert (gone.has_payload, returned.has_payload) == (True, False)
    assert gone.valid_to is not None
    assert gone.valid_to < returned.valid_from < now(database)
    assert (returned.valid_to, returned.content_hash) == (None, gone.content_hash)
    assert len(moves(database, 1001)) == 1, "it is where it was"
    assert [move.to_state_id for move in moves(database, 1002)][1:] == [int(second["state"])]
    assert_the_history_fits(database, gone=[1001, 1002])


@pytest.mark.parametrize("template", [EMPTY])
def test_a_version_that_began_ahead_of_this_clock_ends_after_its_begin(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 86_400})
    megaplan.control("mutate", {"op": "update_deal", "id": 1001, "fields": {"name": "Завтра"}})
    sync("custom_fields", "deals")
    mark_deleted(database, 1001)
    (gone,) = versions(database, 1001)
    assert gone.valid_to == gone.valid_from + MICROSECOND
    sync("deals", full_refresh=True)
    assert versions(database, 1001)[1].valid_from == gone.valid_to + MICROSECOND


# -- nothing half done


def test_history_and_rows_are_written_together(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = history(database)
    database.execute(
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no moves today'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON megaplan_raw.deal_stage_moves EXECUTE FUNCTION refuse()"""
    )
    megaplan.control("mutate", {"op": "move_stage", "id": 1001})
    unmoved = truth.loaded_deals(database)
    with pytest.raises(Exception, match="no moves today"):
        sync("deals")
    assert truth.loaded_deals(database) == unmoved
    assert history(database) == before
    database.execute("DROP TRIGGER refuse ON megaplan_raw.deal_stage_moves")
    sync("deals")
    assert len(moves(database, 1001)) == len(versions(database, 1001)) == 2
    assert_the_history_fits(database)


@pytest.mark.parametrize("template", [EMPTY])
def test_a_killed_load_leaves_whole_histories(
    sync: Sync,
    connect: Callable[..., str],
    database: Connection[Any],
    database_uri: str,
    megaplan: EmulatedMegaplan,
    tmp_path: Path,
) -> None:
    connect(page_size=20)
    KilledLoad(database_uri, megaplan, tmp_path).until(10, "custom_fields", "deals")
    assert 0 < len(truth.loaded_deals(database)) < DEALS
    assert_the_history_fits(database)
    sync("deals", page_size=20)
    assert_the_history_fits(database)
    assert len(history(database)) == 2 * DEALS
    megaplan.control("mutate", {"op": "touch_many", "count": 200, "seed": 2})
    connect(page_size=10)
    KilledLoad(database_uri, megaplan, tmp_path).until(8, "deals")
    assert_the_history_fits(database)
    sync("deals")
    assert_the_history_fits(database)
    assert len(history(database)) == 2 * DEALS + 200


# -- the rules, one by one


def at(minute: int) -> datetime:
    """Return a moment that is long past for this clock."""
    return datetime(2026, 1, 1, 12, minute, tzinfo=UTC)


def write(
    database: Connection[Any],
    content_hash: str,
    *,
    id: int = DEAL,
    beside: Sequence[int] = (),
    **columns: Any,
) -> None:
    """Write a deal as a page does; ``beside`` are others of the page, which are equal to what they were."""
    row = {"id": id, "state_id": 1, "program_id": 14, "payload": f'{{"is": "{content_hash}"}}', **columns}
    history = DealHistory()
    with database.transaction():
        history.before(database, ACCOUNT, [id])
        database.execute("DELETE FROM megaplan_raw.deals WHERE id = %s", (id,))
        database.execute(
            """INSERT INTO megaplan_raw.deals
              (account, id, program_id, state_id, state_changed_at, created_at, updated_at, payload, content_hash)
            VALUES (%(account)s, %(id)s, %(program_id)s, %(state_id)s, %(state_changed_at)s, %(created_at)s,
              %(updated_at)s, %(payload)s, %(content_hash)s)""",
            {
                **dict.fromkeys(("state_changed_at", "created_at", "updated_at")),
                "account": ACCOUNT, "content_hash": content_hash, **row,
            },
        )  # fmt: skip
        history.after(database, ACCOUNT, [id, *beside])


@pytest.mark.parametrize("template", [EMPTY])
@pytest.mark.parametrize(
    ("columns", "valid_from", "moved_at"),
    [
        ({"updated_at": at(3), "created_at": at(1), "state_changed_at": at(2)}, at(3), at(2)),
        ({"updated_at": at(3), "created_at": at(1)}, at(3), at(1)),
        ({"updated_at": at(3)}, at(3), at(3)),
        ({"created_at": at(1)}, at(1), at(1)),
        ({}, None, None),
    ],
    ids=["all times", "no state time", "updated only", "created only", "none: now"],
)
@pytest.mark.parametrize("beside", [[], [8]], ids=["among new deals", "beside a known deal"])
def test_where_the_first_version_and_the_first_move_begin(
    database: Connection[Any],
    columns: dict[str, Any],
    valid_from: datetime | None,
    moved_at: datetime | None,
    beside: list[int],
) -> None:
    prepare_raw_schema(database)
    for known in beside:
        write(database, "known", id=known)
    began = now(database)
    write(database, "a", beside=beside, **columns)
    assert [len(versions(database, known)) for known in beside] == [1] * len(beside)
    ((found, *_),), ((moved, *_),) = versions(database, DEAL), moves(database, DEAL)
    if valid_from is None:
        assert began < found == moved < now(database)
    else:
        assert (found, moved) == (valid_from, moved_at)


@pytest.mark.parametrize("template", [EMPTY])
@pytest.mark.parametrize(
    ("before", "after", "valid_from", "moved_at"),
    [
        (
            {"updated_at": at(1), "state_changed_at": at(1)},
            {"updated_at": at(3), "state_changed_at": at(2)},
            at(3),
            at(2),
        ),
        ({"updated_at": at(1)}, {"updated_at": at(3), "state_changed_at": at(2)}, at(3), at(2)),
        (
            {"updated_at": at(1), "state_changed_at": at(1)},
            {"updated_at": at(3), "state_changed_at": at(1)},
            at(3),
            at(3),
        ),
        ({"updated_at": at(1), "state_changed_at": at(1)}, {"updated_at": at(3)}, at(3), at(3)),
        ({"updated_at": at(3)}, {"updated_at": at(3), "state_changed_at": at(2)}, None, None),
        ({"updated_at": at(1)}, {"updated_at": at(1), "state_changed_at": at(2)}, None, at(2)),
        (
            {"updated_at": at(3), "state_changed_at": at(1)},
            {"updated_at": at(4), "state_changed_at": at(2)},
            at(4),
            at(2),
        ),
        ({"updated_at": at(3)}, {"updated_at": at(1)}, None, None),
        ({"updated_at": at(3)}, {}, None, None),
        ({"created_at": at(1)}, {"updated_at": at(2)}, at(2), at(2)),
    ],
    ids=[
        "all moved",
        "the state's time appears",
        "the state's time stays",
        "the state's time vanishes",
        "the state's time appears, and is older than the version",
        "only the state's time moved",
        "the state's time moved to before the version: it was seen too late for that",
        "timeUpdated goes back",
        "timeUpdated vanishes",
        "timeUpdated appears",
    ],
)
def test_where_the_next_version_and_its_move_begin(
    database: Connection[Any],
    before: dict[str, Any],
    after: dict[str, Any],
    valid_from: datetime | None,
    moved_at: datetime | None,
) -> None:
    prepare_raw_schema(database)
    write(database, "a", **before)
    began = now(database)
    write(database, "b", state_id=2, **after)
    first, second = versions(database, DEAL)
    _, move = moves(database, DEAL)
    assert first.valid_to == second.valid_from
    assert (
        began < second.valid_from < now(database) if valid_from is None else second.valid_from == valid_from
    )
    assert move == Move(second.valid_from if moved_at is None else moved_at, 1, 2)
    kept = database.execute("SELECT payload FROM megaplan_raw.deal_versions ORDER BY valid_from").fetchall()
    assert kept == [({"is": "a"},), (None,)]


@pytest.mark.parametrize("template", [EMPTY])
def test_another_pipeline_is_a_move_and_a_hidden_stage_is_none(database: Connection[Any]) -> None:
    prepare_raw_schema(database)
    write(database, "a", updated_at=at(1), state_id=None)
    write(database, "b", updated_at=at(2), state_id=5)
    write(database, "c", updated_at=at(3), state_id=5, program_id=15)
    write(database, "d", updated_at=at(4), state_id=None, program_id=15)
    write(database, "e", updated_at=at(5), state_id=6, program_id=15)
    assert database.execute(
        """SELECT moved_at, from_program_id, from_state_id, to_program_id, to_state_id
        FROM megaplan_raw.deal_stage_moves ORDER BY moved_at"""
    ).fetchall() == [
        (at(2), 14, None, 14, 5),
        (at(3), 14, 5, 15, 5),
        (at(5), 15, None, 15, 6),
    ]  # fmt: skip
    assert len(versions(database, DEAL)) == 5
