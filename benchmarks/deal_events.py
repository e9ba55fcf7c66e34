"""How long it takes from a change in Megaplan to its row: webhook, gateway, doorbell, scheduler, DAG.

``python -m benchmarks.deal_events``: an emulated Megaplan, a real gateway, a real Airflow. Takes about two minutes.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import requests

from demo.airflow_api import AirflowApi
from demo.airflow_home import PASSWORD, USER, AirflowHome
from demo.embedded_postgres import embedded_postgres
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port, running
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.raw.schema import prepare_raw_schema

CHANGES, PAUSE_SECONDS = 8, 12.0
SECRET = "benchmark-secret"
DAG_ID = "megaplan_deal_events"


def seconds_until(database: psycopg.Connection[Any], statement: str, *values: Any) -> float:
    """Wait for a query to return a row."""
    began = time.monotonic()
    while database.execute(statement, values).fetchone() is None:
        if time.monotonic() - began > 90:
            raise TimeoutError(statement)
        time.sleep(0.02)
    return time.monotonic() - began


def wait_for_watch(postgres_uri: str) -> None:
    """Wait until a triggerer keeps the watch; the DAG processor orders it when it next reads the DAG's file."""
    with psycopg.connect(postgres_uri, dbname="airflow", autocommit=True) as metadata:
        seconds_until(
            metadata,
            "SELECT 1 FROM asset_watcher JOIN trigger ON trigger.id = trigger_id WHERE triggerer_id IS NOT NULL",
        )
    time.sleep(3)  # it has taken it over; now it starts it


def subscribe(megaplan: EmulatedMegaplan, gateway_url: str) -> None:
    """Let the account's application tell the gateway of deals."""
    address = f"{gateway_url}/127.0.0.1:{megaplan.port}/{SECRET}/megaplan"
    requests.put(
        f"{megaplan.url}/api/v3/integration/demo-application",
        json={"streamUri": address, "subscribedStreams": ["deals"]},
        headers={"Authorization": "Bearer demo-app-token"},
        timeout=10,
    ).raise_for_status()


def measure(home: AirflowHome, megaplan: EmulatedMegaplan, api: AirflowApi) -> dict[str, Any]:
    """Make deals one by one, then change one deal a thousand times."""
    with psycopg.connect(home.raw_database_uri, autocommit=True) as database:
        took = []
        for number in range(CHANGES):
            (deal,) = megaplan.control("mutate", [{"op": "create_deal", "fields": {"name": f"№ {number}"}}])
            took.append(
                seconds_until(database, "SELECT 1 FROM megaplan_raw.deals WHERE id = %s", int(deal["id"]))
            )
            time.sleep(PAUSE_SECONDS)
        megaplan.control("requests", method="DELETE")
        edits = [
            {"op": "update_deal", "id": int(deal["id"]), "fields": {"name": f"{n}"}} for n in range(1000)
        ]
        megaplan.control("mutate", edits)
        burst = seconds_until(
            database, "SELECT 1 FROM megaplan_raw.deals WHERE id = %s AND name = '999'", int(deal["id"])
        )
        settled = seconds_until(
            database,
            "SELECT 1 FROM telephony.events HAVING count(*) >= %s AND count(derived_at) = count(*)",
            1000 + CHANGES,
        )
        sent = [entry for entry in megaplan.control("requests") if "access_token" not in entry["path"]]
    return {
        "seconds_median": round(statistics.median(took), 2),
        "seconds_each": [round(each, 2) for each in took],
        "burst_of_1000_seconds": round(burst, 2),
        "burst_all_settled_seconds": round(burst + settled, 2),
        "burst_requests": len(sent),
    }


def main() -> None:
    """Start everything, measure, print."""
    with TemporaryDirectory(prefix="deal-events-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        logs = folder / "logs"
        with (
            embedded_postgres(folder / "postgres") as postgres_uri,
            emulated_megaplan(free_port(0), 100, logs / "megaplan.log", ["--knob", "rph=0"]) as megaplan,
        ):
            home = AirflowHome(folder / "airflow", postgres_uri, free_port(0))
            home.prepare()
            with psycopg.connect(home.raw_database_uri, autocommit=True) as database:
                prepare_raw_schema(database)
                prepare_telephony_schema(database)
            connections = {
                "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(
                    megaplan.connection(webhook_secret=SECRET, requests_per_hour=100_000)
                ),
                "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(home.raw_connection()),
            }
            environment = home.environment(connections)
            port = free_port(0)
            gateway = [sys.executable, "-m", "megaplan_gateway", "--port", str(port)]
            airflow = [sys.executable, "-m", "airflow", "standalone"]
            with (
                running("the gateway", gateway, logs / "gateway.log", environment) as one,
                running("Airflow", airflow, logs / "airflow.log", environment) as two,
            ):

                def all_alive() -> None:
                    one.ensure_running()
                    two.ensure_running()

                api = AirflowApi(home.url, USER, PASSWORD, all_alive)
                api.wait_until_up()
                api.wait_for_dag(DAG_ID)
                api.unpause(DAG_ID)
                wait_for_watch(postgres_uri)
                subscribe(megaplan, f"http://127.0.0.1:{port}")
                print(json.dumps(measure(home, megaplan, api), indent=2))


if __name__ == "__main__":
    main()
