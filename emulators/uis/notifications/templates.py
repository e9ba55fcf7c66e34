"""Bodies of notifications: text with ``{{macro}}``, where a macro becomes a JSON literal.

A string arrives with its quotes, so a template that quotes a macro makes invalid JSON. A macro that the event does
not know is left unreplaced.
"""

import json
import re
from collections.abc import Collection
from typing import Any

from .events import TEMPLATES, valid_macros

_MACRO = re.compile(r"\{\{(\w+)\}\}")
_FLAT_NAMES = """
    notification_mnemonic notification_time notification_timestamp call_session_id direction call_source
    external_id virtual_phone_number contact_phone_number contact_full_name employee_id employee_full_name
    extension_phone_number leg_id leg_ids is_lost is_internal is_transfer tag_id tag_name tag_names
    talk_time_duration total_time_duration wait_time_duration start_time finish_time
    last_talked_employee_id employee_ids file_link file_duration status
"""


def expand(template: str, values: dict[str, Any], valid: Collection[str]) -> str:
    """Replace the macros of a template."""

    def literal(match: re.Match[str]) -> str:
        name = match[1]
        if name not in valid:
            return match[0]
        return json.dumps(values.get(name), ensure_ascii=False)

    return _MACRO.sub(literal, template)


def default_body(event: str) -> str:
    """Return the default POST body of an event."""
    return _lines(TEMPLATES[event], 1)


def flat_body(event: str, secret: str | None = None) -> str:
    """Return one flat shape for all events, without the keys whose macro the event lacks."""
    names = [name for name in _FLAT_NAMES.split() if name in valid_macros(event, "wide")]
    head = "" if secret is None else f'"secret": {json.dumps(secret)}, '
    return "{" + head + ", ".join(f'"{name}": {{{{{name}}}}}' for name in names) + "}"


def default_query(event: str) -> str:
    """Return the default GET query of an event, with the defects of the vendor's own."""
    names = _leaves(TEMPLATES[event])
    pairs = [f"{key}={{{{{macro}}}}}" for key, macro in names]
    if event == "talk_finished":
        pairs.append("contact_fullname={{contact_full_name}}")
    query = "&".join(pairs)
    if event == "call_session_finished":
        # the vendor's default misses an "&" here and names the contact's number twice
        query = query.replace("{{communication_number}}&employee", "{{communication_number}}employee")
        query += "&contact_phone_number={{contact_phone_number}}"
    return query


def _lines(template: dict[str, Any], level: int) -> str:
    pad = "  " * level
    lines = [
        f'{pad}"{key}": ' + (_lines(value, level + 1) if isinstance(value, dict) else f"{{{{{value}}}}}")
        for key, value in template.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + "  " * (level - 1) + "}"


def _leaves(template: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in template.items():
        found += _leaves(value) if isinstance(value, dict) else [(key, value)]
    return found
