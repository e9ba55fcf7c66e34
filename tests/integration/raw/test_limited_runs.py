"""Lists that cannot be read, or not for long: what can be read is read, and the run ends."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.exceptions import EntitiesFailedError
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import MOST_IN_A_ROW, AccountSync
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation


class FreeBudget:
    """Lets everything pass."""

    def acquire(self) -> None: ...

    def back_off(self, seconds: float) -> None: ...

    def remaining(self) -> int | None:
        return None


@pytest.fixture
def template(loaded_template: str) -> str:
    """These tests begin with a loaded account."""
    return loaded_template


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def hook(connect: Callable[..., str], slept: list[float]) -> MegaplanHook:
    return MegaplanHook(connect(directories_every_minutes=0), budget=FreeBudget(), sleep=slept.append)


def limit(megaplan: EmulatedMegaplan, path: str, retry_after: str | None) -> None:
    fault = {"kind": "429", "path": path, "count": 10_000}
    megaplan.control("faults", fault if retry_after is None else {**fault, "retry_after": retry_after})


@pytest.mark.parametrize("retry_after", [None, "0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_one_limited_list_pauses_after_a_minute_and_stops_no_other(
    hook: MegaplanHook,
    slept: list[float],
    database_uri: str,
    megaplan: EmulatedMegaplan,
    retry_after: str | None,
) -> None:
    limit(megaplan, "/currency", retry_after)
    with Session.open(database_uri) as connection:
        outcomes = AccountSync(hook, connection, run_id=uuid4().hex).run((), full_refresh=False)
    (pause,) = [outcome.partial for outcome in outcomes if outcome.partial]
    assert "Megaplan answered 429 to /currency" in pause
    assert len(outcomes) == len(ALL_ENTITIES)
    assert 15 < sum(slept) <= 60
    assert min(slept) >= 1


@pytest.mark.parametrize("fault", [{"kind": "html"}, {"kind": "empty"}, {"kind": "close"}], ids=str)
def test_a_list_that_gets_no_answer_of_megaplans_stops_no_other(
    hook: MegaplanHook, database_uri: str, megaplan: EmulatedMegaplan, fault: dict[str, str]
) -> None:
    """A proxy's page instead of currencies ended the run before any deal was read."""
    megaplan.control("faults", {**fault, "path": "/currency"})
    with Session.open(database_uri) as connection, pytest.raises(EntitiesFailedError) as caught:
        AccountSync(hook, connection, run_id=uuid4().hex).run((), full_refresh=False)
    assert caught.value.failures.keys() == {f"currencies of {hook.account}"}
    with Session.open(database_uri) as connection:
        night = AccountReconciliation(
            hook, connection, run_id=uuid4().hex, depth="ids", sleep=lambda seconds: None
        )
        with pytest.raises(EntitiesFailedError):
            night.run(("currencies", "departments", "deals"))
        verdicts = connection.execute(
            "SELECT entity, verdict FROM megaplan_sync.reconciliations WHERE entity IN ('currencies', 'deals')"
        ).fetchall()
    assert dict(verdicts) == {"currencies": "stopped", "deals": "proven"}


def test_an_account_that_cannot_be_reached_ends_the_run_after_two_lists(
    hook: MegaplanHook, database_uri: str, megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("faults", {"kind": "close", "path": ""})
    with Session.open(database_uri) as connection, pytest.raises(EntitiesFailedError) as caught:
        AccountSync(hook, connection, run_id=uuid4().hex).run((), full_refresh=False)
    assert len(caught.value.failures) == MOST_IN_A_ROW
    assert caught.value.retryable


def test_a_limited_account_ends_the_run_after_two_lists(
    hook: MegaplanHook, slept: list[float], database_uri: str, megaplan: EmulatedMegaplan
) -> None:
    hook.current_user()
    limit(megaplan, "", None)
    with Session.open(database_uri) as connection:
        outcomes = AccountSync(hook, connection, run_id=uuid4().hex).run((), full_refresh=False)
    assert len([outcome for outcome in outcomes if outcome.partial]) == len(outcomes) == MOST_IN_A_ROW
    assert sum(slept) <= 60 * MOST_IN_A_ROW


def test_a_limited_account_ends_the_night_as_well(
    hook: MegaplanHook, slept: list[float], database_uri: str, megaplan: EmulatedMegaplan
) -> None:
    hook.current_user()
    for path in ("/deal", "/contractor", "/program", "/employee", "/department", "/currency"):
        limit(megaplan, path, "0")
    with Session.open(database_uri) as connection:
        certificates = AccountReconciliation(
            hook, connection, run_id=uuid4().hex, depth="full", sleep=lambda seconds: None
        ).run(ALL_ENTITIES)
    assert {each.verdict for each in certificates if each.entity != "custom_fields"} == {"partial"}
    assert sum(slept) <= 60 * 3
