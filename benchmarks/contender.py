"""What a contender is, and what it is given.

A contender is a module in this folder. It runs in a process of its own, once per stage, and has

* `load(job)`: does the work; only this is measured
* `prepare(job)` (optional): imports, settings, whatever must not be measured
* `TRUTH_SQL` (optional): one row of `deals, positions, price, changed_names`, compared with the page server's
  truth after each stage, so that nobody is fast by leaving something out. It and the module itself must be
  importable with nothing but the standard library and what the floors use

Between the stages it keeps its database and its `work_dir`, nothing else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self

Stage = Literal["first", "unchanged", "changed", "full"]
STAGES: tuple[Stage, ...] = ("first", "unchanged", "changed")
NIGHTS: tuple[Stage, ...] = (*STAGES, "full")

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Job:
    """One stage of one contender.

    :param base_url: the page server, scheme, host and port; any login and password open it
    :param postgres: URI of the contender's own database, over TCP
    :param work_dir: a folder that the contender keeps between its stages
    :param postgres_pid: the server's process, whose processor time is taken during `load`
    """

    stage: Stage
    base_url: str
    postgres: str
    work_dir: str
    postgres_pid: int

    def to_json(self) -> str:
        """Return the job for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Contender:
    """A module that competes, and whether it runs in dlt's environment or in ours."""

    name: str
    title: str
    in_dlt_environment: bool = False

    @property
    def module(self) -> str:
        """Return the importable path of the contender."""
        return f"benchmarks.{self.name}"

    @property
    def exists(self) -> bool:
        """Tell whether the module is there."""
        return (FOLDER / f"{self.name}.py").exists()


FLOOR_FETCH = Contender("floor_fetch", "floor: fetch and parse")
FLOOR_COPY = Contender("floor_copy", "floor: COPY as jsonb")
PROJECT = Contender("project_load", "this project")
DLT = Contender("dlt_load", "dlt", in_dlt_environment=True)
DLT_TUNED = Contender("dlt_tuned_load", "dlt, tuned", in_dlt_environment=True)
FLOOR_IDS = Contender("floor_ids", "floor A: read ids and change times")
FLOOR_IDS_JOIN = Contender("floor_ids_join", "floor B: A, COPY and one join")
RECONCILIATION = Contender("project_reconcile", "this project")
CONTENDERS = (FLOOR_FETCH, FLOOR_COPY, PROJECT, DLT, DLT_TUNED)
