"""Which deletion proposals wait, in a small file: the trigger form shows it, and parsing a DAG asks no database.

The file stands where Airflow's logs go, a folder that the DAG processor and the workers share in most installations
(``docker-compose.yaml`` does so); the environment variable ``MEGAPLAN_NOTICE_FOLDER`` names another one.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from airflow.sdk.configuration import conf

from megaplan_sync.reconciliation.proposals import Proposal

_NONE = "None waits at present."


def notice_file() -> Path:
    """Return where the notice stands."""
    folder = os.environ.get("MEGAPLAN_NOTICE_FOLDER") or conf.get("logging", "base_log_folder")
    return Path(folder) / "megaplan_open_proposals.json"


def write_notice(proposals: Sequence[Proposal]) -> None:
    """Replace the notice at one stroke."""
    file = notice_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{uuid4().hex}")
    told = [str(proposal) for proposal in proposals if proposal.state == "open"]
    draft.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    draft.replace(file)


def waiting_proposals_for_the_form() -> str:
    """Return one sentence about the proposals that wait."""
    try:
        told = json.loads(notice_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _NONE
    return f"Waiting: {'; '.join(map(str, told))}." if told else _NONE
