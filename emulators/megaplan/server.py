"""The server of an account."""

from functools import partial

from ..kit import server
from .account import Account
from .app import build_app


class Server(server.Server):
    """Serves an account, and gives the account its own address, which is named in events."""

    def __init__(self, account: Account, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(partial(build_app, account), lambda: account.store.clock.now(), host, port)
        account.address = self.address
