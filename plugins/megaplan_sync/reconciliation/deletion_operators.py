"""Operators of the DAG ``megaplan_deletions``: ask a person about a deletion proposal, and carry the decision out."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from megaplan_sync.kernel.account_operators import RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook, account_session
from megaplan_sync.kernel.accounts import configured_accounts
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import (
    OUR_ERRORS,
    ProposalNumberError,
    UnknownAccountError,
    UnmarkedRowsError,
)
from megaplan_sync.kernel.night_budget import NightBudgetSpentError
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.raw.announcements import announce_tables
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from megaplan_sync.reconciliation.operators import changed_tables
from megaplan_sync.reconciliation.proposal_text import question, subject
from megaplan_sync.reconciliation.proposals import Proposal, decide, find_proposal, waiting_proposals

DELETIONS_DAG_ID = "megaplan_deletions"
APPROVE, REJECT = "Approve", "Reject"
_WORDS = {
    "approved": "Proposal {}: approved before.",
    "settled": "Proposal {}: its rows are marked as deleted already.",
    "withdrawn": "Proposal {}: withdrawn, since all of its rows are in Megaplan again.",
}
"""What the question ends with if it has become needless."""
_ACTIVE = ["queued", "running"]


class FindWaitingProposalsOperator(RawDatabaseOperator):
    """Returns what mapped ``TriggerDagRunOperator`` need to ask about the proposals that nobody has been asked about.

    A proposal whose run has ended without a decision is asked about again.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return keyword arguments."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            waiting = waiting_proposals(connection)
        count_runs = context["ti"].get_dr_count
        return [
            {"trigger_run_id": proposal.run_id, "conf": {"proposal": proposal.number}}
            for proposal in waiting
            if not count_runs(dag_id=DELETIONS_DAG_ID, run_ids=[proposal.run_id], states=_ACTIVE)
        ]


class DecideOnDeletionsOperator(RawDatabaseOperator, HITLOperator):
    """Asks a person about one proposal under Airflow's *Required Actions*, and saves the answer.

    While it waits it occupies neither a worker nor a triggerer. Once in a while it looks whether the question has
    become needless, since the rows are in Megaplan again or the proposal was decided on in another run; then it ends.

    :param proposal: number of the proposal
    :param look_every: how often it looks
    """

    template_fields: Sequence[str] = ("proposal",)

    def __init__(
        self, *, proposal: int | str | None, look_every: timedelta = timedelta(minutes=30), **kwargs: Any
    ) -> None:
        super().__init__(subject="", options=[APPROVE, REJECT], response_timeout=look_every, **kwargs)
        self.proposal = proposal

    def execute(self, context: Context) -> Any:
        """Ask, unless there is nothing to decide."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            proposal = find_proposal(connection, proposal_number(self.proposal))
            if proposal.state in _WORDS:
                return self._end(proposal)
            self.subject, self.body = subject(proposal), question(connection, proposal)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Save the answer; without one, continue waiting if the question is still open."""
        number = proposal_number(self.proposal)
        if event.get("error_type") == "timeout":
            with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
                proposal = find_proposal(connection, number)
            if proposal.state in _WORDS:
                return self._end(proposal)
            raise TaskAwaitingInput(method_name="execute_complete", timeout=self.response_timeout)
        answer = super().execute_complete(context, event)
        user = (answer["responded_by_user"] or {}).get("name") or "unknown"
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            is_approved = answer["chosen_options"] == [APPROVE]
            if not decide(connection, number, "approved" if is_approved else "rejected", user):
                return self._end(find_proposal(connection, number))
        self.log.info("Proposal %d: %s by %s", number, "approved" if is_approved else "rejected", user)
        return answer

    def _end(self, proposal: Proposal) -> str:
        word = _WORDS[proposal.state].format(proposal)
        self.log.info("%s There is nothing to decide.", word)
        return word


class MarkProposedRowsOperator(RawDatabaseOperator):
    """Carries out an approved proposal: compares its table with Megaplan, and requests each row before it is marked.

    :param proposal: number of the proposal
    """

    template_fields: Sequence[str] = ("proposal",)

    def __init__(self, *, proposal: int | str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.proposal = proposal

    def execute(self, context: Context) -> None:
        """Mark the rows that are gone."""
        with airflow_errors():
            proposal = self._find()
            if proposal.state != "approved":
                raise AirflowSkipException(f"Proposal {proposal} is {proposal.state}: no row is marked.")
            self._carry_out(proposal, context)

    def _carry_out(self, proposal: Proposal, context: Context) -> None:
        with account_session(connection_of(proposal.account), self.postgres_conn_id) as session:
            if session is None:
                raise AirflowSkipException(f"deals_active of {proposal.account} is off: no row is marked.")
            hook, connection = session
            run_id = str(context["run_id"])
            account = AccountReconciliation(hook, connection, run_id=run_id, depth="ids")
            certificates = account.run([proposal.entity])
        announce_tables(changed_tables(certificates), self.postgres_conn_id, context)
        for certificate in certificates:
            self.log.info("%s: %d rows marked as deleted", certificate.entity, certificate.deleted)
        if self._find().state == "approved":
            unfinished = UnmarkedRowsError(proposal, certificates[0].reason)
            if not isinstance(account.pause, NightBudgetSpentError):  # then the next night continues
                raise unfinished
            self.log.warning("%s", unfinished)

    def _find(self) -> Proposal:
        with raw_database(self.postgres_conn_id) as connection:
            return find_proposal(connection, proposal_number(self.proposal))


def proposal_number(given: object) -> int:
    """Return the number in the parameter ``proposal``.

    :raises ProposalNumberError: it is something else
    """
    text = str(given).strip()
    if isinstance(given, bool) or not text.isascii() or not text.isdigit() or int(text) >= 2**31:
        raise ProposalNumberError(given)
    return int(text)


def connection_of(account: str) -> str:
    """Return the id of the connection that leads to an account.

    :raises UnknownAccountError: none of the Variable ``megaplan_accounts`` does. If one is invalid, its own error
    """
    known = configured_accounts()
    failures: list[Exception] = []
    for conn_id in known:
        try:
            if account_hook(conn_id).account == account:
                return conn_id
        except OUR_ERRORS as error:  # perhaps of another account, whose own tasks report it
            failures.append(error)
    raise failures[0] if failures else UnknownAccountError([account], known)
