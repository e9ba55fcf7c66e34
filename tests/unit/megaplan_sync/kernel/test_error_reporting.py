"""An error is explained in lines that fit on the screen, before Airflow logs a trace."""

import logging
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferralError,
)

from megaplan_sync.kernel.error_reporting import LINE_WIDTH, ReportingOperator, airflow_errors
from megaplan_sync.kernel.exceptions import AccountListError

SENTENCE = "Connection 'megaplan_default', field Password: " + "Megaplan refuses it. " * 8


class Failing(ReportingOperator):
    def __init__(self, *, error: BaseException, **kwargs: Any) -> None:
        super().__init__(**{"task_id": "failing", **kwargs})
        self.error = error

    def execute(self, context: Any) -> None:
        raise self.error

    def resume(self, context: Any) -> None:
        raise self.error


@pytest.mark.parametrize("resumed", [False, True], ids=["executed", "resumed"])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AirflowFailException(SENTENCE), SENTENCE.strip()),
        (KeyError("rows"), "KeyError: 'rows'"),
        (
            AirflowTaskTimeout("Timeout"),
            "The task was stopped because it took longer than its execution_timeout.",
        ),
    ],
)
def test_what_went_wrong_is_said_first(
    error: BaseException, expected: str, resumed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    operator = Failing(error=error)
    with pytest.raises(type(error)):
        operator.resume_execution("resume", {}, {}) if resumed else operator.execute({})  # type: ignore[typeddict-item]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert " ".join(record.getMessage().split()).startswith(expected)
    assert max(map(len, record.getMessage().splitlines())) <= LINE_WIDTH


def test_a_trigger_that_failed_is_reported_too(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TaskDeferralError):
        Failing(error=ValueError()).resume_execution("__fail__", {"error": "Trigger failure"}, {})  # type: ignore[typeddict-item]
    assert caplog.records[-1].getMessage() == "Trigger failure"


@pytest.mark.parametrize("error", [AirflowSkipException("nothing to do"), AirflowRescheduleException(None)])
def test_a_skipped_task_has_no_error(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(type(error)):
        Failing(error=error).execute({})
    assert caplog.records == []


def test_an_expected_error_has_no_trace_of_ours() -> None:
    def fail() -> None:
        with airflow_errors():
            raise AccountListError("not JSON")

    class Nested(ReportingOperator):
        def execute(self, context: Any) -> None:
            fail()

    with pytest.raises(AirflowException) as caught:
        Nested(task_id="nested").execute({})  # type: ignore[arg-type]
    assert caught.value.__cause__ is None
    assert [frame.name for frame in caught.traceback][1:] == ["reporting"]
