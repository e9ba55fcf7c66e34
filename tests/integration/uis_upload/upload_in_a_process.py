"""Uploads the deals of connection ``megaplan_default`` in a process that kills itself with signal 9.

Usage: ``python upload_in_a_process.py <database address> <when to die>``

When to die: ``before upload.deals_history`` is when its request is about to be sent, ``after …`` when its answer has
come and nothing was noted yet; ``statement accept_upload`` is when that statement is about to be executed.
"""

import os
import signal
import sys
from typing import Any

import psycopg

from megaplan_sync.account_session import account_hook
from megaplan_sync.postgres import prepare_session
from megaplan_sync.uis_upload.account_upload import AccountUpload
from megaplan_sync.uis_upload.upload_session import UploadSession
from uis_hook.conversation import Message, Received
from uis_hook.hook import UisHook

WHEN, WHAT = sys.argv[2].split(" ")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyHook(UisHook):
    def _post(self, message: Message) -> Received:
        if ("before", message.method) == (WHEN, WHAT):
            die()
        received = super()._post(message)
        if ("after", message.method) == (WHEN, WHAT):
            die()
        return received


class DeadlySession(UploadSession):
    def execute(self, statement: str, **values: Any) -> list[Any]:
        if ("statement", statement) == (WHEN, WHAT):
            die()
        return super().execute(statement, **values)


if __name__ == "__main__":
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        prepare_session(connection)
        settings = account_hook("megaplan_default").settings
        AccountUpload(DeadlySession(settings, DeadlyHook("uis_default"), connection), "killed").send()
