"""``python -m demo``: load an emulated Megaplan into an embedded Postgres through a real Airflow, and show it."""

import argparse
import shutil
import signal
import sys
import time
from types import FrameType

from demo.airflow_api import AirflowApi
from demo.airflow_home import PASSWORD, REPOSITORY, USER, AirflowHome
from demo.embedded_postgres import embedded_postgres
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan, what_it_holds
from demo.processes import free_port, running
from demo.report import as_text, count_rows, differences, some_deals

DAG_ID = "megaplan_deals_sync"


def main() -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop everything after the report")
    parser.add_argument("--deals", type=int, default=2500, help="deals of the emulated account")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    began = time.monotonic()
    folder = REPOSITORY / ".demo"
    shutil.rmtree(folder, ignore_errors=True)
    logs = folder / "logs"
    try:
        with (
            embedded_postgres(folder / "postgres") as postgres_uri,
            emulated_megaplan(free_port(18080), options.deals, logs / "megaplan.log") as megaplan,
        ):
            print(
                f"PostgreSQL and {options.deals} emulated deals are there; preparing Airflow ...", flush=True
            )
            home = AirflowHome(folder / "airflow", postgres_uri, free_port(8080))
            home.prepare(megaplan.connection())
            command = [sys.executable, "-m", "airflow", "standalone"]
            with running("Airflow", command, logs / "airflow.log", home.environment()) as airflow:
                api = AirflowApi(home.url, USER, PASSWORD, airflow.ensure_running)
                api.wait_until_up()
                api.wait_for_dag(DAG_ID)
                api.unpause(DAG_ID)
                print(f"Airflow is up at {home.url}; running {DAG_ID} ...", flush=True)
                state = api.wait_for_run(DAG_ID, api.trigger(DAG_ID))
                return _report(home, megaplan, state, began, once=options.once)
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running.")
        return 0


def _report(home: AirflowHome, megaplan: EmulatedMegaplan, state: str, began: float, *, once: bool) -> int:
    landed = count_rows(home.raw_database_uri, what_it_holds(megaplan))
    wrong = differences(landed)
    print(f"\n{as_text(landed)}\n\nThe latest in view megaplan.deals:\n{some_deals(home.raw_database_uri)}\n")
    if state != "success" or wrong:
        print(
            f"The run ended in state {state}; {len(wrong)} tables differ. Logs: {home.folder.parent / 'logs'}"
        )
        return 1
    seconds = time.monotonic() - began
    print(f"The run of {DAG_ID} succeeded and every count equals Megaplan's ({seconds:.0f} s in all).")
    if once:
        return 0
    print(
        f"\nAirflow   {home.url}   login {USER}, password {PASSWORD}\n"
        f"Megaplan  {megaplan.url}   (emulated)\n"
        f"Postgres  psql '{home.raw_database_uri}'\n\nCtrl-C stops everything.",
        flush=True,
    )
    while True:
        time.sleep(3600)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
