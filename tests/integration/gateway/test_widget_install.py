"""The gateway installs its widget in Megaplan and keeps it up to date."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.emulators.uis_client import Client as Uis

from .waiting import until

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.gateway.widget_fixtures"]

ROUTE = "/api/v3/integration/demo-application/widgets"


def widgets(megaplan: EmulatedMegaplan) -> list[dict[str, Any]]:
    return list(megaplan.control("state?entity=widgets"))


def write_count(megaplan: EmulatedMegaplan) -> int:
    log = megaplan.control("requests")
    return sum((entry["method"], entry["path"], entry["status"]) == ("POST", ROUTE, 200) for entry in log)


def read_count(megaplan: EmulatedMegaplan) -> int:
    log = megaplan.control("requests")
    return sum((entry["method"], entry["path"]) == ("GET", ROUTE) for entry in log)


def test_the_widget_is_installed_once_and_updated_when_it_changes(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    with serve(gateway_url="https://calls.example.org"):
        until(lambda: len(widgets(megaplan)) == 2)
    installed = {row["placeholder"]: row for row in widgets(megaplan)}
    assert set(installed) == {"common_phone_number", "common_telephony_widget"}
    assert all("https://calls.example.org/" in row["content"] for row in installed.values())
    with serve(gateway_url="https://calls.example.org"):
        until(lambda: read_count(megaplan) == 2)
    assert write_count(megaplan) == 2
    with serve(gateway_url="https://other.example.org"):
        until(lambda: write_count(megaplan) == 4)
    changed = {row["placeholder"]: row for row in widgets(megaplan)}
    assert {name: row["uuid"] for name, row in changed.items()} == {
        name: row["uuid"] for name, row in installed.items()
    }
    assert all("https://other.example.org/" in row["content"] for row in changed.values())


def test_two_gateways_that_start_at_once_install_it_once(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    megaplan.control("faults", {"kind": "slow", "seconds": 2, "path": ROUTE, "count": 2})
    with (
        serve(gateway_url="https://calls.example.org"),
        serve(gateway_url="https://calls.example.org"),
    ):
        until(lambda: read_count(megaplan) == 2, 30)
        until(lambda: not tables.execute("SELECT FROM megaplan_sync.leases").fetchall())
    assert len(widgets(megaplan)) == write_count(megaplan) == 2


def test_widgets_beyond_the_first_page_are_found(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    """Otherwise every start would add another one."""
    megaplan.control("knobs", {"limit_cap": 1})
    with serve(gateway_url="https://calls.example.org"):
        until(lambda: len(widgets(megaplan)) == 2)
    before = read_count(megaplan)
    with serve(gateway_url="https://calls.example.org"):
        until(lambda: read_count(megaplan) >= before + 3)
    assert write_count(megaplan) == 2


def test_widgets_are_found_by_the_applications_id_if_not_by_its_uuid(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    fault = {"kind": "500", "status": 404, "method": "GET", "path": "/integration/demo-application/widgets"}
    megaplan.control("faults", fault)
    with serve(gateway_url="https://calls.example.org"):
        until(lambda: write_count(megaplan) == 2)
    with serve(gateway_url="https://other.example.org"):
        until(lambda: write_count(megaplan) == 4)
    assert len(widgets(megaplan)) == 2, "the existing widgets were updated"


def test_without_rights_nothing_is_installed_and_the_log_names_the_remedy(
    serve: Callable[..., Any],
    megaplan: EmulatedMegaplan,
    uis: Uis,
    tables: Connection[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    megaplan.control("mutate", {"op": "revoke_visibility", "rights": True})
    with serve(gateway_url="https://calls.example.org"):
        until(lambda: any(record.getMessage() == "widget not installed" for record in caplog.records))
    assert widgets(megaplan) == []
    (warning,) = [record for record in caplog.records if record.getMessage() == "widget not installed"]
    assert "administrator of Megaplan" in vars(warning)["remedy"]
