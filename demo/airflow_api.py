"""The part of Airflow's REST API that the demo needs."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import requests

_FINAL_STATES = ("success", "failed")


class AirflowApi:
    """A client of one Airflow.

    :param url: its address
    :param alive: called while waiting; raises if there is nothing to wait for any more
    """

    def __init__(self, url: str, user: str, password: str, alive: Callable[[], None]) -> None:
        self._url = url
        self._login = {"username": user, "password": password}
        self._alive = alive
        self._session = requests.Session()
        self._session.trust_env = False

    def wait_until_up(self, seconds: float = 180) -> None:
        """Wait for the web interface and log in."""
        self.wait("the web interface of Airflow", seconds, self._log_in)

    def add_connections(self, described: Mapping[str, Mapping[str, Any]]) -> None:
        """Save connections in Airflow's database, where people see and test them.

        :param described: by id, in Airflow's JSON format
        """
        for conn_id, connection in described.items():
            body = {**connection, "connection_id": conn_id}
            self._checked(self._session.post(f"{self._url}/api/v2/connections", json=body, timeout=30))

    def set_variable(self, key: str, value: str) -> None:
        """Save a new Variable in Airflow's database."""
        body = {"key": key, "value": value}
        self._checked(self._session.post(f"{self._url}/api/v2/variables", json=body, timeout=30))

    def wait_for_dag(self, dag_id: str, seconds: float = 180) -> None:
        """Wait until the DAG has been parsed."""
        self.wait(f"DAG {dag_id}", seconds, lambda: self._get(f"/dags/{dag_id}").ok or None)

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run on its schedule."""
        self._checked(
            self._session.patch(f"{self._url}/api/v2/dags/{dag_id}", json={"is_paused": False}, timeout=30)
        )

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> None:
        """Start a run.

        :param conf: values of its params
        """
        runs = f"{self._url}/api/v2/dags/{dag_id}/dagRuns"
        self._checked(self._session.post(runs, json={"logical_date": None, "conf": conf or {}}, timeout=30))

    def get(self, path: str) -> Any:
        """Return an answer of the API, such as that to ``/dags``."""
        return self._checked(self._get(path))

    def answer(self, question: str, option: str) -> None:
        """Answer a question to a person.

        :param question: path of its task instance
        """
        url = f"{self._url}/api/v2{question}/hitlDetails"
        self._checked(self._session.patch(url, json={"chosen_options": [option]}, timeout=30))

    def run_states(self, dag_id: str) -> list[str]:
        """Return the states of the DAG's runs, oldest first."""
        runs = self._checked(self._get(f"/dags/{dag_id}/dagRuns?order_by=run_after"))["dag_runs"]
        return [str(run["state"]) for run in runs]

    def wait_for_first_run(self, dag_id: str, meanwhile: Callable[[], None], seconds: float = 900) -> str:
        """Wait for the end of the DAG's first run and return its state.

        :param meanwhile: called repeatedly while waiting
        """

        def final_state() -> str | None:
            meanwhile()
            states = self.run_states(dag_id)
            return states[0] if states and states[0] in _FINAL_STATES else None

        return str(self.wait(f"the end of the first run of {dag_id}", seconds, final_state))

    def ensure_alive(self) -> None:
        """Raise if there is nothing to wait for any more."""
        self._alive()

    def watch(self) -> NoReturn:
        """Wait until something ends."""
        while True:
            self._alive()
            time.sleep(1)

    def wait(self, what: str, seconds: float, ask: Callable[[], Any]) -> Any:
        """Ask until the answer is not None, and return it.

        :raises TimeoutError: it has not come in time
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._alive()
            try:
                found = ask()
            except (requests.ConnectionError, requests.Timeout):
                found = None
            if found is not None:
                return found
            time.sleep(0.5)
        raise TimeoutError(f"{what}: not available after {seconds:.0f} s")

    def _log_in(self) -> bool | None:
        answer = self._session.post(f"{self._url}/auth/token", json=self._login, timeout=30)
        if answer.status_code != 201:
            return None
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return True

    def _get(self, path: str) -> requests.Response:
        return self._session.get(f"{self._url}/api/v2{path}", timeout=30)

    def _checked(self, answer: requests.Response) -> Any:
        if not answer.ok:
            raise RuntimeError(f"Airflow answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()
