"""Uploads the deals of connection ``megaplan_default`` in a process that kills itself."""

from typing import Any

from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.session import Session
from megaplan_sync.uis_upload.account_upload import AccountUpload
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook.hook import UisHook
from uis_hook.jsonrpc import Api
from uis_hook.limits import Limits

from ..sudden_death import die, die_in_a_process


def upload_until_killed(database_uri: str, moment: str) -> None:
    """Upload in a child process that kills itself with signal 9.

    :param moment: ``before upload.deals_history``: before its request is sent; ``after …``: when its answer has come
        and nothing is saved yet; ``statement accept_upload``: before that statement is executed
    """

    def upload() -> None:
        with Session.open(database_uri) as connection:
            settings = account_hook("megaplan_default").settings
            uis = UisHook("uis_default", points=DeadlyPoints(moment)).client
            session = DeadlySession(moment, settings, uis, connection)
            AccountUpload(session, "killed").send()

    die_in_a_process(upload, moment)


class DeadlyPoints:
    """A budget without limits, which is called before each request and first after each answer."""

    def __init__(self, moment: str) -> None:
        self._moment = moment
        self._method = ""

    def acquire(self, api: Api, method: str, points: int) -> None:
        self._method = method
        if self._moment == f"before {method}":
            die()

    def observe(self, api: Api, limits: Limits) -> None:
        if self._moment == f"after {self._method}":
            die()

    def back_off(self, api: Api, seconds: float) -> None: ...


class DeadlySession(UploadSession):
    def __init__(self, moment: str, *args: Any) -> None:
        super().__init__(*args)
        self._moment = moment

    def execute(self, statement: str, **values: Any) -> list[Any]:
        if self._moment == f"statement {statement}":
            die()
        return super().execute(statement, **values)
