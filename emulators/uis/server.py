"""The server of an account."""

from functools import partial

from ..kit import server
from .account import Account
from .app import build_app


class Server(server.Server):
    """Serves an account, and gives the account its own address, with which links to recordings begin.

    :param public_url: under which others reach it, where that is not the address it listens at
    """

    def __init__(
        self, account: Account, host: str = "127.0.0.1", port: int = 0, public_url: str | None = None
    ) -> None:
        super().__init__(partial(build_app, account), lambda: account.clock.now(), host, port)
        account.listen_at(public_url or self.url)
