"""Rights: whoever may read all of our DAGs may read the console; sending again needs the right to trigger the DAG."""

from collections.abc import Iterable

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.dag import DagModel
from fastapi import Depends

DEALS_SYNC = "megaplan_deals_sync"
RECONCILIATION = "megaplan_reconciliation"
TELEPHONY_SYNC = "megaplan_telephony_sync"
CALLS_PUSH = "megaplan_calls_push"
UIS_UPLOAD = "uis_deals_upload"
DEAL_EVENTS = "megaplan_deal_events"
DOCTOR = "megaplan_doctor"
DAG_IDS = (DEALS_SYNC, RECONCILIATION, TELEPHONY_SYNC, CALLS_PUSH, UIS_UPLOAD)
"""DAGs that keep the tables fresh."""
SETUP_DAGS = (*DAG_IDS, DEAL_EVENTS)
"""DAGs that have to be on."""

MAY_READ = [Depends(requires_access_dag("GET", param_dag_id=dag_id)) for dag_id in (*SETUP_DAGS, DOCTOR)]
"""Dependencies of every endpoint: 401 without a login, 403 without the right to read one of the DAGs."""


def triggerable(dag_ids: Iterable[str], user: BaseUser) -> set[str]:
    """Return which of the DAGs the user may trigger, by Airflow's auth manager."""
    manager = get_auth_manager()
    return {
        dag_id
        for dag_id in dag_ids
        if manager.is_authorized_dag(
            method="POST",
            access_entity=DagAccessEntity.RUN,
            details=DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id)),
            user=user,
        )
    }
