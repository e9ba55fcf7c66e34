"""What a recording's link answers: which files can be played, and where a redirect may lead."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from megaplan_sync.telephony.push.recording_check import CheckResult, RecordingCheck

from .push_world import uis_settings

FRAMES = b"\0" * 300
NO_RECORDING = "instead of a recording"
EMPTY = "the recording is empty"


class Cabinet:
    """A server that gives one answer after the other, and keeps the requests."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self.asked: list[bytes] = []
        self.answers: list[bytes] = []

    def serve(self) -> None:
        for answer in self.answers:
            connection, _ = self._server.accept()
            with connection:
                self.asked.append(connection.recv(4096))
                connection.sendall(answer)

    def close(self) -> None:
        self._server.close()


@contextmanager
def serving(cabinet: Cabinet, *answers: bytes) -> Iterator[None]:
    cabinet.answers = list(answers)
    thread = threading.Thread(target=cabinet.serve)
    thread.start()
    yield
    thread.join()


@pytest.fixture
def cabinet() -> Iterator[Cabinet]:
    cabinet = Cabinet()
    yield cabinet
    cabinet.close()


def answer(body: bytes = b"", kind: str | None = None, status: str = "200 OK", **headers: str) -> bytes:
    given = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    if kind is not None:
        given["Content-Type"] = kind
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(status=status, Location=location)


def check(cabinet: Cabinet, *answers: bytes, need_login: bool = False) -> CheckResult:
    checking = RecordingCheck(uis_settings(cabinet.url, recordings_need_login=need_login))
    with serving(cabinet, *answers):
        result = checking.check(f"{cabinet.url}/system/media/talk/1/a/")
    checking.close()
    return result


def wav(samples: bytes, order: str = "<") -> bytes:
    name = b"RIFF" if order == "<" else b"RIFX"
    head = struct.pack(f"{order}4sI4s4sIHHIIHH", name, 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    return (
        head
        + struct.pack(f"{order}4sI3sx", b"LIST", 3, b"abc")
        + struct.pack(f"{order}4sI", b"data", len(samples))
        + samples
    )


def m4a(media: bytes) -> bytes:
    boxes = ((b"ftyp", b"M4A \0\0\0\0M4A mp42"), (b"free", b""), (b"moov", b"\0" * 40), (b"mdat", media))
    return b"".join(struct.pack(">I4s", 8 + len(content), name) + content for name, content in boxes)


SOUNDS = {
    "mp3 with a tag": b"ID3\4\0\0\0\0\0\x0a" + FRAMES,
    "mp3": b"\xff\xfb\x90\xc4" + FRAMES,
    "mp3 with checksums": b"\xff\xfa\x90\xc4" + FRAMES,
    "mp3 of 8 kHz": b"\xff\xe3\x18\xc4" + FRAMES,
    "aac": b"\xff\xf1\x50\x80" + FRAMES,
    "ogg": b"OggS\0\2" + FRAMES,
    "flac": b"fLaC\0\0\0\x22" + FRAMES,
    "m4a": b"\0\0\0\x1cftypM4A " + FRAMES,
    "m4a with boxes": m4a(FRAMES),
    "3gp": b"\0\0\0\x18ftyp3gp4" + FRAMES,
    "webm": b"\x1aE\xdf\xa3\x9f" + FRAMES,
    "amr": b"#!AMR\n" + FRAMES,
    "wide amr": b"#!AMR-WB\n" + FRAMES,
    "wav": wav(FRAMES),
    "big-endian wav": wav(FRAMES, ">"),
    "wav, beginning only": b"RIFF\x24\x08\n\x00WAVEfmt ",
    "aiff": b"FORM\0\0\1\0AIFF" + FRAMES,
}
TYPES = [
    None,
    "application/mp3",
    "application/x-mpeg",
    "application/ogg",
    "video/mpeg",
    "text/plain; charset=utf-8",
    "application/octet-stream",
    "audio/mpeg",
]


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind or "no type")
def test_what_begins_like_sound_is_a_recording(cabinet: Cabinet, kind: str | None, sound: bytes) -> None:
    assert check(cabinet, answer(sound, kind)) == CheckResult()
    assert b"Range: bytes=0-1023" in cabinet.asked[0]
    assert b"Authorization" not in cabinet.asked[0]


def test_an_unknown_format_needs_a_type_of_sound(cabinet: Cabinet) -> None:
    assert check(cabinet, answer(b"\x80" * 4000, "audio/basic")).problem is None
    assert NO_RECORDING in str(check(cabinet, answer(b"\x80" * 4000, "application/octet-stream")).problem)


def test_the_size_of_the_whole_file_counts(cabinet: Cabinet) -> None:
    part = {"status": "206 Partial Content", "Content-Range": "bytes 0-44/4000"}
    assert check(cabinet, answer(b"\x80" * 45, "audio/basic", **part)).problem is None
    part["Content-Range"] = "bytes 0-44/*"
    assert check(cabinet, answer(b"\x80" * 45, "audio/basic", **part)).problem == EMPTY


@pytest.mark.parametrize(
    "page",
    [
        b"<html>",
        b"\xef\xbb\xbf\r\n<!DOCTYPE html>",
        "\ufeff<html>".encode("utf-16-le"),
        "\ufeff<html>".encode("utf-16-be"),
        b'{"error": "not found"}',
        b"[]",
        b'<?xml version="1.0"?>',
    ],
)
@pytest.mark.parametrize("kind", [None, "audio/mpeg", "text/plain", "application/octet-stream"])
def test_a_page_is_no_recording_whatever_its_type(cabinet: Cabinet, kind: str | None, page: bytes) -> None:
    assert NO_RECORDING in str(check(cabinet, answer(page.ljust(500), kind)).problem)


@pytest.mark.parametrize("kind", ["text/html", "application/json; charset=utf-8", "application/problem+json"])
def test_a_type_of_pages_is_believed(cabinet: Cabinet, kind: str) -> None:
    assert NO_RECORDING in str(check(cabinet, answer(SOUNDS["mp3"], kind)).problem)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"abc",
        b"ID3",
        b"\xff\xfb\x90",
        b"ID3\4\0\0\0\0\0\x0a" + b"\0" * 10,  # the tag alone
        b"#!AMR\n",
        m4a(b""),
        wav(b""),
        wav(b"", ">"),
        wav(b"")[:-8],  # the data chunk has not even begun
        wav(FRAMES)[: -len(FRAMES)],
    ],
)
@pytest.mark.parametrize("kind", ["audio/mpeg", "audio/x-wav"])
def test_a_file_with_nothing_but_its_headers_is_not_ready(cabinet: Cabinet, kind: str, body: bytes) -> None:
    result = check(cabinet, answer(body, kind))
    assert (result.problem, result.is_final) == (EMPTY, False)


# -- redirects


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_a_redirect_within_the_cabinet_is_followed_once(cabinet: Cabinet, status: str) -> None:
    assert check(cabinet, redirect("/media/1/a", status), answer(SOUNDS["mp3"])) == CheckResult()
    assert [request.split()[1] for request in cabinet.asked] == [b"/system/media/talk/1/a/", b"/media/1/a"]
    again = check(cabinet, redirect("/media/1/a"), redirect("/media/1/b"))
    assert again.problem == "the link redirects more than once"
    unready = check(cabinet, redirect("/media/1/a"), answer(b"", "audio/mpeg"))
    assert unready.problem == EMPTY


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://storage.example.org/a.mp3?signature=x",
        "//storage.example.org/a.mp3",
        "http://127.0.0.1:1/a",
        "https://{host}/a",
    ],
)
def test_a_redirect_elsewhere_is_left_to_the_browser(cabinet: Cabinet, elsewhere: str) -> None:
    """Only the cabinet's own answer is requested: a forged link must not make the worker fetch anything."""
    target = elsewhere.format(host=cabinet.host)
    assert check(cabinet, redirect(target)) == CheckResult()
    assert check(cabinet, redirect("/media/1/a"), redirect(target)) == CheckResult()


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "http://[broken/", "http://user:pw@{host}/a", "javascript:x"]
)
def test_a_redirect_to_no_web_address(cabinet: Cabinet, target: str) -> None:
    problem = check(cabinet, redirect(target.format(host=cabinet.host))).problem
    assert problem == "the link redirects to something that is no web address"


# -- recordings behind a login


BEHIND_A_LOGIN = {
    "401": answer(status="401 Unauthorized"),
    "403": answer(status="403 Forbidden"),
    "own login page": redirect("/login?next=/system/media/talk/1/a/"),
    "login page elsewhere": redirect("https://id.example.org/oauth2/authorize?client_id=1"),
    "page elsewhere that leads back": redirect("https://id.example.org/enter?return_url=https%3A%2F%2Fx%2Fy"),
    "front page elsewhere": redirect("https://www.example.org/"),
    "page": answer(b"<html>", "text/html"),
}


@pytest.mark.parametrize("given", BEHIND_A_LOGIN.values(), ids=BEHIND_A_LOGIN)
def test_whether_people_can_open_what_needs_a_login_is_a_setting(cabinet: Cabinet, given: bytes) -> None:
    assert check(cabinet, given).problem is not None
    assert check(cabinet, given, need_login=True) == CheckResult()


def test_behind_a_login_too_a_missing_recording_is_not_ready(cabinet: Cabinet) -> None:
    assert check(cabinet, answer(status="404 Not Found"), need_login=True).problem == "the link answers 404"
    assert check(cabinet, answer(b"", "audio/mpeg"), need_login=True).problem == EMPTY
