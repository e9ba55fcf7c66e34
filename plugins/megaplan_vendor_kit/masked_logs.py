"""Keeps the tokens of this process out of its logs, of ``logging`` and of ``structlog``, which Airflow's tasks use.

They are masked before a task hands its lines to Airflow's supervisor, which masks only what it was told of.
"""

from __future__ import annotations

import logging
from typing import Any

import structlog

from megaplan_vendor_kit.known_secrets import without_secrets


def mask_logs() -> None:
    """Mask from now on; does nothing if that is so already."""
    processors = structlog.get_config()["processors"]
    # before the last one, which writes the line; loggers that exist already share the list
    if isinstance(processors, list) and mask_event not in processors:
        processors.insert(len(processors) - 1, mask_event)
    for handler in logging.getLogger().handlers:
        if mask_record not in handler.filters:
            handler.addFilter(mask_record)


def mask_event(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Mask everything that structlog is about to write."""
    _mask_exception(event.get("exc_info"))
    return {name: _masked(value) for name, value in event.items()}


def mask_record(record: logging.LogRecord) -> bool:
    """Mask what a handler of ``logging`` is about to write; never suppresses it."""
    message = record.getMessage()
    if (masked := without_secrets(message)) != message:
        record.msg, record.args = masked, ()
    _mask_exception(record.exc_info)
    return True


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_masked(each) for each in value)
    return value


def _mask_exception(given: object) -> None:
    """Mask the arguments of an exception and of those that led to it; its text is made of them."""
    error = given[1] if isinstance(given, tuple) and len(given) == 3 else given
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        if (masked := tuple(map(_masked, error.args))) != error.args:
            error.args = masked
        error = error.__cause__ or error.__context__
