"""Each wrong set-up is one error, which is its cause, with the remedy and the person that docs/doctor.md names."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from demo.processes import free_port
from megaplan_sync.doctor import postgres_checks
from megaplan_sync.kernel.request_budget import PostgresRequestBudget
from megaplan_sync.kernel.session import Session
from tests.emulators.uis_client import TOKEN
from tests.integration.doctor.conftest import DoctorWorld
from tests.integration.pooler.bouncer import bouncer
from tests.local_server import SilentHandler, local_server

pytest_plugins = ["tests.emulators.uis_fixtures"]
PAGE = Path(__file__).parents[3] / "docs" / "doctor.md"
ROW = re.compile(
    r"^\| (?P<setup>[^|]+) \| (?P<topic>[^|]+) \| (?P<who>[^|]+) \| (?P<remedy>.+) \|$", re.MULTILINE
)

Break = Callable[[DoctorWorld, ExitStack], None]
WRONG: dict[str, Break] = {}


def documented() -> dict[str, tuple[str, str, str]]:
    """Return topic, person and remedy of each row of the page, by the wrong set-up."""
    table = PAGE.read_text(encoding="utf-8").split("<!-- wrong set-ups -->")[1]
    return {
        found["setup"]: (found["topic"], found["who"], found["remedy"])
        for found in ROW.finditer(table)
        if found["setup"] != "what is wrong"
    }


def wrong(setup: str) -> Callable[[Break], Break]:
    """Register what makes a sound account wrong in one way."""

    def register(function: Break) -> Break:
        WRONG[setup] = function
        return function

    return register


def changed(setup: str, **settings: Any) -> None:
    """Register settings of the Megaplan connection; under ``uis`` those of the cabinet's."""
    WRONG[setup] = lambda world, _: world.connections(**settings)


class _Mute(SilentHandler):
    """Takes requests and answers none until the test is over."""

    is_over = threading.Event()

    def respond(self) -> None:
        self.is_over.wait(60)
        self.close_connection = True


def mute(stack: ExitStack) -> str:
    """Start a server that accepts connections and stays silent."""
    _Mute.is_over.clear()
    url = stack.enter_context(local_server(_Mute))
    stack.callback(_Mute.is_over.set)
    return url


# -- Megaplan


@wrong("another web server at Megaplan's Host")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_default", host=world.gateway.url, port=None)


@wrong("Megaplan's Host is not known to DNS")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_default", host="no-such-account.invalid", port=443)


@wrong("Megaplan's certificate is not trusted, or there is no TLS")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_default", host=f"https://127.0.0.1:{world.megaplan.port}", port=None)


@wrong("Megaplan's host is silent")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.connections(read_timeout_seconds=0.2)
    world.edit("megaplan_default", host=mute(stack), port=None)


@wrong("nothing listens at Megaplan's Host and Port")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_default", host=f"http://127.0.0.1:{free_port(0)}", port=None)


@wrong("wrong password in Megaplan")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_default", password="wrong")


@wrong("the user has two-factor login")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    body = json.dumps({"error": "two_factor_required", "error_description": "Enter the code"})
    world.megaplan.control(
        "faults", {"kind": "html", "status": 400, "path": "/auth/access_token", "body": body}
    )


@wrong("token_body in vendor_quirks does not fit the account")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.megaplan.control("knobs", {"accept_json_token": False})
    world.connections(vendor_quirks={"token_body": "json"})


@wrong("the user lacks rights in Megaplan")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.megaplan.control("mutate", {"op": "revoke_visibility", "rights": True})


@wrong("the user sees neither deals nor contacts")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    for entity in ("deals", "contractors"):
        world.megaplan.control("mutate", {"op": "empty_list", "entity": entity})


@wrong("the account's requests are used up")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    with Session.open(world.database_uri) as session:
        budget = PostgresRequestBudget(
            session, f"127.0.0.1:{world.megaplan.port}", requests_per_second=3, requests_per_hour=1000
        )
        budget.back_off(3600)


changed("no application", application_uuid="")
changed("application_uuid of another application", application_uuid="another")


@wrong("the application sends no events")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.application(streamUri=None, subscribedStreams=[])


@wrong("the application sends events with another secret")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    address = f"{world.gateway.url}{world.gateway.path('/megaplan', 'an-older-secret-55aa')}"
    world.application(streamUri=address)


@wrong("nobody has an internal number in Megaplan")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.forget_internal_numbers()


@wrong("no employee of Megaplan is one of UIS")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    with psycopg.connect(world.database_uri, autocommit=True) as database:
        database.execute(
            """INSERT INTO telephony.mismatches (account, kind, employee_id, message)
            SELECT %s, 'number_not_in_uis', number, 'unmapped' FROM generate_series(1, 3) AS number""",
            (f"127.0.0.1:{world.megaplan.port}",),
        )


# -- the gateway

changed("no gateway", gateway_url="")


@wrong("the gateway is not running")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    address = f"http://127.0.0.1:{free_port(0)}"
    world.connections(gateway_url=address)
    world.application(streamUri=address + world.gateway.path("/megaplan", world.megaplan_secret))


@wrong("gateway_url leads to another web server")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.connections(gateway_url=world.uis.url)
    world.application(streamUri=world.uis.url + world.gateway.path("/megaplan", world.megaplan_secret))


changed("UIS's secret is not the gateway's", uis={"webhook_secret": "another-secret-0f1"})
changed("no webhook_secret in UIS's connection", uis={"webhook_secret": ""})

# -- UIS

changed("wrong key of UIS", uis={"access_token": "wrong"})
changed("the key of UIS has expired", uis={"access_token": "uis-expired-token"})
changed("the key may not use the Call API", uis={"access_token": "uis-data-only-token"})
changed("no UIS connection", uis_conn_id="")
changed("another time zone than the cabinet's", uis={"account_timezone": "Asia/Omsk"})
changed("a number that the cabinet does not have", uis={"virtual_phone_number": "74950009999"})
changed(
    "a sort field in vendor_quirks that UIS refuses",
    uis={"vendor_quirks": {"directories_sort_field": "surname"}},
)


@wrong("UIS does not admit this machine's address")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.uis.control("knobs", {"ip_whitelist": "198.51.100.0/24"})


@wrong("the tariff of UIS has no sales funnels")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.connections(telephony_active=False)
    world.uis.control("knobs", {"disabled_components": "sales_funnel"})


@wrong("the cabinet has no number")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.uis.mutate("remove_numbers")


@wrong("the points of UIS are used up")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.uis.control("knobs", {"day_limit": 1})
    world.uis.data("get.account")


@wrong("UIS is silent")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.connections(uis={"read_timeout_seconds": 0.2})
    world.edit("uis_default", host=mute(stack))


# -- Postgres


@wrong("Postgres is not running")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_postgres", host="127.0.0.1", port=free_port(0))


@wrong("the database does not exist")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_postgres", schema="no_such_database")


@wrong("the host of Postgres is not known to DNS")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.edit("megaplan_postgres", host="no-such-server.invalid")


@wrong("the user of Postgres only reads")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    with psycopg.connect(world.database_uri, autocommit=True) as database:
        database.execute("DROP ROLE IF EXISTS reader")
        database.execute("CREATE ROLE reader LOGIN IN ROLE pg_read_all_data")
    world.edit("megaplan_postgres", login="reader")


@wrong("the user of Postgres may not create schemas")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    with psycopg.connect(world.database_uri, autocommit=True) as database:
        database.execute("DROP SCHEMA megaplan, megaplan_raw, megaplan_sync, telephony CASCADE")
        database.execute("DROP ROLE IF EXISTS stranger")
        database.execute("CREATE ROLE stranger LOGIN")
    world.edit("megaplan_postgres", login="stranger")


@wrong("the database is not UTF-8")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    name = sql.Identifier("ascii_" + str(conninfo_to_dict(world.database_uri)["dbname"]))
    with psycopg.connect(world.database_uri, autocommit=True) as database:
        database.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0").format(name)
        )

    def drop() -> None:
        with psycopg.connect(world.database_uri, autocommit=True) as database:
            database.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    stack.callback(drop)
    world.edit("megaplan_postgres", schema=name.as_string().strip('"'))


@wrong("Postgres is too old")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.monkeypatch.setattr(postgres_checks, "OLDEST_POSTGRES", 99)


@wrong("PgBouncer pools statements")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    port = stack.enter_context(bouncer(world.postgres, world.folder, "statement"))
    world.edit("megaplan_postgres", host="127.0.0.1", port=port)


# -- this machine, Airflow


@wrong("this machine's clock is wrong")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.uis.advance(-3600)
    world.megaplan.control("mutate", {"op": "advance_clock", "seconds": -3600})


@wrong("UIS's clock is wrong")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.uis.advance(-3600)


@wrong("no connection in Airflow")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.monkeypatch.delenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT")


@wrong("a misspelt setting")
def _(world: DoctorWorld, stack: ExitStack) -> None:
    world.connections(telephony_activ=True)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_the_page_lists_exactly_these() -> None:
    assert list(documented()) == list(WRONG)


@pytest.mark.parametrize("setup", WRONG)
def test_a_wrong_setup_is_one_error_which_is_its_cause(
    setup: str, world: DoctorWorld, stack: ExitStack
) -> None:
    topic, who, remedy = documented()[setup]
    WRONG[setup](world, stack)
    errors = [finding for finding in world.examine() if finding.level == "error"]
    told = [(each.topic, each.who, each.remedy) for each in errors]
    assert [each.topic for each in errors] == [topic], told
    assert errors[0].who == f"the administrator of {who}", told
    assert re.fullmatch(".*".join(map(re.escape, remedy.split("…"))), errors[0].remedy), told
    for secret in (TOKEN, "demo-app-token", world.megaplan_secret):
        assert secret not in errors[0].message + errors[0].remedy
