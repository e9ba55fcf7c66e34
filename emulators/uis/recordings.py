"""Recordings: their links, and the files behind them.

``/system/media/talk/{session}/{id}/`` (mp3), ``/system/media/wav/…``, ``/system/media/voice_mail/…`` on the
brand's app host; ``/{session}/{id}`` on its media host. The emulator serves all of them itself.
"""

import struct
from collections.abc import Iterator
from typing import Any

from ..kit.answers import HTML, RawAnswer
from ..kit.clock import Clock
from .brands import BRANDS
from .calls.session import Recording, Session
from .knobs import Knobs

# one silent MPEG-1 layer III frame: 32 kbit/s, 44.1 kHz, mono; 104 bytes last 26.12 ms
_FRAME = b"\xff\xfb\x10\xc4" + b"\x00" * 100
_FRAMES_PER_SECOND = 44_100 / 1_152
_LOGIN = (
    "<!DOCTYPE html><html><head><title>Вход в личный кабинет</title></head><body><form></form></body></html>"
)


class Links:
    """Addresses of recordings."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self.own_url = "http://127.0.0.1"

    def file_link(self, recording: Recording) -> str:
        """Return the ready link of ``talk_record_file`` and ``voice_message``."""
        kind = "talk" if recording.kind == "talk" else "voice_mail"
        return f"{self._base('app')}/system/media/{kind}/{recording.session_id}/{recording.id}/"

    def media_link(self, recording: Recording) -> str:
        """Return ``full_record_file_link``."""
        return f"{self._base('media')}/{recording.session_id}/{recording.id}"

    def _base(self, host: str) -> str:
        if self._knobs.record_links == "emulator":
            return self.own_url
        brand = BRANDS[self._knobs.brand]
        return f"https://{brand.app_host if host == 'app' else brand.media_host}"


class RecordingFiles:
    """Answers requests for files."""

    def __init__(self, knobs: Knobs, clock: Clock, recordings: dict[str, Recording]) -> None:
        self._knobs = knobs
        self._clock = clock
        self._recordings = recordings
        self.unready_requests = 0

    def answer(self, kind: str, session_id: int, id: str) -> RawAnswer:
        """Return a file, or what is answered until it is ready."""
        knobs, now = self._knobs, self._clock.now()
        recording = self._recordings.get(id)
        asked = "voice_mail" if kind == "voice_mail" else "talk"
        if recording is None or recording.session_id != session_id or recording.kind != asked:
            return RawAnswer(404, b"Not Found", HTML)
        if knobs.record_login:
            return RawAnswer(200, _LOGIN.encode(), HTML)
        if recording.ready is None or recording.ready > now:
            self.unready_requests += 1
            return self._unready()
        if knobs.record_ttl_s and recording.ready + knobs.record_ttl_s < now:
            return RawAnswer(404, b"Not Found", HTML)
        name = f'attachment; filename="{recording.session_id}_{recording.id}'
        if kind == "wav":
            return RawAnswer(200, wav(recording), "audio/wav", {"Content-Disposition": name + '.wav"'})
        return RawAnswer(
            200, mp3(recording), knobs.record_content_type, {"Content-Disposition": name + '.mp3"'}
        )

    def _unready(self) -> RawAnswer:
        match self._knobs.record_unready:
            case "empty":
                return RawAnswer(200, b"", self._knobs.record_content_type)
            case "html":
                return RawAnswer(200, "<html><body>Запись обрабатывается</body></html>".encode(), HTML)
            case "204":
                return RawAnswer(204, b"", self._knobs.record_content_type)
            case _:
                return RawAnswer(404, b"Not Found", HTML)


def mp3(recording: Recording) -> bytes:
    """Return silence of the talk's length; the tag at the end makes every file different."""
    tag = b"TAG" + recording.id.encode().ljust(125, b"\x00")
    return _FRAME * max(1, round(recording.duration * _FRAMES_PER_SECOND)) + tag


def wav(recording: Recording) -> bytes:
    """Return stereo silence, 8 kHz, 16 bit."""
    data = b"\x00" * (recording.duration * 8_000 * 4)
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 2, 8_000, 32_000, 4, 16
    )
    return head + struct.pack("<4sI", b"data", len(data)) + data


def ready_ids(session: Session, kind: str, now: float, knobs: Knobs) -> list[str]:
    """Return the ids that reports show."""
    return [
        recording.id
        for recording in _of(session, kind)
        if knobs.include_unready_records or recording.is_ready(now)
    ]


def first_ready(session: Session, now: float) -> Recording | None:
    """Return the first talk that can be downloaded."""
    return next((recording for recording in _of(session, "talk") if recording.is_ready(now)), None)


def _of(session: Session, kind: str) -> Iterator[Any]:
    return (recording for recording in session.recordings if recording.kind == kind)
