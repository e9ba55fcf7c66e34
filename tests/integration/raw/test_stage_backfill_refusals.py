"""A back-fill of stage moves where Megaplan shows no history, or one that cannot be read whole."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw.history.stage_backfill import BackfillOutcome, backfill_stage_moves
from megaplan_sync.raw.schema import prepare_raw_schema
from tests.integration.conftest import UNHURRIED
from tests.integration.databases import EMPTY
from tests.unit.megaplan_hook.fake_server import FakeMegaplan, Reply, Request, envelope

from .stage_move_rows import Move, marks, moves


@pytest.fixture
def fake() -> Iterator[FakeMegaplan]:
    server = FakeMegaplan()
    yield server
    server.close()


@pytest.fixture
def backfill_fake(
    fake: FakeMegaplan, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], BackfillOutcome]:
    """Five deals in stage 51, one derived move each; run a back-fill over them."""
    hook = MegaplanHook(sleep=lambda seconds: None)
    settings = "&".join(f"{name}={value}" for name, value in UNHURRIED.items())
    address = fake.url.removeprefix("http://")
    monkeypatch.setenv(
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT", f"megaplan://robot:word@http%3A%2F%2F{address}/?{settings}"
    )
    prepare_raw_schema(database)
    database.execute(
        """INSERT INTO megaplan_raw.deals (account, payload, content_hash, valid_from, moved_at)
        SELECT %(account)s,
          jsonb_build_object('id', id, 'program', '{"id": "5"}'::jsonb, 'state', '{"id": "51"}'::jsonb),
          '', '2026-09-01T00:00Z', '2026-09-01T00:00Z'
        FROM generate_series(1, 5) AS id""",
        {"account": hook.account},
    )
    return lambda: backfill_stage_moves(hook, database, hook.account, may_send=lambda: True)


@pytest.mark.parametrize("template", [EMPTY])
@pytest.mark.parametrize("status", [403, 404])
def test_an_account_without_any_history_is_not_asked_about_every_deal(
    backfill_fake: Callable[[], BackfillOutcome], fake: FakeMegaplan, database: Connection[Any], status: int
) -> None:
    def answer(request: Request) -> Reply:
        if request.path.endswith("istory"):
            return Reply(envelope({}, status), status)
        return Reply(envelope({"contentType": "Deal", "id": "1"}))

    fake.answer = answer
    outcome = backfill_fake()
    assert (outcome.deals, outcome.failed, outcome.left, outcome.gone) == (0, 3, 5, 0)
    assert len(fake.asked()) == 9
    assert marks(database) == {}
    assert len(moves(database, "versions")) == 5


@pytest.mark.parametrize("template", [EMPTY])
def test_what_was_derived_stays_beside_a_history_that_cannot_be_read_whole(
    backfill_fake: Callable[[], BackfillOutcome], fake: FakeMegaplan, database: Connection[Any]
) -> None:
    moment = {"contentType": "DateTime", "value": "2026-09-02T00:00:00+00:00"}
    stage = {"contentType": "ProgramState", "id": "52"}
    entries = [
        {"contentType": "DealStatusHistory", "id": "1", "toStatus": stage, "toStatusUpdated": moment},
        {"contentType": "DealStatusHistory", "id": "2", "toStatus": None, "toStatusUpdated": moment},
    ]
    fake.in_turn(Reply(envelope(entries[:1])), Reply(envelope(entries)))
    assert backfill_fake().deals == 5
    read_at = datetime(2026, 9, 2, tzinfo=UTC)
    assert moves(database, "status_history") == {
        Move(deal, read_at, None, None, None, 52, None) for deal in range(1, 6)
    }
    assert {move.deal_id for move in moves(database, "versions")} == {1, 2, 3, 4}, "5 was asked first"
    assert set(marks(database).values()) == {"status_history"}
