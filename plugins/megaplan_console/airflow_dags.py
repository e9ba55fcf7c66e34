"""The state of our DAGs, from Airflow's own database."""

from dataclasses import dataclass
from datetime import datetime

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import select
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class DagState:
    """What Airflow knows of one DAG.

    :param is_on: None if Airflow does not know the DAG
    """

    dag_id: str
    is_on: bool | None
    schedule: str = ""
    last_state: str | None = None
    last_run: datetime | None = None


def dag_states(dag_ids: tuple[str, ...], session: Session) -> list[DagState]:
    """Return the state of each DAG, with its latest run."""
    models = select(DagModel).where(DagModel.dag_id.in_(dag_ids), ~DagModel.is_stale)
    found = {model.dag_id: model for model in session.scalars(models)}
    states = []
    for dag_id in dag_ids:
        model = found.get(dag_id)
        if model is None:
            states.append(DagState(dag_id, None))
            continue
        latest = select(DagRun.state, DagRun.run_after).where(DagRun.dag_id == dag_id)
        run = session.execute(latest.order_by(DagRun.run_after.desc()).limit(1)).first()
        state, at = (None, None) if run is None else (str(run[0]), run[1])
        states.append(DagState(dag_id, not model.is_paused, model.timetable_summary or "", state, at))
    return states
