"""Random histories of an account: a certificate says *proven* only of a table in which every byte is Megaplan's.

``make histories`` tries 200 of them, ``make test`` some; ``HISTORIES`` says how many.
"""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg.errors import Error as DatabaseError

from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.certificate import Certificate
from megaplan_sync.kernel.exceptions import OUR_ERRORS
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from tests.integration import truth
from tests.integration.conftest import UNHURRIED
from tests.integration.databases import address_of, create_database, create_loaded_database, drop_database
from tests.integration.histories.whole_truth import ENTITIES, differences

HISTORIES = int(os.environ.get("HISTORIES", "4"))
STEPS = 12
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6)


class KilledError(BaseException):
    """Stands for the death of a process, which no code handles: what it had not committed is lost."""


class World:
    """What all histories of a test share."""

    def __init__(self, postgres: str, megaplan: EmulatedMegaplan, template: str) -> None:
        self.postgres = postgres
        self.megaplan = megaplan
        self.template = template


class Histories(RuleBasedStateMachine):
    """One account and its tables."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.megaplan = self.world.megaplan
        self.megaplan.control("reset", {})
        self.name = create_database(self.world.postgres, self.world.template)
        self.uri = address_of(self.world.postgres, self.name)
        self.database = Session.open(self.uri)
        self.unfinished: str | None = None

    def teardown(self) -> None:
        try:
            self.megaplan.control("faults", method="DELETE")
            for _ in range(2):
                certificates = self.reconcile("full", uuid4().hex)
            if any("not completely loaded" in (each.reason or "") for each in certificates):
                self.sync(full_refresh=False, killed_at=None)  # it goes on with the load that was killed
                for _ in range(2):
                    certificates = self.reconcile("full", uuid4().hex)
            doubted = [str(each) for each in certificates if each.verdict != "proven"]
            assert not doubted, f"nothing is odd, and two nights do not prove it: {doubted}"
        finally:
            self.database.close()
            drop_database(self.world.postgres, self.name)

    # -- Megaplan

    @initialize(
        gone_cursor=st.sampled_from(["404", "422", "empty", "restart"]),
        has_more=st.booleans(),
        inclusive=st.booleans(),
        links_give=st.sampled_from(["listed", "card"]),
    )
    def be_some_account(self, gone_cursor: str, has_more: bool, inclusive: bool, links_give: str) -> None:
        knobs = {
            "gone_cursor": gone_cursor,
            "emit_has_more": has_more,
            "page_after_inclusive": inclusive,
            "links_give": links_give,
        }
        self.megaplan.control("knobs", knobs)

    @rule(data=st.data(), touch=st.booleans(), name=NAMES)
    def change_a_deal(self, data: st.DataObject, touch: bool, name: str) -> None:
        deal = self.pick(data, "deals")
        changes = [
            {"op": "update_deal", "id": deal, "fields": {"name": name}, "touch": touch},
            {"op": "move_stage", "id": deal, "touch": touch},
            {"op": "add_position", "id": deal, "offer": 2900, "quantity": 2, "price": 100.5},
        ]
        self.mutate(data.draw(st.sampled_from(changes)))

    @rule(data=st.data())
    def delete_a_deal(self, data: st.DataObject) -> None:
        self.mutate({"op": "delete_deals", "ids": [self.pick(data, "deals")]})

    @rule(name=NAMES)
    def create_a_deal(self, name: str) -> None:
        self.mutate({"op": "create_deal", "fields": {"name": name}})

    @rule(data=st.data(), touch=st.booleans())
    def change_a_contact(self, data: st.DataObject, touch: bool) -> None:
        contact = self.pick(data, "contractors")
        changes = [
            {
                "op": "update_contractor",
                "id": contact,
                "fields": {"description": "x", "name": "Имя"},
                "touch": touch,
            },
            {"op": "delete_contractor", "id": contact},
            {"op": "delete_contractor", "id": contact, "hard": True},
            {
                "op": "create_contractor",
                "kind": "human",
                "fields": {"firstName": "Новый", "lastName": "Клиент"},
            },
        ]
        self.mutate(data.draw(st.sampled_from(changes)))

    @rule(data=st.data(), name=NAMES)
    def change_a_directory(self, data: st.DataObject, name: str) -> None:
        changes = [
            {"op": "rename_stage", "id": self.pick(data, "states"), "name": name},
            {"op": "rename_program", "id": self.pick(data, "programs"), "name": name},
            {"op": "update_employee", "id": self.pick(data, "employees"), "fields": {"position": name}},
            {"op": "rename_advertising_way", "id": self.pick(data, "advertising_ways"), "name": name},
            {"op": "set_currency_rate", "id": 2, "rate": 81.5},
            {"op": "add_custom_field", "program": 14, "title": name, "kind": "String"},
            {"op": "add_employee", "name": "Новиков Пётр", "fields": {}},
        ]
        self.mutate(data.draw(st.sampled_from(changes)))

    @rule(
        kind=st.sampled_from(["429", "500", "502", "empty", "truncated", "html", "close", "cut"]),
        path=st.sampled_from(["/deal", "/contractor", "/employee", "/program", ""]),
        nth=st.integers(1, 6),
    )
    def let_a_request_fail(self, kind: str, path: str, nth: int) -> None:
        fault = {"kind": kind, "nth": nth, **({"path": path} if path else {})}
        self.megaplan.control("faults", fault)

    @rule(data=st.data())
    def change_while_it_is_read(self, data: st.DataObject) -> None:
        """In a sync only: what a night has read may change afterwards, and its certificate is of the night."""
        path, deal = data.draw(st.sampled_from(["/deal", "/contractor"])), self.pick(data, "deals")
        self.mutate(
            {"op": "move_stage", "id": deal, "after": {"path": path, "nth": data.draw(st.integers(1, 3))}}
        )
        self.sync(full_refresh=data.draw(st.booleans()), killed_at=None)
        self.megaplan.control("mutate", method="DELETE")

    # -- here

    @rule(full_refresh=st.booleans(), killed_at=st.none() | st.integers(1, 25))
    def sync(self, full_refresh: bool, killed_at: int | None) -> None:
        with Session.open(self.uri) as connection:
            account = AccountSync(self.hook(killed_at, connection), connection, run_id=uuid4().hex)
            self.survive(lambda: account.run((), full_refresh=full_refresh))

    @rule(table=st.sampled_from(["deals", "contacts", "employees", "deal_positions"]), data=st.data())
    def somebody_edits_a_table(self, table: str, data: st.DataObject) -> None:
        rows = f"(SELECT ctid FROM megaplan_raw.{table} ORDER BY id LIMIT 1 OFFSET {data.draw(st.integers(0, 20))})"
        change = {
            "deal_positions": "SET name = 'by hand'",
            "contacts": "SET content_hash = 'by hand'",
        }.get(table, """SET payload = payload || '{"name": "by hand"}'""")
        what = data.draw(
            st.sampled_from([f"UPDATE megaplan_raw.{table} {change}", f"DELETE FROM megaplan_raw.{table}"])
        )
        self.database.execute(f"{what} WHERE ctid IN {rows}")  # type: ignore[call-overload]

    @rule(depth=st.sampled_from(["ids", "full", "full"]), killed_at=st.none() | st.integers(1, 25))
    def night(self, depth: str, killed_at: int | None) -> None:
        run_id = uuid4().hex
        certificates = self.reconcile(depth, run_id, killed_at)
        self.unfinished = None if certificates else run_id
        self.check(certificates, depth)

    @precondition(lambda self: self.unfinished)
    @rule(killed_at=st.none() | st.integers(1, 25))
    def retry_the_night(self, killed_at: int | None) -> None:
        certificates = self.reconcile("full", self.unfinished or "", killed_at)
        if certificates:
            self.unfinished = None

    # -- the rest

    def reconcile(self, depth: str, run_id: str, killed_at: int | None = None) -> list[Certificate]:
        certificates: list[Certificate] = []
        with Session.open(self.uri) as connection:
            hook = self.hook(killed_at, connection)
            account = AccountReconciliation(
                hook, connection, run_id=run_id, depth=depth, sleep=lambda s: None
            )
            self.survive(lambda: certificates.extend(account.run(())))
        return certificates

    def check(self, certificates: list[Certificate], depth: str) -> None:
        megaplan = truth.Snapshot(self.megaplan)
        for certificate in certificates:
            if certificate.verdict != "proven":
                continue
            table = certificate.entity
            if table in ENTITIES and not (depth == "ids" and table in ("deals", "contacts")):
                assert not differences(self.database, megaplan, table)[:3]
            if depth == "full" and table == "deals":
                assert truth.loaded_deals(self.database) == truth.deals(megaplan)
            if depth == "full" and table == "deal_positions":
                assert truth.loaded_positions(self.database) == truth.positions(megaplan)
            if depth == "full" and table == "contact_points":
                assert truth.loaded_contacts(self.database) == truth.contacts(megaplan)
            if depth == "ids" and table in ("deals", "contacts"):
                assert self.ids_and_changes(table) == truth_ids(megaplan, table)

    def ids_and_changes(self, table: str) -> dict[int, Any]:
        rows = self.database.execute(
            f"SELECT id, updated_at FROM megaplan_raw.{table} WHERE deleted_at IS NULL"  # type: ignore[call-overload]
        )
        return dict(rows.fetchall())

    def pick(self, data: st.DataObject, entity: str) -> str:
        rows = self.megaplan.control(f"state?entity={entity}&fields=name,isDropped")
        alive = sorted(row["id"] for row in rows if not row.get("isDropped"))
        return str(alive[data.draw(st.integers(0, 1000)) % len(alive)])

    def mutate(self, change: dict[str, Any]) -> None:
        self.megaplan.control("mutate", change)

    def hook(self, killed_at: int | None, connection: Session) -> MegaplanHook:
        described = self.megaplan.connection(**UNHURRIED, page_size=10, deletion_brake=100)
        os.environ["AIRFLOW_CONN_SOME_HISTORY"] = json.dumps(described)
        hook = MegaplanHook("some_history", sleep=lambda seconds: None)
        if killed_at is not None:
            hook.budget = Death(hook.budget, killed_at, lambda: self.cut_off(connection))
        return hook

    def cut_off(self, connection: Session) -> None:
        """End a session on the server, as if its process had died a minute ago."""
        self.database.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        self.database.execute("UPDATE megaplan_sync.leases SET expires_at = now() - interval '1 second'")

    def survive(self, work: Any) -> None:
        """Do something that may fail or be killed; both leave what was committed."""
        try:
            work()
        except (*OUR_ERRORS, DatabaseError, KilledError):
            pass


class Death:
    """A request budget during whose nth request the process dies."""

    def __init__(self, budget: Any, nth: int, die: Callable[[], None]) -> None:
        self._budget, self._left, self._die = budget, nth, die

    def acquire(self, *arguments: Any, **more: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self._die()
        if self._left <= 0:
            raise KilledError
        return self._budget.acquire(*arguments, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._budget, name)


def truth_ids(megaplan: Any, table: str) -> dict[int, Any]:
    of = truth.deals(megaplan) if table == "deals" else truth.contacts(megaplan)
    place = -2 if table == "deals" else 8
    return {identity: row[place] for identity, row in of.items()}


@pytest.fixture(scope="module")
def world(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    log = tmp_path_factory.mktemp("emulator") / "megaplan.log"
    size = ["--contacts", "25", "--knob", "rps=0", "--knob", "rph=0"]
    with emulated_megaplan(free_port(0), 25, log, size) as megaplan:
        template = create_loaded_database(postgres, megaplan.connection(**UNHURRIED))
        yield World(postgres, megaplan, template)
        drop_database(postgres, template)


def test_proven_means_every_byte(world: World) -> None:
    class TheseHistories(Histories):
        pass

    TheseHistories.world = world
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        TheseHistories,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="HISTORIES" not in os.environ,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
