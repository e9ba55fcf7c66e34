"""The form of a Megaplan connection. Data only."""

from __future__ import annotations

from megaplan_hook.form_fields import FormField, boolean, choice, json_object, number, text

COMMUNICATION_CHOICES = ["none", "planned", "done"]


def _communication(label: str, calls: str) -> FormField:
    return choice(
        f"Telephony: {label}",
        "none",
        COMMUNICATION_CHOICES,
        f"Which communication {calls} makes in Megaplan: none (default), planned or done.",
    )


# in the order of the form: what everybody may need, then telephony
MEGAPLAN_FIELDS: dict[str, FormField] = {
    "deals_active": boolean(
        "Synchronise deals", True, "Deals, contacts and directories go into Postgres. Default: on."
    ),
    "account_timezone": text(
        "Time zone of the account",
        "IANA name; the account's days begin at midnight there. Default: Europe/Moscow.",
        default="Europe/Moscow",
    ),
    "requests_per_second": number(
        "Requests per second", 3, 0.1, 1000, "Most requests a second to this account.", "number"
    ),
    "requests_per_hour": number(
        "Requests per hour",
        1000,
        1,
        1_000_000,
        "Most requests an hour to this account, all processes together.",
    ),
    "page_size": number("Rows per page", 100, 1, 1000, "Rows asked per request; Megaplan may give fewer."),
    "directories_every_minutes": number(
        "Directories: every … minutes",
        60,
        0,
        10080,
        "How often lists without a time of change (employees, pipelines, directories) are read whole;"
        " 0: in every run.",
    ),
    "night_requests": number(
        "Reconciliation: requests a night",
        3000,
        10,
        1_000_000,
        "Most requests of one reconciliation; what does not fit goes on in the next night.",
    ),
    "deletion_brake": number(
        "Reconciliation: deletion brake, per cent",
        1,
        0,
        100,
        "If more of a table's rows (and more than 20) vanish at once, a person has to approve.",
        "number",
    ),
    "backfill_stage_moves": boolean(
        "Reconciliation: ask for earlier stage moves",
        False,
        "One request per deal, with what is left of the night's requests. Default: off.",
    ),
    "application_uuid": text("Application UUID", "Of an application made in Megaplan's settings, if any."),
    "application_token": text(
        "Application token", "API token of that application, used when Login is empty.", secret=True
    ),
    "vendor_quirks": json_object(
        "Vendor quirks",
        "One JSON object for what differs between accounts, normally empty."
        " Its keys are listed in docs/settings.md.",
    ),
    "uis_conn_id": text("UIS connection", "Connection id of the UIS cabinet, such as uis_default."),
    "deals_to_uis": boolean(
        "UIS: deals",
        True,
        "Deals go into that cabinet, too, once the DAG uis_deals_upload is on. Default: on.",
    ),
    "uis_deal_fields": text(
        "UIS: custom fields of deals",
        "Titles or keys of custom fields that become columns there, separated by commas.",
    ),
    "uis_loss_reason_field": text(
        "UIS: field of the loss reason",
        "Title or key of the custom field that says why a deal was lost;"
        " empty takes those whose title looks like it.",
    ),
    "telephony_active": boolean(
        "Telephony",
        False,
        "Calls of this account are handled. Default: off. Some of the fields below wait for a later version.",
    ),
    "communication_incoming_answered": _communication("incoming, answered", "an answered incoming call"),
    "communication_incoming_missed": _communication("incoming, missed", "a missed incoming call"),
    "communication_outgoing_answered": _communication("outgoing, answered", "an answered outgoing call"),
    "communication_outgoing_unanswered": _communication(
        "outgoing, unanswered", "an unanswered outgoing call"
    ),
    "communication_minutes": number(
        "Telephony: length of a communication, minutes", 120, 1, 1440, "Minutes from start to end."
    ),
    "megaplan_creates_todo": boolean(
        "Telephony: Megaplan makes the communication",
        False,
        "Off (default): it is made from here. On: Megaplan makes one per call, which is completed from here.",
    ),
    "keep_telephony_days": number(
        "Telephony: days to keep",
        None,
        30,
        36500,
        "Calls older than so many days are deleted from Postgres by night, with everything that came in of them,"
        " once Megaplan has them. Empty (default): nothing is deleted.",
    ),
    "webhook_secret": text(
        "Telephony: webhook secret",
        "Unguessable part of the address at which Megaplan's events arrive.",
        secret=True,
    ),
    "gateway_url": text(
        "Telephony: gateway address", "Public address of the gateway, such as https://calls.example.org."
    ),
    "route_fallback": text(
        "Telephony: fallback numbers",
        "Numbers to ring when nobody is responsible, separated by commas, in this order.",
    ),
}

MEGAPLAN_CONNECTION: dict[str, object] = {
    "connection-type": "megaplan",
    "hook-class-name": "megaplan_hook.hook.MegaplanHook",
    "hook-name": "Megaplan",
    "ui-field-behaviour": {
        # Host carries the scheme when it is needed at all. Port is shown for one reason: up to
        # Airflow 3.3.2 the Test button answers "Bad Request" for a saved connection without a
        # port (apache/airflow#73298).
        "hidden-fields": ["schema"],
        "relabeling": {
            "host": "Megaplan address",
            "port": "Port (443; for Test)",
            "login": "Login (e-mail)",
        },
        "placeholders": {
            "host": "mp361546.megaplan.ru",
            "port": "443",
            "login": "robot@example.org",
            "extra": '{"verify": true, "read_timeout_seconds": 60}',
        },
    },
    "conn-fields": MEGAPLAN_FIELDS,
}
