"""Structured logging: JSON lines without personal data or secrets.

Pass fields by name: ``log.info("stored", extra={"account": …, "call": …})``. For an exception only the class and
frames are logged, since drivers quote values in their messages.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

from megaplan_vendor_kit.known_secrets import without_secrets

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "taskName", "color_message", "__SecretsMasker_filtered")
}
# these log URLs, whose queries and paths contain secrets
_SILENCED = ("httpx", "httpcore", "uvicorn.access")
# logs a traceback at every reload if there is no metadata database, which the gateway does not need
_NOISY = "airflow.models.variable"


class JsonLines(logging.Formatter):
    """Formats each record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _where(record)
        return without_secrets(orjson.dumps(line, default=str).decode())


def _where(record: logging.LogRecord) -> list[str]:
    """Return the innermost frames of an exception, without values."""
    traceback = record.exc_info[2] if record.exc_info else None
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[-8:]


def configure_logging(level: str = "INFO") -> None:
    """Log to standard output as JSON lines. Call this after importing Airflow, which configures logging itself."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _SILENCED:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_NOISY).setLevel(logging.CRITICAL)
