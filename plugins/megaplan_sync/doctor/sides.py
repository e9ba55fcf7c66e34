"""Runs the checks of one side (Megaplan, UIS, Postgres, the gateway) in a thread, and no longer than a deadline.

A check that fails does not hide the findings of the others; but what makes every further request to a side fail is
one finding, after which nothing more is asked of that side.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from psycopg import Error

from megaplan_sync.doctor.causes import Cause, cause_of
from megaplan_sync.doctor.finding import AIRFLOW, SERVERS, Finding, error
from megaplan_sync.kernel.exceptions import OUR_ERRORS

log = logging.getLogger(__name__)

Check = Callable[[], Iterator[Finding]]


@dataclass
class Side:
    """The checks of one side, in order.

    :param name: of the side, for messages
    :param checks: each yields its findings
    """

    name: str
    checks: Sequence[Check]
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        """Run the checks until one shows that all further ones would fail, too."""
        for check in self.checks:
            try:
                self.findings.extend(check())
            except (*OUR_ERRORS, Error) as failure:
                cause: Cause = cause_of(failure, self.name)
                self.findings.append(cause.finding)
                if cause.is_common:
                    return
            except Exception as failure:  # a thread's error would be seen by nobody
                log.exception("A check of %s has failed", self.name)
                self.findings.append(
                    error(
                        self.name,
                        f"a check ended with an unexpected {type(failure).__name__}: what it examines is unknown",
                        AIRFLOW,
                        "report it with the log of this task; the other checks have run",
                    )
                )


def run_together(sides: Sequence[Side], seconds: float) -> list[Finding]:
    """Run sides at the same time; return their findings in the order of the sides.

    :param seconds: a side that takes longer is left to itself, and so reported
    """
    threads = [threading.Thread(target=side.run, name=side.name, daemon=True) for side in sides]
    for thread in threads:
        thread.start()
    findings: list[Finding] = []
    for side, thread in zip(sides, threads, strict=True):
        thread.join(seconds)
        findings.extend(list(side.findings))
        if thread.is_alive():
            findings.append(
                error(
                    side.name,
                    f"its checks have not ended within {seconds:.0f} s",
                    SERVERS,
                    "see whether the network passes packets between this machine and it, then run the doctor again",
                )
            )
    return findings
