"""Where a recording is fetched. Free of I/O.

Ids come from ``call_records`` of the reports; the event ``talk_record_file`` brings a ready link instead. Whether
a link opens without a login to the cabinet is not documented: treat it as a secret.
"""

from __future__ import annotations

import re
from typing import Literal

RecordKind = Literal["talk", "wav", "voice_mail"]
KINDS: tuple[RecordKind, ...] = ("talk", "wav", "voice_mail")


def record_url(
    records_url: str, communication_id: int | str, record_id: str, kind: RecordKind = "talk"
) -> str:
    """Build the address of one recording.

    :param records_url: host of the cabinet.
    :param communication_id: of the call; equal to its session id.
    :param record_id: one of ``call_records``, ``wav_call_records`` or ``voice_mail_records``.
    :raises ValueError: when an id is none.
    """
    if kind not in KINDS:
        raise ValueError(f"recordings are {', '.join(KINDS)}, not {kind!r}")
    return f"{records_url}/system/media/{kind}/{_id(communication_id)}/{_id(record_id)}/"


def _id(value: int | str) -> str:
    text = str(value)
    if not re.fullmatch(r"[0-9A-Za-z_-]+", text):
        raise ValueError("this is no id of a communication or a recording")
    return text
