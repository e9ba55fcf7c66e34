"""Logs as JSON lines: what happened, to which account, never who telephoned and never a secret.

Whoever logs gives fields by name: ``log.info("stored", extra={"account": …, "call": …})``. Of an exception only its
class is written: messages of drivers quote values.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "taskName", "color_message", "__SecretsMasker_filtered")
}
# these write addresses with queries or paths with secrets into their messages
_SILENCED = ("httpx", "httpcore", "uvicorn.access")
# tells at every reading, at length, that there is no metadata database here, which is as it should be
_NOT_OURS = "airflow.models.variable"


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _where(record)
        return orjson.dumps(line, default=str).decode()


def _where(record: logging.LogRecord) -> list[str]:
    """Return the frames of an exception without any values."""
    traceback = record.exc_info[2] if record.exc_info else None
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[-8:]


def set_up_logs(level: str = "INFO") -> None:
    """Send everything to standard output as JSON lines; importing Airflow sets up others, so call this after it."""
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
    logging.getLogger(_NOT_OURS).setLevel(logging.CRITICAL)
