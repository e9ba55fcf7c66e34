"""``python -m demo``: runs the whole project with two emulated services, an embedded Postgres and a real Airflow."""

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import FrameType

from demo import day, night, story
from demo.airflow_api import AirflowApi
from demo.airflow_home import PASSWORD, REPOSITORY, USER, AirflowHome
from demo.connections import Connections
from demo.embedded_postgres import embedded_postgres, psql, stop_leftover
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan, what_it_holds
from demo.emulated_uis import emulated_uis
from demo.live_gateway import live_gateway
from demo.processes import ProgramEndedError, free_port, kill_leftovers, running
from demo.promises import BrokenPromiseError
from demo.report import as_text, count_rows, differences, rows_so_far, some_deals
from demo.telephony import SYNC_DAG_ID, some_client

DAG_ID = "megaplan_deals_sync"
FOLDER = REPOSITORY / ".demo"
LOGS = FOLDER / "logs"
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BEGAN = time.monotonic()


def main() -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop everything after the report")
    parser.add_argument("--deals", type=int, default=2500, help="deals of the emulated account, default 2500")
    options = parser.parse_args()
    if not _only_one_here():
        print("Another demo runs in this checkout: end it first (Ctrl-C there).")
        return 1
    for number in END_SIGNALS:
        signal.signal(number, _end)
    try:
        return _run(options.deals, once=options.once)
    except KeyboardInterrupt:
        print("Stopped; nothing is left running.", flush=True)
        return 0
    except (ProgramEndedError, *story.LATE, RuntimeError) as error:
        print(f"\nThe demo failed: {error}\nAll logs: {LOGS}", flush=True)
        return 1


def _run(deals: int, *, once: bool) -> int:
    logs = LOGS
    kill_leftovers(logs)
    stop_leftover(FOLDER / "postgres")
    shutil.rmtree(FOLDER, ignore_errors=True)
    with (
        embedded_postgres(FOLDER / "postgres") as postgres_uri,
        emulated_megaplan(_port(18080, "Megaplan"), deals, logs / "megaplan.log") as megaplan,
        emulated_uis(_port(18090, "UIS"), logs / "uis.log") as uis,
    ):
        _say(
            f"Postgres, an emulated Megaplan with {deals} deals and an emulated UIS are up; starting Airflow ..."
        )
        home = AirflowHome(FOLDER / "airflow", postgres_uri, _port(8080, "Airflow"))
        home.prepare()
        gateway_port = _port(8070, "the gateway")
        connections = Connections(home.raw_connection(), megaplan, uis, f"http://127.0.0.1:{gateway_port}")
        environment = home.environment({})  # the connections are in Airflow's database
        command = [sys.executable, "-m", "airflow", "standalone"]
        with ExitStack() as programs:
            airflow = programs.enter_context(running("Airflow", command, logs / "airflow.log", environment))

            def all_alive() -> None:
                airflow.ensure_running()
                megaplan.program.ensure_running()
                uis.program.ensure_running()

            api = AirflowApi(home.url, USER, PASSWORD, all_alive)

            def tell() -> None:
                story.wait_patiently(api.wait_until_up, once=once, say=_say)
                api.add_connections(connections.described())
                _load(home, megaplan, api)
                _night(home, megaplan, api)
                variables = {**environment, **connections.environment()}
                programs.enter_context(live_gateway(gateway_port, logs / "gateway.log", variables))
                _day(home, connections, api)

            try:
                story.tell(tell, once=once, say=_say, logs=logs)
                if not once:
                    print(_where_to_look(home, connections), flush=True)
                    api.watch()
            finally:
                _ignore_end_signals()  # a second Ctrl-C must not leave anything running
    return 0


def _load(home: AirflowHome, megaplan: EmulatedMegaplan, api: AirflowApi) -> None:
    api.wait_for_dag(DAG_ID)
    api.unpause(DAG_ID)  # the scheduler starts a run at once
    _say(f"Airflow is up at {home.url} (login {USER}, password {PASSWORD}); {DAG_ID} runs ...")
    _require_equal(home, megaplan, DAG_ID, api.wait_for_first_run(DAG_ID, _progress(home)))
    print(f"The latest in view megaplan.deals:\n{some_deals(home.raw_database_uri)}\n")
    _say(f"The run of {DAG_ID} succeeded, and every count equals Megaplan's.")


def _night(home: AirflowHome, megaplan: EmulatedMegaplan, api: AirflowApi) -> None:
    for dag_id in day.LISTENING_DAG_IDS:  # it takes up to half a minute until their asset watchers run
        api.wait_for_dag(dag_id)
        api.unpause(dag_id)
    _say(f"Meanwhile, unseen: {night.harm(home.raw_database_uri, megaplan)}")
    api.wait_for_dag(night.DAG_ID)
    api.unpause(night.DAG_ID)  # the scheduler starts the last night's run at once
    _say(f"{night.DAG_ID} runs ...")
    state = api.wait_for_first_run(night.DAG_ID, lambda: None)
    print(f"\n{night.as_text(night.certificate(home.raw_database_uri))}")
    _require_equal(home, megaplan, night.DAG_ID, state)
    _say(
        f"The run of {night.DAG_ID} succeeded: what differed is repaired, and every count equals Megaplan's."
    )


def _day(home: AirflowHome, connections: Connections, api: AirflowApi) -> None:
    api.wait_for_dag(SYNC_DAG_ID)
    api.unpause(SYNC_DAG_ID)
    _say(f"The working day begins: the gateway is up, {SYNC_DAG_ID} joins the employees of both sides ...")
    if api.wait_for_first_run(SYNC_DAG_ID, lambda: None) != "success":
        raise BrokenPromiseError(f"the run of {SYNC_DAG_ID} failed")
    client = some_client(connections.megaplan)
    day.live_through(connections, home.raw_database_uri, client, api, _say)


def _where_to_look(home: AirflowHome, connections: Connections) -> str:
    megaplan, uis = connections.megaplan, connections.uis
    phone = some_client(megaplan).phone
    call = f'{{"kind": "incoming_answered", "contact": "{phone}", "employee_answers": 20, "talk": 60}}'
    return (
        f"\nAirflow   {home.url}   login {USER}, password {PASSWORD}; the connections are under Admin\n"
        f"Megaplan  {megaplan.url}   emulated: its deals and contacts; sign in there as an employee, and\n"
        f"          let a client call:  curl -d '{call}' {uis.url}/_control/calls\n"
        f"Postgres  {psql()} '{home.raw_database_uri}'\n"
        f"Console   {home.url}/plugin/megaplan   how fresh the data is, what has failed, calls and certificates\n\n"
        "Ctrl-C stops everything."
    )


def _require_equal(home: AirflowHome, megaplan: EmulatedMegaplan, dag_id: str, state: str) -> None:
    """Print what was loaded.

    :raises BrokenPromiseError: the run failed, or a count differs
    """
    landed = count_rows(home.raw_database_uri, what_it_holds(megaplan))
    if landed:
        print(f"\n{as_text(landed)}\n")
    if state != "success" or differences(landed):
        raise BrokenPromiseError(
            f"the run of {dag_id} ended in state {state}; {len(differences(landed))} tables differ"
        )


def _progress(home: AirflowHome, every_seconds: float = 5) -> Callable[[], None]:
    """Return a function that prints now and then how many rows are loaded."""
    last: tuple[float, str] = (time.monotonic(), "")

    def say() -> None:
        nonlocal last
        if time.monotonic() < last[0] + every_seconds:
            return
        rows = rows_so_far(home.raw_database_uri)
        if rows != last[1]:
            _say(f"  {rows}")
        last = (time.monotonic(), rows)

    return say


def _port(preferred: int, whose: str) -> int:
    port = free_port(preferred)
    if port != preferred:
        _say(f"Port {preferred} is taken; {whose} gets {port}.")
    return port


def _say(what: str) -> None:
    print(f"[{time.monotonic() - BEGAN:3.0f} s] {what}", flush=True)


def _only_one_here() -> bool:
    """Lock this checkout while the process lives."""
    folder = os.open(REPOSITORY / "demo", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _end(number: int, frame: FrameType | None) -> None:
    _ignore_end_signals()
    with suppress(OSError):  # the terminal may be gone
        print("\nStopping ...", flush=True)
    raise KeyboardInterrupt


def _ignore_end_signals() -> None:
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
