"""What a check found, and how it is printed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("error", "warning", "ok")


@dataclass(frozen=True)
class Finding:
    """One finding about one account.

    :param level: ``error``: something does not work; ``warning``: something is missing, or is about to fail
    :param topic: what was checked, in a few words
    :param message: what was found, without secrets and personal data
    :param remedy: what to do, and in which cabinet; empty if there is nothing to do
    """

    level: Level
    topic: str
    message: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def ok(topic: str, message: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding("ok", topic, message)


def warning(topic: str, message: str, remedy: str) -> Finding:
    """Return a finding that somebody should look into."""
    return Finding("warning", topic, message, remedy)


def error(topic: str, message: str, remedy: str) -> Finding:
    """Return a finding about something that does not work."""
    return Finding("error", topic, message, remedy)


def report(title: str, findings: Sequence[Finding]) -> list[str]:
    """Return the lines to print: counts, then every finding with its remedy, in the order of the checks."""
    counts = ", ".join(f"{sum(finding.level == level for finding in findings)} {level}" for level in LEVELS)
    lines = [f"{title}: {counts}"]
    width = max((len(finding.topic) for finding in findings), default=0)
    for finding in findings:
        lines.append(f"{finding.level.upper():7}  {finding.topic:{width}}  {finding.message}")
        if finding.remedy:
            lines.append(f"{'':7}  {'':{width}}  → {finding.remedy}")
    return lines
