"""An address that notifications are sent to: it stores each of them as it comes, on a session of its own."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import psycopg

from megaplan_sync.telephony.inbox import UIS_NOTIFICATION, StoredEvent, store_event


class NotificationReceiver:
    """Listens until closed. ``stored`` is what became of each request."""

    def __init__(self, database_uri: str, account: str) -> None:
        self.stored: list[StoredEvent] = []
        self.failures: list[Exception] = []
        self._connection = psycopg.connect(database_uri, autocommit=True)
        lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                query = urlsplit(self.path).query or None
                content_type = self.headers.get("Content-Type")
                try:
                    with lock:
                        stored = store_event(
                            receiver._connection, account, UIS_NOTIFICATION, body, content_type, query=query
                        )
                    receiver.stored.append(stored)
                except Exception as error:
                    receiver.failures.append(error)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._connection.close()
