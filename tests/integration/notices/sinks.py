"""Real recipients: an SMTP server and an HTTP server, which a test may let refuse what they get."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from demo.processes import free_port


class MailSink:
    """An SMTP server that keeps mails."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.is_refusing = False
        self._port = free_port(0)
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port)

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self._port}?from=airflow@example.org&to=duty@example.org&format=text"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - of aiosmtpd
        """Keep subject and text of a mail."""
        if self.is_refusing:
            return "451 try again later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        text = mail.get_body(("plain",))
        self.mails.append((str(mail["subject"]), text.get_content() if text else ""))
        return "250 OK"

    @contextmanager
    def running(self) -> Iterator["MailSink"]:
        self._controller.start()
        yield self
        self._controller.stop()


class WebhookSink:
    """An HTTP server that keeps the JSON it is sent."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.is_refusing = False
        self.requests = 0
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.requests += 1
                if not sink.is_refusing:
                    sink.posts.append(json.loads(body))
                self.send_response(503 if sink.is_refusing else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self._server.server_port}/hook-s3cret"

    @contextmanager
    def running(self) -> Iterator["WebhookSink"]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        yield self
        self._server.shutdown()
        thread.join()
        self._server.server_close()
