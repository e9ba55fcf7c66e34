"""Both emulated sides and the upload between them."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.session import DurableSession, Session
from megaplan_sync.uis_upload.account_upload import AccountUpload
from megaplan_sync.uis_upload.certificate import certify
from megaplan_sync.uis_upload.postgres_points import PostgresPoints
from megaplan_sync.uis_upload.session import UploadSession
from tests.emulators.uis_client import Client
from uis_hook.hook import UisHook

from ..conftest import UNHURRIED
from ..telephony.two_sides import uis_connection

BEGIN, END = "2024-01-01 00:00:00", "2027-12-31 00:00:00"
QUICK = {
    "vendor_quirks": {"read_lag_seconds": 0},
    "connect_timeout_seconds": 0.5,
    "read_timeout_seconds": 1.5,
}
"""Settings of the cabinet that avoid waiting."""


@dataclass
class UploadWorld:
    """A database with the emulated Megaplan's data, an emulated cabinet, and runs of the upload."""

    database: Connection[Any]
    uri: str
    megaplan: EmulatedMegaplan
    uis: Client
    sync: Callable[..., Any]
    monkeypatch: pytest.MonkeyPatch
    megaplan_settings: dict[str, Any] = field(default_factory=dict)
    uis_settings: dict[str, Any] = field(default_factory=lambda: dict(QUICK))
    certificates: list[Any] = field(default_factory=list)

    def upload(self, *, verify: bool = True, **arguments: Any) -> dict[str, int]:
        """Do what a run of the DAG does; return its counts."""
        with self.session() as session:
            run_id = uuid4().hex
            upload = AccountUpload(session, run_id)
            try:
                upload.send(**arguments)
                self.pass_time(10)
                if verify:
                    upload.verify()
            finally:
                self.certificates.append(certify(session, run_id))
            return session.counts

    @contextmanager
    def session(self) -> Any:
        """Open a session as the operator does, but without waiting."""
        self.connections()
        settings = account_hook("megaplan_default").settings
        with (
            DurableSession.open(self.uri) as connection,
            Session.open(self.uri) as points,
        ):
            budget = PostgresPoints(
                points, "uis_default", longest_wait_seconds=90, reserved_share=0.1, sleep=self.pass_time
            )
            uis = UisHook("uis_default", points=budget, sleep=self.pass_time).client
            yield UploadSession(settings, uis, connection, self.pass_time)
            uis.close()

    def connections(self) -> dict[str, str]:
        """Put the Airflow connections of both sides into the environment."""
        megaplan = self.megaplan.connection(
            **{**UNHURRIED, "uis_conn_id": "uis_default", **self.megaplan_settings}
        )
        variables = {
            "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan),
            "AIRFLOW_CONN_UIS_DEFAULT": json.dumps(uis_connection(self.uis.url, **self.uis_settings)),
        }
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
        return variables

    def pass_time(self, seconds: float) -> None:
        """Let time pass, for the cabinet and for its saved points."""
        self.uis.advance(seconds)
        self.database.execute(
            """UPDATE uis.points SET
              seen_at = seen_at - make_interval(secs => %(seconds)s),
              blocked_until = blocked_until - make_interval(secs => %(seconds)s)""",
            {"seconds": seconds},
        )

    # -- the current state

    def report(self) -> dict[str, dict[str, Any]]:
        """Return the rows of the cabinet's report by Megaplan's id, with all columns."""
        tree = self.uis.data("getobj.columns_tree", report_type="deals")
        fields = [column["id"] for column in tree["columns"]]
        rows: dict[str, dict[str, Any]] = {}
        for first, last in (
            ("2024-01-01", "2024-12-31"),
            ("2025-01-01", "2025-12-31"),
            ("2026-01-01", "2026-12-31"),
        ):
            window = {"date_from": f"{first} 00:00:00", "date_till": f"{last} 23:59:59"}
            offset = 0
            while page := self.uis.data(
                "get.deals",
                report_id=1002,
                fields=fields,
                sort=[{"field": "deal_ext_id", "order": "asc"}],
                limit=10_000,
                offset=offset,
                **window,
            ):
                offset += len(page)
                rows |= {str(row["deal_ext_id"]).rpartition("-")[2]: row for row in page}
        return rows

    def history(self, deal_id: Any = None) -> list[dict[str, Any]]:
        """Return the records that were uploaded, of one deal or all."""
        rows = self.uis.data("get.deals_history", limit=10_000)
        return [
            row
            for row in rows
            if not row["is_generated"] and (deal_id is None or row["ext_id"].endswith(f"-deal-{deal_id}"))
        ]

    def requests(self) -> list[str]:
        """Return the called methods of the cabinet's API, in order."""
        return [entry["method"] for entry in self.uis.control("requests", method="GET") if entry["method"]]

    def forget_requests(self) -> None:
        """Empty the cabinet's log of requests."""
        self.uis.control("requests", method="DELETE")

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Query the database."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def failed(self) -> dict[str, str]:
        """Return what failed, with the reason."""
        return {row["ext_id"]: row["error"] for row in self.rows("SELECT ext_id, error FROM uis.failed")}

    @staticmethod
    def json(value: Any) -> Any:
        """Return a value as a parameter of type jsonb."""
        return Jsonb(value)

    def remedies(self) -> dict[str, str]:
        """Return who can mend what failed, by the last part of its id."""
        return {
            row["ext_id"].rpartition("-")[2]: row["remedy"]
            for row in self.rows("SELECT ext_id, remedy FROM uis.failed")
        }

    def change_payload(self, where: str, patch: str, *values: Any) -> None:
        """Change deals as the raw tables hold them.

        :param patch: a jsonb expression; keys that it has replace those of the payload
        """
        self.database.execute(
            f"UPDATE megaplan_raw.deals SET payload = payload || {patch} WHERE {where}",  # type: ignore[arg-type]
            values,
        )

    def mutate(self, op: str, **spec: Any) -> dict[str, Any]:
        """Change something in Megaplan."""
        result: dict[str, Any] = self.megaplan.control("mutate", {"op": op, **spec})[0]
        return result
