"""A URL for notifications: stores each of them as received, in a session of its own."""

import threading
from urllib.parse import urlsplit

import psycopg

from megaplan_sync.inbox.event_store import UIS_NOTIFICATION, StoredEvent
from tests.local_server import LocalServer, SilentHandler

from ..stored_messages import store_message


class NotificationReceiver:
    """Listens until closed. ``stored`` has the event of each request."""

    def __init__(self, database_uri: str, account: str) -> None:
        self.stored: list[StoredEvent] = []
        self.failures: list[Exception] = []
        self._connection = connection = psycopg.connect(database_uri, autocommit=True)
        lock = threading.Lock()
        receiver = self

        class Handler(SilentHandler):
            def respond(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                query = urlsplit(self.path).query or None
                content_type = self.headers.get("Content-Type")
                try:
                    with lock:
                        stored = store_message(
                            connection, account, UIS_NOTIFICATION, body, content_type, query
                        )
                    receiver.stored.append(stored)
                except Exception as error:
                    receiver.failures.append(error)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = LocalServer(Handler)
        self.url = self._server.url

    def close(self) -> None:
        """Stop listening."""
        self._server.close()
        self._connection.close()
