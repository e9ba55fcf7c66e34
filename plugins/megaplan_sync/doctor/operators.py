"""The operator of ``megaplan_doctor``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from megaplan_sync.doctor.examination import examine
from megaplan_sync.doctor.finding import Finding, report
from megaplan_sync.kernel.account_operators import AccountsOperator


class ExamineAccountsOperator(AccountsOperator):
    """Examines some accounts, logs all findings, and fails if something does not work.

    :param calibrate: whether to find out how the accounts behave, and to store it
    :param write_probe: Megaplan's id of a contact on which writes may be tried; empty for none
    """

    template_fields: Sequence[str] = ("accounts", "calibrate", "write_probe")

    def __init__(
        self, *, calibrate: bool | str = False, write_probe: str | int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.calibrate = calibrate
        self.write_probe = write_probe

    def execute(self, context: Context) -> dict[str, list[dict[str, Any]]]:
        """Return the findings of every account; pushed to XCom as ``findings`` if the task fails."""
        found: dict[str, list[dict[str, Any]]] = {}
        failed: list[str] = []
        for conn_id in self.accounts:
            findings = examine(
                conn_id,
                self.postgres_conn_id,
                calibrates=bool(self.calibrate),
                test_contact=str(self.write_probe or "").strip() or None,
            )
            found[conn_id] = [finding.as_dict() for finding in findings]
            errors = [finding for finding in findings if finding.level == "error"]
            for level, line in report(conn_id, findings):
                self.log.log(level, "%s", line)
            if errors:
                failed.append(f"{conn_id}: {_counted(errors)}: {errors[0].sentence()}")
        if failed:
            context["ti"].xcom_push(key="findings", value=found)
            raise AirflowFailException(" ".join(failed))
        return found


def _counted(errors: Sequence[Finding]) -> str:
    return "1 error" if len(errors) == 1 else f"{len(errors)} errors, the first of them"
