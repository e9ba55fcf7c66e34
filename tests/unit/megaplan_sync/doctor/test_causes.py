"""The cause of an error names the person who can mend it."""

import psycopg
import pytest
import requests
import urllib3

from megaplan_hook.exceptions import (
    MegaplanCursorError,
    MegaplanRateLimitError,
    MegaplanServerError,
    MegaplanTransportError,
)
from megaplan_sync.doctor.causes import cause_of
from megaplan_sync.doctor.finding import AIRFLOW, POSTGRES, SERVERS, UIS
from megaplan_sync.kernel.exceptions import AirflowUnavailableError, UnknownDepthError
from uis_hook.exceptions import UisAccountInactiveError, UisDuplicateError


def caused(by: Exception) -> MegaplanTransportError:
    failure = MegaplanTransportError("/deal: failed")
    failure.__cause__ = by
    return failure


@pytest.mark.parametrize(
    ("failure", "side", "topic", "who", "words", "is_common"),
    [
        (MegaplanServerError(502, "/deal"), "Megaplan", "Megaplan", SERVERS, "try again later", True),
        (MegaplanRateLimitError(429, "/deal"), "Megaplan", "requests", AIRFLOW, "requests_per_second", True),
        (
            MegaplanTransportError("HTML", 200),
            "Megaplan",
            "Megaplan",
            AIRFLOW,
            "something else answers",
            True,
        ),
        (
            caused(urllib3.exceptions.ProxyError("no", OSError())),
            "Megaplan",
            "Megaplan",
            AIRFLOW,
            "proxies",
            True,
        ),
        (caused(requests.exceptions.SSLError()), "Megaplan", "Megaplan", AIRFLOW, "verify", True),
        (MegaplanCursorError("/deal"), "Megaplan", "Megaplan", AIRFLOW, "vendor_quirks", True),
        (UisAccountInactiveError("get.account", "account_inactive"), "UIS", "UIS account", UIS, "pay", True),
        (UisDuplicateError("get.account", "duplicate_entity"), "UIS", "UIS", AIRFLOW, "vendor_quirks", False),
        (AirflowUnavailableError("x", "503"), "UIS", "UIS", AIRFLOW, "run the doctor again", True),
        (UnknownDepthError("x"), "Postgres", "Postgres", AIRFLOW, "the message", False),
        (psycopg.errors.UndefinedTable("no table"), "Postgres", "Postgres", POSTGRES, "message says", False),
        (psycopg.errors.SyntaxError("at"), "Postgres", "Postgres", POSTGRES, "server's log", False),
    ],
)
def test_the_cause_is_told(
    failure: Exception, side: str, topic: str, who: str, words: str, is_common: bool
) -> None:
    cause = cause_of(failure, side)
    assert (cause.finding.topic, cause.finding.who, cause.is_common) == (topic, who, is_common)
    assert words in cause.finding.remedy
