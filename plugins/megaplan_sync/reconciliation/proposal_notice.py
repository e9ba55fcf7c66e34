"""A small file with the open deletion proposals for the trigger form: parsing a DAG must not query a database.

The file is in the folder of Airflow's logs, which the DAG processor and the workers share in most installations
(as in ``docker-compose.yaml``); set the environment variable ``MEGAPLAN_NOTICE_FOLDER`` to use another one.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from airflow.sdk.configuration import conf

from megaplan_sync.reconciliation.proposals import Proposal

_NONE = "None is waiting."


def notice_file() -> Path:
    """Return the path of the file."""
    folder = os.environ.get("MEGAPLAN_NOTICE_FOLDER") or conf.get("logging", "base_log_folder")
    return Path(folder) / "megaplan_open_proposals.json"


def write_notice(proposals: Sequence[Proposal]) -> None:
    """Replace the file atomically."""
    file = notice_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{uuid4().hex}")
    waiting = [str(proposal) for proposal in proposals if proposal.state == "open"]
    draft.write_text(json.dumps(waiting, ensure_ascii=False), encoding="utf-8")
    draft.replace(file)


def waiting_proposals_for_the_form() -> str:
    """Return one sentence about the open proposals."""
    try:
        waiting = json.loads(notice_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _NONE
    return f"Waiting: {'; '.join(map(str, waiting))}." if waiting else _NONE
