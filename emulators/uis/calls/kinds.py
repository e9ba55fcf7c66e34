"""Kinds of calls that can be played: who calls, through which scenario, and how people behave."""

from typing import Any

# kind → direction, scenario (None: the number's own), behaviour
KINDS: dict[str, tuple[str, int | None, dict[str, Any]]] = {
    "incoming": ("in", None, {}),  # as the number's scenario and the knobs say
    "incoming_answered": ("in", 1, {}),
    "incoming_lost": ("in", 1, {"employee_answers": None}),
    "incoming_abandoned": ("in", 1, {"employee_answers": None, "abandons": 9}),
    "incoming_rejected": ("in", 1, {"employee_answers": None, "rejects": "everybody"}),
    "transferred": ("in", 1, {"transfer_to": "another"}),
    "ring_in_turn": ("in", 3, {"answers": "second"}),
    "queue": ("in", 5, {}),
    "ivr_only": ("in", 4, {"employee_answers": None}),
    "voicemail": ("in", 6, {"employee_answers": None}),
    "interactive": ("in", 2, {}),
    "outgoing": ("out", None, {}),
    "outgoing_answered": ("out", None, {}),
    "outgoing_unanswered": ("out", None, {"contact_answers": None}),
    "outgoing_busy": ("out", None, {"contact_refuses": "subscriber_busy"}),
    "internal": ("internal", None, {}),
    "call_api": ("api", None, {}),
}
