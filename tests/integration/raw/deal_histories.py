"""What the tests of deal histories look at: versions, stage moves, and whether they fit together."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection

from megaplan_sync.raw.outcome import EntityOutcome

Sync = Callable[..., dict[str, EntityOutcome]]
MICROSECOND = timedelta(microseconds=1)


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
    """Return all versions and moves, those of the past with the transaction that wrote them."""
    return database.execute(
        """SELECT deal_id, valid_from, xmin::text FROM megaplan_raw.past_deal_versions
        UNION ALL SELECT deal_id, moved_at, xmin::text FROM megaplan_raw.past_deal_stage_moves
        UNION ALL SELECT id, valid_from, 'present version' FROM megaplan_raw.deals
        UNION ALL SELECT id, moved_at, 'present stage' FROM megaplan_raw.deals ORDER BY 1, 2, 3"""
    ).fetchall()


def now(database: Connection[Any]) -> datetime:
    moment = (database.execute("SELECT now()").fetchone() or ())[0]
    assert isinstance(moment, datetime)
    return moment


def moment(card: dict[str, Any], field: str) -> datetime:
    return datetime.fromisoformat(card[field]["value"])


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
