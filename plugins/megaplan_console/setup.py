"""Set-up: the steps of both cabinets for each account, what the doctor has found, and how the account behaves.

Reads Postgres and Airflow's connections; no vendor is asked while a page is rendered.
"""

from contextlib import suppress

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from megaplan_console.access import DOCTOR, SETUP_DAGS, triggerable
from megaplan_console.airflow_dags import dag_states
from megaplan_console.database import Row, open_database
from megaplan_console.pages import PageDep, UnavailableError, UserDep
from megaplan_console.setup_evidence import SetupEvidence, evidence_of
from megaplan_console.setup_steps import steps_of
from megaplan_sync.kernel.accounts import configured_accounts
from megaplan_sync.kernel.exceptions import MegaplanSyncError
from megaplan_sync.kernel.webhook_path import Receiver, webhook_path

router = APIRouter(prefix="/setup")
PAGE_SIZE = 50
LEVELS = ("error", "warning", "ok")


@router.get("", response_class=HTMLResponse)
def setup(
    page: PageDep, user: UserDep, session: SessionDep, conn_id: str = "", name: str = ""
) -> HTMLResponse:
    """Show the steps of an account; the accounts, if there are several and none is chosen.

    :param conn_id: connection of the account
    :param name: only accounts whose connection's id contains this
    """
    try:
        known = configured_accounts()
    except MegaplanSyncError as error:
        raise UnavailableError(str(error)) from error
    if conn_id and conn_id not in known:
        raise HTTPException(404)
    if not conn_id and len(known) > 1:
        wanted = [each for each in known if name.strip().lower() in each.lower()]
        return page.render(
            "setup_accounts.html", name=name, total=len(wanted), accounts=_accounts(wanted[:PAGE_SIZE])
        )
    conn_id = conn_id or known[0]
    dags = {each.dag_id: each for each in dag_states((*SETUP_DAGS, DOCTOR), session)}
    evidence = evidence_of(conn_id)
    steps = steps_of(evidence)
    of_all = [step for part in steps.values() for step in part]
    return page.render(
        "setup.html",
        conn_id=conn_id,
        account=evidence.account,
        is_only=len(known) == 1,
        parts=steps,
        done=sum(step.state == "done" for step in of_all),
        total=len(of_all),
        settings=evidence.settings,
        addresses=_addresses(page.texts("setup.no_gateway"), page.texts("setup.no_account"), evidence),
        values={
            "conn_id": conn_id,
            "uis_conn_id": (evidence.settings.uis_conn_id if evidence.settings else None) or "uis_default",
        },
        dags=dags,
        findings=sorted(
            (each for each in evidence.findings if each["level"] != "ok"),
            key=lambda each: LEVELS.index(each["level"]),
        ),
        examined_at=evidence.examined_at,
        facts=evidence.facts,
        doctor=dags[DOCTOR],
        may_examine=bool(triggerable([DOCTOR], user)),
    )


def _accounts(conn_ids: list[str]) -> list[Row]:
    with suppress(MegaplanSyncError), open_database() as database:
        if database.has_raw:
            return database.rows("select_setup_accounts", conn_ids=conn_ids)
    return [
        {"conn_id": conn_id, "account": None, "examined_at": None, "errors": None} for conn_id in conn_ids
    ]


def _addresses(no_gateway: str, no_account: str, evidence: SetupEvidence) -> dict[Receiver, str]:
    """Return the addresses to paste, with placeholders for what is not known, and never with a secret."""
    settings = evidence.settings
    gateway = (settings.gateway_url if settings else None) or no_gateway
    account = settings.account_in_url if settings else no_account
    receivers: tuple[Receiver, ...] = ("megaplan", "uis", "route")
    return {receiver: gateway + webhook_path(account, receiver) for receiver in receivers}
