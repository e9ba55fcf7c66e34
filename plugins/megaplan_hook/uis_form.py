"""The form of a UIS connection. Data only; beside the other form, so that neither hook knows the other."""

from __future__ import annotations

from megaplan_hook.form_fields import FormField, choice, json_object, number, text

UIS_BRANDS = ["uis", "comagic", "novofon", "callgear"]

# in the order of the form: what everybody needs, then what few do
UIS_FIELDS: dict[str, FormField] = {
    "brand": choice(
        "Brand",
        "uis",
        UIS_BRANDS,
        "Whose cabinet it is: uis (default), comagic, novofon (2.0) or callgear."
        " A key of one brand is unknown to the others.",
    ),
    "access_token": text(
        "Access token",
        "Permanent key of a user with the rights Data API and Call API, made in the cabinet."
        " Or leave it empty and fill in Login and Password of such a user.",
        secret=True,
    ),
    "account_timezone": text(
        "Time zone of the account",
        "IANA name; all moments of the cabinet are in this zone. Default: Europe/Moscow.",
        default="Europe/Moscow",
    ),
    "virtual_phone_number": text(
        "Number for outgoing calls", "One of the account's own numbers, such as 74950000001."
    ),
    "webhook_secret": text(
        "Webhook secret", "Unguessable part of the address at which UIS's notifications arrive.", secret=True
    ),
    "page_size": number("Rows per page", 1000, 1, 10_000, "Rows asked per request."),
    "longest_limit_wait_seconds": number(
        "Longest wait for points, seconds",
        90,
        0,
        3600,
        "How long a request waits when the account's points are used up, before it fails.",
        "number",
    ),
    "reserved_points_percent": number(
        "Points left to telephony, per cent",
        10,
        0,
        90,
        "Share of the day's points that the upload of deals does not touch.",
        "number",
    ),
    "customer_user_id": {
        "label": "Client's user (resellers only)",
        "description": "Id from get.customer_users, on whose behalf an agent makes requests.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "data_api_url": text(
        "Data API address", "Only when it is neither the brand's nor below Host, with its path."
    ),
    "call_api_url": text("Call API address", "Likewise."),
    "records_url": text(
        "Address of recordings",
        "Host of a recording's link in the cabinet; known for all brands but callgear.",
    ),
    "vendor_quirks": json_object(
        "Vendor quirks",
        "One JSON object for what differs between accounts, normally empty."
        " Its keys are listed in docs/settings.md.",
    ),
}

UIS_CONNECTION: dict[str, object] = {
    "connection-type": "uis",
    "hook-class-name": "uis_hook.hook.UisHook",
    "hook-name": "UIS / CoMagic / Novofon",
    "ui-field-behaviour": {
        # Port is shown for the Test button only, as in the other form; without a host it means nothing
        "hidden-fields": ["schema"],
        "relabeling": {
            "host": "Own address (else the brand's)",
            "port": "Port (443; for Test)",
            "login": "Login (instead of the token)",
        },
        "placeholders": {
            "host": "https://proxy.example.org",
            "port": "443",
            "login": "robot@example.org",
            "extra": '{"verify": true, "read_timeout_seconds": 60}',
        },
    },
    "conn-fields": UIS_FIELDS,
}
