"""What the doctor found, and how it is shown to people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("error", "warning", "ok")


@dataclass(frozen=True)
class Finding:
    """One finding about one account.

    :param level: ``error``: something does not work; ``warning``: something is missing or will not work for long
    :param topic: what was looked at, a few words
    :param told: what was found; without secrets and without people's data
    :param remedy: what to do, and in which cabinet; empty where there is nothing to do
    """

    level: Level
    topic: str
    told: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return asdict(self)


def ok(topic: str, told: str) -> Finding:
    """Return a good finding."""
    return Finding("ok", topic, told)


def warning(topic: str, told: str, remedy: str) -> Finding:
    """Return a finding that somebody should look into."""
    return Finding("warning", topic, told, remedy)


def error(topic: str, told: str, remedy: str) -> Finding:
    """Return a finding without whose remedy something does not work."""
    return Finding("error", topic, told, remedy)


def report(title: str, findings: Sequence[Finding]) -> list[str]:
    """Return lines for people: the counts, then every finding with its remedy, in the order of the examination."""
    counts = ", ".join(f"{sum(finding.level == level for finding in findings)} {level}" for level in LEVELS)
    lines = [f"{title}: {counts}"]
    width = max((len(finding.topic) for finding in findings), default=0)
    for finding in findings:
        lines.append(f"{finding.level.upper():7}  {finding.topic:{width}}  {finding.told}")
        if finding.remedy:
            lines.append(f"{'':7}  {'':{width}}  → {finding.remedy}")
    return lines
