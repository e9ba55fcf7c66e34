"""What a check found, how it is printed, and how it is stored."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.error_reporting import on_screen
from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("error", "warning", "ok")
_LOG_LEVELS: dict[Level, int] = {"error": logging.ERROR, "warning": logging.WARNING, "ok": logging.INFO}

Who = Literal[
    "",
    "the administrator of Airflow",
    "the administrator of the Megaplan account",
    "the administrator of the UIS cabinet",
    "the administrator of Postgres",
    "the administrator of the servers",
]
AIRFLOW: Who = "the administrator of Airflow"
MEGAPLAN: Who = "the administrator of the Megaplan account"
UIS: Who = "the administrator of the UIS cabinet"
POSTGRES: Who = "the administrator of Postgres"
SERVERS: Who = "the administrator of the servers"


@dataclass(frozen=True)
class Finding:
    """One finding about one account.

    :param level: ``error``: something does not work; ``warning``: something is missing, or is about to fail
    :param topic: what was checked, in a few words
    :param message: what was found, without secrets and personal data
    :param remedy: what to do, and in which cabinet; empty if there is nothing to do
    :param who: who can do it
    :param follows: topic of an error that this one may follow from; beside it, this one is a warning only
    """

    level: Level
    topic: str
    message: str
    remedy: str = ""
    who: Who = ""
    follows: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def sentence(self) -> str:
        """Return everything in one line."""
        return f"{self.topic}: {self.message}" + (f" → {self.who}: {self.remedy}" if self.remedy else "")


def ok(topic: str, message: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding("ok", topic, message)


def warning(topic: str, message: str, who: Who, remedy: str) -> Finding:
    """Return a finding that somebody should look into."""
    return Finding("warning", topic, message, remedy, who)


def error(topic: str, message: str, who: Who, remedy: str) -> Finding:
    """Return a finding about something that does not work."""
    return Finding("error", topic, message, remedy, who)


def without_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in which errors that follow from other errors are warnings."""
    wrong = {finding.topic for finding in findings if finding.level == "error"}
    return [
        replace(finding, level="warning")
        if finding.level == "error" and finding.follows in wrong
        else finding
        for finding in findings
    ]


def save_examination(connection: Session, hook: MegaplanHook, findings: Sequence[Finding]) -> None:
    """Save what was found of an account, for people to see."""
    row = {
        "conn_id": hook.megaplan_conn_id,
        "account": hook.account,
        "findings": json_text([finding.as_dict() for finding in findings]),
    }
    connection.execute(read_sql("save_examination"), row)


def report(title: str, findings: Sequence[Finding]) -> Iterator[tuple[int, str]]:
    """Yield what to log, each with its log level: counts, then what is right, and last what does not work.

    Airflow's page opens at the end of the log, so errors are what a person reads first. A remedy begins a line.
    """
    counts = ", ".join(f"{sum(finding.level == level for finding in findings)} {level}" for level in LEVELS)
    yield logging.INFO, f"{title}: {counts}"
    for finding in sorted(findings, key=lambda each: LEVELS.index(each.level), reverse=True):
        level = _LOG_LEVELS[finding.level]
        yield level, on_screen(f"{finding.topic}: {finding.message}", "  ")
        if finding.remedy:
            yield level, on_screen(f"→ {finding.who}: {finding.remedy}", "  ")
